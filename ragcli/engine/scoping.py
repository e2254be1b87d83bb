"""Searching among the documents that a question restricts itself to, without losing what lies outside of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Filter
from ragcli.protocols import Search
from ragcli.results import Hit, QueryResult
from ragcli.text.scope import names_a_place, read_scope

ONLY = "searched only:"  # how the note begins that names the filter
_MARGIN = 0.1  # of confidence that a filter may cost


@dataclass(frozen=True, slots=True)
class ScopedSearch:
    """`retrieve` with the filter that the question itself names (see `ragcli.text.scope`).

    What is found with it is held against what is found without: the filter is kept only where that is nearly as convincing by
    `confidence`, so that it cannot lose an answer. Either is said in the notes. A filter of the user's own on documents takes
    its place.

    `folders` gives the folders of the index, when a question may name one.
    """

    retrieve: Search
    confidence: Callable[[str, Sequence[Hit]], float]
    folders: Callable[[], Sequence[str]]

    def __call__(self, question: str, k: int, where: Filter, cancel: Cancellation = NEVER) -> QueryResult:
        scope = None
        if not where.on_documents:
            scope = read_scope(question, self.folders() if names_a_place(question) else (), date.today())
        everywhere = self.retrieve(question, k, where, cancel)
        if scope is None:
            return everywhere
        merged = replace(scope.where, phrases=where.phrases, without=where.without)
        inside = self.retrieve(question, k, merged, cancel)
        cancel.check()
        least = self.confidence(question, everywhere.hits) - _MARGIN
        if inside.hits and self.confidence(question, inside.hits) >= least:
            return replace(inside, notes=(*inside.notes, f"{ONLY} {scope.shown} · --no-infer searches all"))
        return replace(everywhere, notes=(*everywhere.notes, f"searched all documents: too little in {scope.shown}"))
