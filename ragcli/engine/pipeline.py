"""The way of a question, for whoever takes it apart to measure it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ragcli.answering import Answerer
    from ragcli.datatypes import Matrix
    from ragcli.engine.index import OpenIndex
    from ragcli.protocols import Search
    from ragcli.retrieval.retriever import Retriever
    from ragcli.workspace import Workspace


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


@dataclass(frozen=True, slots=True)
class Measured:
    """A configuration that is measured: its settings, its index, and the steps of a question over both. `embed_documents` gives
    the vectors of texts, float32 [texts, dimension]; it is called unless the mode is lexical. `restricted` says whether only a
    part of the index is seen."""

    workspace: Workspace
    index: OpenIndex
    pipeline: Pipeline
    embed_documents: Callable[[Sequence[str]], Matrix]
    restricted: bool = False
