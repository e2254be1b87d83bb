"""Question → answer: retrieve, decide whether to answer, write, verify."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ragcli.datatypes import Filter, QueryWord
from ragcli.generation.abstention import confidence, evidence
from ragcli.generation.citations import cite
from ragcli.protocols import Generator
from ragcli.results import Answer, Hit, QueryResult
from ragcli.text.query import Query, parse_query


class Words(Protocol):
    """Resolves a question's words in an index; see `ragcli.index.words`."""

    def __call__(self, query: Query, *, correct: bool) -> Sequence[QueryWord]: ...


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what `retrieve` finds. `threshold` is the least confidence with which it answers."""

    retrieve: Callable[[str, int, Filter], QueryResult]
    words: Words
    generator: Generator
    threshold: float

    def answer(self, question: str, k: int, where: Filter) -> Answer:
        """The answer with its citations, or `answered=False` with the nearest passages."""
        result = self.retrieve(question, k, where)
        timings = dict(result.timings)
        started = time.perf_counter()
        sure = self._confidence(question, result.hits)
        sentences, citations = (), ()
        if result.hits and sure >= self.threshold:
            sentences, citations = cite(self.generator.generate(question, result.hits), result.hits)  # type: ignore[assignment]
        timings["answer"] = (time.perf_counter() - started) * 1000
        return Answer(
            question=question,
            answered=bool(sentences),
            sentences=sentences,
            citations=citations,
            hits=result.hits,
            confidence=round(sure, 4),
            mode="extractive" if self.generator.name == "extractive" else "generated",
            model=self.generator.name,
            timings=timings,
            notes=result.notes,
        )

    def confidence(self, question: str, k: int) -> float:
        """How sure retrieval is that the documents answer the question, before anything is written."""
        return self._confidence(question, self.retrieve(question, k, Filter()).hits)

    def _confidence(self, question: str, hits: Sequence[Hit]) -> float:
        """Corrections do not count: a word that the documents do not hold speaks against an answer."""
        return confidence(evidence(self.words(parse_query(question), correct=False), hits)) if hits else 0.0
