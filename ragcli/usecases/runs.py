"""Answers kept with everything that they depended on, asked again, and compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

from ragcli.errors import RagError, UsageError
from ragcli.files import read_text
from ragcli.reports import Difference
from ragcli.settings import Settings, key_of
from ragcli.trust.policy import FREE, LIMITS

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.schemas.program import RunDocument
    from ragcli.schemas.search import AskDocument

SCHEMA = "rag.run/1"
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | None"
_HINT = 'rag ask "…" --save run.json makes one'
_KEPT = ("retrieval_", "answer_")  # settings that decide an answer; the index and the network are the reader's own
_QUESTION = frozenset(name for name in FREE | LIMITS | {"answer_verify"} if name.startswith(_KEPT))
_NOTHING = ("", "extractive", ())
_NOT_KEPT = ("answer_cache", "answer_threads")


def run_document(
    answer: AskDocument, filters: Sequence[str], settings_in_force: Settings, threshold: float, catalog: Catalog
) -> RunDocument:
    """The answer, as `rag ask --json` has it, with the settings that decided it and what the index was. `threshold` is the
    confidence from which on it was answered."""
    manifest = catalog.manifest
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(settings_in_force).items()
        if name.startswith(_KEPT) and name not in _NOT_KEPT
    }
    settings["answer_threshold"] = threshold
    return {
        "schema": "rag.run/1",
        "question": answer["question"],
        "filters": list(filters),
        "settings": settings,
        "index": {
            "fingerprint": catalog.fingerprint(),
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


def _check(run: Json) -> None:
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


def _field(holder: Json, name: str, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(holder, dict):
        raise ValueError(f"an object with the field {name} was expected, not {json.dumps(holder)[:60]}")
    if not isinstance(holder[name], kind):
        raise ValueError(f"{name} is {json.dumps(holder[name])[:60]}")
    return holder[name]


def flags_of(run: Mapping[str, Any], own: Settings) -> tuple[dict[str, object], list[str]]:
    """The settings of a run as flags, and the names of those that are not taken from it.

    A run that came from elsewhere may say how a question is searched and answered. It may not choose a model, a file or a
    folder, unless it turns them off: these stay as they are in `own`, and are named where the run has others. Settings that
    this version does not know are left out.
    """
    known = asdict(own)
    found = {name: tuple(value) if isinstance(value, list) else value for name, value in run["settings"].items()}
    found = {name: value for name, value in found.items() if name in known and name.startswith(_KEPT)}
    taken = {name: value for name, value in found.items() if name in _QUESTION or value in _NOTHING}
    refused = [name for name, value in found.items() if name not in taken and value != known[name]]
    if found.get("answer_models"):
        taken.pop("answer_model", None)
        refused = [name for name in refused if name != "answer_model"]
    elif "answer_model" in refused:
        taken.pop("answer_models", None)
    return taken, refused


def refusal(path: Path, name: str) -> str:
    """What is said of a setting that was not taken from the run at `path`."""
    way = "--model" if name.startswith("answer_model") else f"the variable RAGCLI_{name.upper()}"
    return f"{path} names another {key_of(name)}, which a saved run cannot choose; yours is used ({way} changes it)"


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
