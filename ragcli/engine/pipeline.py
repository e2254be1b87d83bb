"""The way of a question, for whoever takes it apart to measure it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ragcli.answering import Answerer
    from ragcli.protocols import Search
    from ragcli.retrieval.retriever import Retriever


class MakeRetriever(Protocol):
    """Makes the retriever that the settings describe."""

    def __call__(self, **changes: object) -> Retriever:
        """`changes` replace fields of its RetrievalOptions; `reranker` replaces the reranker (None: there is none)."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Makes each of the three steps anew: `retriever` ranks and selects passages, `search` adds the filters that a question
    itself names, `answerer` writes and verifies."""

    retriever: MakeRetriever
    search: Callable[[], Search]
    answerer: Callable[[], Answerer]
