"""Answers kept with everything that they depended on, asked again, and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

from ragcli.errors import RagError, UsageError
from ragcli.files import read_text
from ragcli.settings import key_of

if TYPE_CHECKING:
    from ragcli.app.core import App
    from ragcli.schemas.program import RunDocument
    from ragcli.schemas.search import AskDocument

SCHEMA = "rag.run/1"
_HINT = 'rag ask "…" --save run.json makes one'
_KEPT = ("retrieval_", "answer_")  # settings that decide an answer; the index and the network are the reader's own
_NOT_KEPT = ("answer_cache", "answer_threads")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two runs do not share; `before` or `after` is empty where it is only in one of them."""

    kind: str
    before: str
    after: str


def run_document(app: App, answer: AskDocument, filters: Sequence[str]) -> RunDocument:
    """The answer, as `rag ask --json` has it, with the settings that decided it and what the index was."""
    manifest = app.reader.manifest
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(app.settings).items()
        if name.startswith(_KEPT) and name not in _NOT_KEPT
    }
    settings["answer_threshold"] = app.answer_threshold
    return {
        "schema": "rag.run/1",
        "question": answer["question"],
        "filters": list(filters),
        "settings": settings,
        "index": {
            "fingerprint": app.reader.fingerprint(),
            "generation": manifest.generation,
            "embedder": manifest.embedder["name"],
            "chunker": dict(manifest.chunker),
        },
        "answer": answer,
    }


def save(path: Path, document: RunDocument) -> None:
    """Write a run. Raises RagError."""
    try:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RagError(f"cannot write {path}: {error.strerror}", hint="give another --save") from error


def load(path: Path) -> dict[str, Any]:
    """Read a run. Raises UsageError when it is none."""
    try:
        found = json.loads(read_text(path))
        _check(found)
    except RecursionError as error:
        raise UsageError(f"{path} is no saved run: nested too deeply", hint=_HINT) from error
    except KeyError as error:
        raise UsageError(f"{path} is no saved run: it lacks {error}", hint=_HINT) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no saved run: {error}", hint=_HINT) from error
    return dict(found)


def _check(run: Any) -> None:
    """Raise KeyError for a field that is missing, ValueError for one of another type than `rag ask --save` writes."""
    if _field(run, "schema", str) != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    _field(run, "question", str)
    _field(run, "settings", dict)
    _field(run, "index", dict)
    if not all(isinstance(text, str) for text in _field(run, "filters", list)):
        raise ValueError("filters is no list of texts")
    answer = _field(run, "answer", dict)
    _field(answer, "question", str)
    _field(answer, "model", str)
    _field(answer, "answer", (str, NoneType))
    for hit in _field(answer, "hits", list):
        _field(hit, "path", str)
        _field(hit, "start", int)
        _field(hit, "end", int)
    for citation in _field(answer, "citations", list):
        for name in ("path", "status", "quote"):
            _field(citation, name, str)


def _field(holder: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(holder, dict):
        raise ValueError(f"an object with the field {name} was expected, not {json.dumps(holder)[:60]}")
    if not isinstance(holder[name], kind):
        raise ValueError(f"{name} is {json.dumps(holder[name])[:60]}")
    return holder[name]


def flags_of(run: Mapping[str, Any]) -> dict[str, object]:
    """The settings of a run as flags; those that this version does not know are left out."""
    from ragcli.settings import Settings

    known = asdict(Settings())
    found = {name: value for name, value in run["settings"].items() if name in known}
    if found.get("answer_models"):
        found.pop("answer_model", None)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs, causes first: settings, index, then what was found, cited and answered. Scores and timings do not count."""
    found = [Difference("question", before["question"], after["question"])]
    found += [
        Difference(key_of(name), str(before["settings"].get(name, "")), str(after["settings"].get(name, "")))
        for name in sorted({*before["settings"], *after["settings"]})
    ]
    found += [
        Difference(f"index {name}", str(before["index"].get(name, "")), str(after["index"].get(name, "")))
        for name in ("embedder", "chunker", "fingerprint")
    ]
    one, other = before["answer"], after["answer"]
    found += [Difference("filters", " ".join(before["filters"]), " ".join(after["filters"]))]
    found += [Difference("model", one["model"], other["model"])]
    found += [Difference("found", "\n".join(_hits(one)), "\n".join(_hits(other)))]
    found += [Difference("cited", "\n".join(_citations(one)), "\n".join(_citations(other)))]
    found += [Difference("answer", one["answer"] or "not in the documents", other["answer"] or "not in the documents")]
    return [entry for entry in found if entry.before != entry.after]


def answers_differ(found: Sequence[Difference]) -> bool:
    """Whether what a reader sees differs: the answer, or what it cites."""
    return any(entry.kind in ("answer", "cited") for entry in found)


def _hits(answer: Mapping[str, Any]) -> list[str]:
    return [f"{hit['path']} {hit['start']}-{hit['end']}" for hit in answer["hits"]]


def _citations(answer: Mapping[str, Any]) -> list[str]:
    return [f"{c['path']} {c['status']}: {' '.join(c['quote'].split())}" for c in answer["citations"]]
