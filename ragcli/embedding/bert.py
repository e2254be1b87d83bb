"""A BERT encoder in safetensors → ONNX, without torch: the graph is written down here and the weights are put into it.

The architecture is that of Devlin et al. 2019 (BERT), section 3, with the exact Gelu and learned absolute positions, which most
models of sentence embeddings use (MiniLM, E5, BGE, GTE, Arctic). Whatever differs in any way is not `readable` here and is
left to `ragcli.embedding.export`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OPSET = 17  # the first one with LayerNormalization
_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
_UNUSED = ("pooler.", "embeddings.position_ids")  # of BERT's first training task, and a constant
_OF_A_LAYER = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
)  # fmt: skip


def readable(source: Path) -> bool:
    """Whether the directory holds a model of sentence-transformers that is exactly what `build` writes down: by its modules,
    its configuration, and the names of all of its weights."""
    try:
        config = json.loads((source / "config.json").read_text())
        modules = [entry["type"].rpartition(".")[2] for entry in json.loads((source / "modules.json").read_text())]
        names = set(_header(source / "model.safetensors"))
        complete = (source / "tokenizer.json").exists() and (source / "1_Pooling" / "config.json").exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False
    plain = (
        config.get("architectures") == ["BertModel"]
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
    )
    return (
        complete
        and plain
        and modules in _MODULES
        and {n for n in names if not n.startswith(_UNUSED)} == _expected(config)
    )


def build(source: Path, target: Path) -> None:
    """Write `model.onnx` for a `readable` model. Inputs: input_ids, attention_mask, token_type_ids, int64 [texts, tokens].
    Output: last_hidden_state, float32 [texts, tokens, dimension]."""
    import onnx
    from safetensors.numpy import load_file

    config = json.loads((source / "config.json").read_text())
    weights = {name: array.astype(np.float32) for name, array in load_file(source / "model.safetensors").items()}
    graph = _Graph(weights, float(config["layer_norm_eps"]))
    states, mask = graph.embeddings(), graph.mask()
    for layer in range(config["num_hidden_layers"]):
        states = graph.layer(f"encoder.layer.{layer}.", states, mask, config["num_attention_heads"])
    onnx.save(graph.model(states, config["hidden_size"]), str(target / "model.onnx"))


def _expected(config: Mapping[str, Any]) -> set[str]:
    names = {f"embeddings.{kind}_embeddings.weight" for kind in ("word", "position", "token_type")}
    parts = ["embeddings.LayerNorm"]
    parts += [f"encoder.layer.{layer}.{part}" for layer in range(config["num_hidden_layers"]) for part in _OF_A_LAYER]
    return names | {f"{part}.{kind}" for part in parts for kind in ("weight", "bias")}


def _header(file: Path) -> list[str]:
    """The names in a safetensors file: 8 bytes give the length of the JSON that follows."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if length > 10_000_000:
            raise ValueError(f"{file} is no safetensors file")
        return [name for name in json.loads(opened.read(length)) if name != "__metadata__"]


class _Graph:
    """The nodes of an ONNX graph while they are made. Methods take and give the names of values."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], epsilon: float) -> None:
        self._weights = weights
        self._epsilon = epsilon
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self, output: str, dimension: int) -> Any:
        from onnx import TensorProto, checker, helper

        self._nodes.append(helper.make_node("Identity", [output], ["last_hidden_state"]))
        shape: list[str | int] = ["texts", "tokens"]
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, shape)
                for name in ("input_ids", "attention_mask", "token_type_ids")
            ],
            [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, dimension])],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="ragcli")
        model.ir_version = 8  # what onnxruntime 1.12 and later read
        checker.check_model(model)
        return model

    def embeddings(self) -> str:
        """Word + position + segment, normalised."""
        length = self._op("Slice", self._op("Shape", "input_ids"), self._ints([1]), self._ints([2]))
        positions = self._weight("embeddings.position_embeddings.weight")
        numbers = self._ints(range(len(self._weights["embeddings.position_embeddings.weight"])))
        places = self._op("Gather", positions, self._op("Slice", numbers, self._ints([0]), length))
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        segments = self._op("Gather", self._weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
        return self._norm("embeddings.LayerNorm", self._op("Add", self._op("Add", words, segments), places))

    def mask(self) -> str:
        """[texts, 1, 1, tokens]: 0 where a token is, the smallest number where padding is."""
        kept = self._op("Cast", "attention_mask", to=1)
        missing = self._op("Sub", self._number(1.0), self._op("Unsqueeze", kept, self._ints([1, 2])))
        return self._op("Mul", missing, self._number(float(np.finfo(np.float32).min)))

    def layer(self, name: str, states: str, mask: str, heads: int) -> str:
        """Attention and feed-forward network, each added to what it read and normalised."""
        size = self._weights[f"{name}attention.self.query.weight"].shape[0] // heads
        query, key, value = (
            self._op("Reshape", self._linear(f"{name}attention.self.{part}", states), self._ints([0, 0, heads, size]))
            for part in ("query", "key", "value")
        )
        query, value = (self._op("Transpose", part, perm=[0, 2, 1, 3]) for part in (query, value))
        scale = self._number(size**-0.25)  # of both, so that their product is divided by √size
        key = self._op("Mul", self._op("Transpose", key, perm=[0, 2, 3, 1]), scale)
        scores = self._op("MatMul", self._op("Mul", query, scale), key)
        shares = self._op("Softmax", self._op("Add", scores, mask), axis=-1)
        mixed = self._op("Transpose", self._op("MatMul", shares, value), perm=[0, 2, 1, 3])
        mixed = self._op("Reshape", mixed, self._ints([0, 0, heads * size]))
        attended = self._linear(f"{name}attention.output.dense", mixed)
        states = self._norm(f"{name}attention.output.LayerNorm", self._op("Add", attended, states))
        inner = self._gelu(self._linear(f"{name}intermediate.dense", states))
        made = self._linear(f"{name}output.dense", inner)
        return self._norm(f"{name}output.LayerNorm", self._op("Add", made, states))

    def _gelu(self, states: str) -> str:
        """x · (1 + erf(x / √2)) / 2, as in Hendrycks & Gimpel 2016."""
        error = self._op("Erf", self._op("Div", states, self._number(math.sqrt(2))))
        return self._op("Mul", self._op("Mul", states, self._op("Add", error, self._number(1.0))), self._number(0.5))

    def _linear(self, name: str, states: str) -> str:
        product = self._op("MatMul", states, self._weight(f"{name}.weight", turned=True))
        return self._op("Add", product, self._weight(f"{name}.bias"))

    def _norm(self, name: str, states: str) -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", states, scale, shift, axis=-1, epsilon=self._epsilon)

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def _weight(self, name: str, *, turned: bool = False) -> str:
        array = self._weights[name]
        return self._constant(name, np.ascontiguousarray(array.T) if turned else array)

    def _number(self, value: float) -> str:
        return self._constant(f"number_{value!r}", np.array(value, dtype=np.float32))

    def _ints(self, values: Sequence[int]) -> str:
        return self._constant(f"ints_{list(values)}", np.array(values, dtype=np.int64))

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(array, name)
        return name
