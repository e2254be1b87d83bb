"""What an evaluation asks: the retriever and the answerer of a configuration, and how gold paths meet its index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ragcli.datatypes import Filter
from ragcli.evaluating import Subject
from ragcli.evaluation.gold import GoldQuestion
from ragcli.retrieval.diversity import Selection
from ragcli.usecases.diagnosis import diagnose
from ragcli.usecases.gold_paths import locator, resolver

if TYPE_CHECKING:
    from ragcli.engine.pipeline import Measured, Pipeline


class Subjects(Protocol):
    """Makes what an evaluation asks."""

    def make(self, k: int, **changes: object) -> Subject:
        """What gives `k` hits to a question; `changes` are those of `MakeRetriever`."""


@dataclass(frozen=True, slots=True)
class CollectionSubjects:
    """Ranks of a collection are documents: nothing is stitched, collapsed or answered. Documents have several chunks, so five
    times as many hits are asked for; up to a depth of 20 the ranking does not depend on how deep the metrics look. `root` is
    the folder of the collection, as the index has it."""

    pipeline: Pipeline
    root: str

    def make(self, k: int, **changes: object) -> Subject:
        """See `Subjects.make`."""
        retriever = self.pipeline.retriever(**{"stitch": False, "selection": Selection(collapse=False), **changes})
        return Subject(
            retrieve=lambda question: retriever.retrieve(question, max(100, 5 * k), Filter(roots=(self.root,))),
            answer=None,
            resolve=lambda path: path,
            locate=lambda _path, _quote: None,
        )


@dataclass(frozen=True, slots=True)
class GoldSubjects:
    """Hits and answers as `rag query` and `rag ask` give them, for the questions of the file `gold`. `answers`: they are also
    answered; `why`: what was not found is followed through every stage."""

    measured: Measured
    gold: Path
    answers: bool = False
    why: bool = False

    def make(self, k: int, **changes: object) -> Subject:
        """See `Subjects.make`."""
        measured, settings = self.measured, self.measured.workspace.settings
        catalog = measured.index.catalog
        resolve = resolver(catalog, measured.workspace.project, self.gold)
        retriever = measured.pipeline.retriever(**changes)
        answerer = measured.pipeline.answerer() if self.answers else None
        return Subject(
            retrieve=lambda question: retriever.retrieve(question, k),
            answer=(lambda question: answerer.answer(question, settings.retrieval_k, Filter())) if answerer else None,
            resolve=resolve,
            locate=locator(catalog),
            similarity=self._cosine if settings.retrieval_mode != "lexical" else None,
            why=(lambda question: self._why(question, resolve)) if self.why else None,
        )

    def _cosine(self, one: str, other: str) -> float:
        vectors = self.measured.embed_documents([one, other])
        return max(0.0, float(vectors[0] @ vectors[1]))

    def _why(self, question: GoldQuestion, resolve: Callable[[str], str | None]) -> list[str]:
        found = []
        for item in question.evidence:
            path = resolve(item.path) or item.path
            verdict = diagnose(self.measured, question.question, path, item.quote).verdict
            found.append(f"{item.path}: {verdict}")
        return found
