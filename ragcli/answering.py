"""Question → answer: retrieve, decide whether to answer, write, verify."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ragcli.datatypes import Answer, Filter, QueryResult
from ragcli.generation.abstention import confidence, evidence
from ragcli.generation.citations import cite
from ragcli.protocols import Generator
from ragcli.text.analyzer import query_terms


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what `retrieve` finds. `threshold` is the least confidence with which it answers."""

    retrieve: Callable[[str, int, Filter], QueryResult]
    inverse_frequencies: Callable[[Sequence[str]], Mapping[str, float]]
    generator: Generator
    threshold: float

    def answer(self, question: str, k: int, where: Filter) -> Answer:
        """The answer with its citations, or `answered=False` with the nearest passages."""
        result = self.retrieve(question, k, where)
        timings = dict(result.timings)
        started = time.perf_counter()
        sure = (
            confidence(evidence(question, result.hits, self.inverse_frequencies(query_terms(question))))
            if result.hits
            else 0.0
        )
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
        )
