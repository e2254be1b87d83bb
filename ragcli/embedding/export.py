"""`python -m ragcli.embedding.export SOURCE TARGET KIND NAME TRUST`: a sentence-transformers model → ONNX, checked.

KIND is `embedding model`, or `reranker` or `judge` for a cross-encoder. An embedding model without the files of
sentence-transformers is a plain transformer; how it is pooled then follows from its NAME (`presets.py`), and is the mean for an
unknown one.

It writes `model.onnx`, `tokens.onnx`, `tokenizer.json` and `model.json`. A plain BERT is written by `bert.py`, which needs
neither torch nor sentence-transformers. For everything else this is the only file that imports them, and it fails unless ONNX
Runtime gives the vectors (of a cross-encoder: the scores) that sentence-transformers gives, to 1e-4. What a model may hold is
checked before this process is started (`vetting.py`); TRUST is `trusted` when the user said that the code of this very model
may run, else `checked`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ragcli.embedding import bert
from ragcli.embedding.models import TOKEN_STATES, ExportedModel
from ragcli.embedding.onnx import OnnxEmbedder
from ragcli.embedding.presets import preset_of

_PROBES = (
    "How many days of annual leave do I have?",
    "The quick brown fox jumps over the lazy dog. " * 8,
    "naïve café 中文 42",
    "def main() -> None: ...",
)
_TOLERANCE = 1e-4


def export(source: Path, target: Path, name: str, *, trust: bool) -> None:
    """Write the exported form of the model in `source`, called `name`, to the existing directory `target`. With `trust`, Python
    code that comes with the model may run, and sentence-transformers always loads it: `bert.py` would leave that code out."""
    if not trust and bert.readable(source):
        _export_bert(source, target)
        return
    from sentence_transformers import SentenceTransformer

    if not (source / "modules.json").exists():
        with tempfile.TemporaryDirectory() as made:
            export(_with_pooling(source, Path(made), name, trust=trust), target, name, trust=trust)
        return
    reference = SentenceTransformer(str(source), device="cpu", local_files_only=True, trust_remote_code=trust)
    modules = [type(module).__name__ for module in reference]
    if modules[:2] != ["Transformer", "Pooling"] or modules[2:] not in ([], ["Normalize"]):
        raise SystemExit(
            f"models of the form Transformer, Pooling[, Normalize] are supported, this is: {', '.join(modules)}"
        )
    pooling = json.loads((source / "1_Pooling" / "config.json").read_text())
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        SentenceTransformer(
            str(source), device="cpu", backend="onnx", local_files_only=True, trust_remote_code=trust,
            model_kwargs={"export": True, "provider": "CPUExecutionProvider"},
        ).save_pretrained(scratch)  # fmt: skip
        for file in Path(scratch, "onnx").iterdir():  # large models keep their weights in files beside
            shutil.move(file, target / file.name)
        shutil.copy(Path(scratch, "tokenizer.json"), target)
    description = {
        "name": source.name,
        "weights_sha256": "",
        "dimension": reference.get_embedding_dimension(),
        "pooling": _pooling_mode(pooling),
        "normalize": "Normalize" in modules,
        "max_tokens": reference.max_seq_length or 512,
        **_prefixes(reference.prompts),
    }
    (target / "model.json").write_text(json.dumps(description))
    _check(reference, ExportedModel(directory=target, **description))
    _quantize(target)


def _export_bert(source: Path, target: Path) -> None:
    """`export` for a model that `bert.readable` knows, by what sentence-transformers reads from the same files."""
    bert.build(source, target)
    shutil.copy(source / "tokenizer.json", target)
    config = json.loads((source / "config.json").read_text())
    general = source / "config_sentence_transformers.json"
    prompts = (json.loads(general.read_text()).get("prompts") if general.exists() else None) or {}
    modules = [module["type"].rpartition(".")[2] for module in json.loads((source / "modules.json").read_text())]
    description = {
        "name": source.name,
        "weights_sha256": "",
        "dimension": config["hidden_size"],
        "pooling": _pooling_mode(json.loads((source / "1_Pooling" / "config.json").read_text())),
        "normalize": "Normalize" in modules,
        "max_tokens": min(config["max_position_embeddings"], *_limits(source)),
        **_prefixes(prompts),
    }
    (target / "model.json").write_text(json.dumps(description))
    _quantize(target)


def _limits(source: Path) -> list[int]:
    """The limits of tokens that the files of a model name."""
    named = (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length"))
    found = [json.loads((source / file).read_text()).get(key) for file, key in named if (source / file).exists()]
    return [int(limit) for limit in found if limit]


def _prefixes(prompts: Mapping[str, str]) -> dict[str, str]:
    """What stands before questions and passages, by the prompts that a model declares."""
    return {
        "query_prefix": prompts.get("query", "") or "",
        "document_prefix": prompts.get("document", "") or prompts.get("passage", "") or "",
    }


def _quantize(target: Path) -> None:
    """Write the model again with weights of 8 bits; one whose weights are in files of their own is left as it is."""
    import logging

    from ragcli.localruntime import onnx_runtime

    onnx_runtime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # advice on models whose shapes are not known
    if {file.name for file in target.glob("*.onnx*")} == {"model.onnx"}:
        quantize_dynamic(target / "model.onnx", target / TOKEN_STATES, weight_type=QuantType.QInt8, per_channel=True)


def _with_pooling(source: Path, folder: Path, name: str, *, trust: bool) -> Path:
    """A plain transformer as a model of sentence-transformers in `folder`, pooled as its family asks for."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    preset = preset_of(name)
    own_code = {"trust_remote_code": True} if trust else {}
    transformer = Transformer(str(source), model_kwargs=own_code, config_kwargs=own_code, processor_kwargs=own_code)
    size = transformer.get_word_embedding_dimension()
    pooling = Pooling(size, pooling_mode=preset.pooling if preset else "mean")
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder))
    return folder


