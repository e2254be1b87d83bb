"""What the files of a model may say. Libraries that load models import Python code that these files name, and unpickle weights,
which runs code as well; so such a model is refused before a library sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ragcli.errors import ModelUnavailable

_MODULES = frozenset({"Transformer", "Pooling", "Normalize", "LogitScore"})
_PICKLED = re.compile(r"(pytorch_model|adapter_model).*\.bin$")
_SAFE_SUFFIX = ".safetensors"
_FUNCTION_KEY = re.compile(r"activation_f(n|unction)$")
_SAFE_FUNCTION = "torch.nn."  # classes of layers, made without arguments
_LARGEST = 5_000_000  # bytes of a file of settings; vocabularies are larger, and no library reads them as settings


def is_trusted(source: Path, model: str, trust_code: str) -> bool:
    """Whether `trust_code`, a directory or the name of a hub model, is the model `model`, whose files are in `source`."""
    if not trust_code:
        return False
    return trust_code == model or (Path(trust_code).is_dir() and Path(trust_code).resolve() == source.resolve())


def refuse_code(source: Path, model: str = "") -> None:
    """Raises ModelUnavailable, naming the file, when loading the model in `source` could run code that comes with it: modules
    that are no plain parts of sentence-transformers, `auto_map`, functions by name, kernels of a hub, or pickled weights.
    `model` is how the user calls it, if not by the directory."""
    for problem in _problems(source):
        raise ModelUnavailable(
            f"{problem}; loading it can run code that comes with the model",
            hint="use a model with safetensors and without code of its own, or, if you trust who made this one, "
            f"add --trust-code {model or source}",
        )


def _problems(source: Path) -> Iterator[str]:
    for file in sorted(source.rglob("*.json")):
        content = _read(file)
        if file.name == "modules.json" and file.parent == source:
            yield from _strange_modules(file, content)
        for key, value in _entries(content):
            if key == "auto_map" and value:
                yield f"{file} names code in auto_map"
            if _FUNCTION_KEY.search(key) and isinstance(value, str) and _leaves_torch(value):
                yield f"{file} names the function {value!r} in {key}"
            if key.endswith("attn_implementation") and "/" in str(value):
                yield f"{file} names the kernel {value!r}"
    for file in sorted(source.rglob("*.bin")):
        if _PICKLED.match(file.name) and not any(file.parent.glob(f"*{_SAFE_SUFFIX}")):
            yield f"{file} holds pickled weights"


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_bytes()) if file.stat().st_size <= _LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None  # a library that needs it fails over it


def _strange_modules(file: Path, content: object) -> Iterator[str]:
    for entry in content if isinstance(content, list) else [content]:
        kind, path = (str(entry.get("type")), str(entry.get("path", ""))) if isinstance(entry, dict) else ("", "")
        if not kind.startswith("sentence_transformers.") or kind.rpartition(".")[2] not in _MODULES:
            yield f"{file} names the module {kind}, and only parts of sentence-transformers are loaded"
        if ".." in PurePosixPath(path).parts or PurePosixPath(path).is_absolute():
            yield f"{file} names the folder {path}, which is outside of the model"


def _entries(content: object) -> Iterator[tuple[str, object]]:
    """Every key with its value, at any depth."""
    pending = [content]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            yield from ((str(key), value) for key, value in current.items())
            pending += current.values()
        elif isinstance(current, list):
            pending += current


def _leaves_torch(function: str) -> bool:
    """Whether a name with dots, which a library would import, is none of torch's layers; names without dots are looked up."""
    return "." in function and not function.startswith(_SAFE_FUNCTION)
