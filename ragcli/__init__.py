"""Cited answers from your own documents, on your own machine: `Rag` is the library, `rag` the command.

Importing this package loads nothing else; what is named here is loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.api import Rag
    from ragcli.cancellation import Cancellation
    from ragcli.datatypes import Filter
    from ragcli.errors import (
        Cancelled,
        GoldError,
        IndexDamaged,
        IndexIncompatible,
        IndexLocked,
        IndexNotFound,
        IndexUnusable,
        ModelUnavailable,
        RagError,
        SettingsError,
        UsageError,
    )
    from ragcli.measurements import EvalReport
    from ragcli.reports import IndexStats, IngestReport
    from ragcli.results import Answer, Citation, Hit, QueryResult, Sentence
    from ragcli.streaming import (
        AnswerEvent,
        AnswerFinished,
        EvidenceFound,
        SentencesDiscarded,
        SentenceWritten,
        TextWritten,
    )
    from ragcli.tracing import Trace

__version__ = "0.1.0"

_HOMES = {
    "api": "Rag",
    "cancellation": "Cancellation",
    "datatypes": "Filter",
    "errors": "RagError UsageError SettingsError GoldError ModelUnavailable Cancelled "
    "IndexUnusable IndexNotFound IndexIncompatible IndexDamaged IndexLocked",
    "measurements": "EvalReport",
    "reports": "IngestReport IndexStats",
    "results": "QueryResult Hit Answer Sentence Citation",
    "streaming": "AnswerEvent EvidenceFound SentenceWritten TextWritten SentencesDiscarded AnswerFinished",
    "tracing": "Trace",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Answer",
    "AnswerEvent",
    "AnswerFinished",
    "Cancellation",
    "Cancelled",
    "Citation",
    "EvalReport",
    "EvidenceFound",
    "Filter",
    "GoldError",
    "Hit",
    "IndexDamaged",
    "IndexIncompatible",
    "IndexLocked",
    "IndexNotFound",
    "IndexStats",
    "IndexUnusable",
    "IngestReport",
    "ModelUnavailable",
    "QueryResult",
    "Rag",
    "RagError",
    "Sentence",
    "SentenceWritten",
    "SentencesDiscarded",
    "SettingsError",
    "TextWritten",
    "Trace",
    "UsageError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'ragcli' has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"ragcli.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