def export_cross_encoder(source: Path, target: Path, *, trust: bool) -> None:
    """Write the exported form of the cross-encoder in `source` to the existing directory `target`; `trust` as in `export`."""
    from sentence_transformers import CrossEncoder

    from ragcli.embedding.cross import OnnxCrossEncoder, shares

    reference = CrossEncoder(str(source), device="cpu", local_files_only=True, trust_remote_code=trust)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        CrossEncoder(
            str(source), device="cpu", backend="onnx", local_files_only=True, trust_remote_code=trust,
            model_kwargs={"export": True, "provider": "CPUExecutionProvider"},
        ).save_pretrained(scratch)  # fmt: skip
        for file in Path(scratch, "onnx").iterdir():
            shutil.move(file, target / file.name)
        shutil.copy(Path(scratch, "tokenizer.json"), target)
    (target / "model.json").write_text(json.dumps({"max_tokens": min(reference.max_length or 512, 512)}))
    pairs = [(_PROBES[0], passage) for passage in _PROBES[1:]]
    logits = reference.predict(pairs, activation_fn=lambda scores: scores, convert_to_tensor=True).numpy()
    expected = shares(logits.reshape(len(pairs), -1).astype(np.float64))
    difference = float(np.abs(OnnxCrossEncoder(target, "longest_first").probabilities(pairs) - expected).max())
    if not difference <= _TOLERANCE:
        raise SystemExit(f"the exported cross-encoder differs from the original by {difference:.1e}")


def _pooling_mode(config: dict[str, object]) -> str:
    """The one pooling mode of a sentence-transformers Pooling module, in the old or the new form of its configuration."""
    mode = config.get("pooling_mode")
    if mode is None:
        names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
        modes = [
            names.get(key, key) for key, value in config.items() if key.startswith("pooling_mode_") and value is True
        ]
        mode = modes[0] if len(modes) == 1 else "+".join(modes)
    if mode not in ("mean", "cls", "max"):
        raise SystemExit(f"pooling {mode!r} is not supported (known: mean, cls, max)")
    return str(mode)


def _check(reference: object, exported: ExportedModel) -> None:
    expected = reference.encode(list(_PROBES), normalize_embeddings=True, prompt=exported.document_prefix or None)  # type: ignore[attr-defined]
    difference = float(np.abs(OnnxEmbedder(exported).embed_documents(_PROBES) - expected).max())
    if not difference <= _TOLERANCE:
        raise SystemExit(
            f"the exported model differs from the original by {difference:.1e}, more than {_TOLERANCE:.0e}"
        )


def main() -> None:
    """Export what the arguments name."""
    source, target, kind, name, trust = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
    if kind == "embedding model":
        export(source, target, name, trust=trust == "trusted")
    else:
        export_cross_encoder(source, target, trust=trust == "trusted")


if __name__ == "__main__":
    main()
