"""What commands return: data that `render` turns into text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not indexed and the reason. `skipped`: it was no document, which is no fault."""

    path: str
    reason: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. `skipped` counts files that were not documents, by reason."""

    added: int
    updated: int
    unchanged: int
    removed: int
    missing: int
    failed: tuple[Failure, ...]
    skipped: Mapping[str, int]
    chunks_added: int
    chunks_embedded: int
    documents: int
    chunks: int
    seconds: float
    interrupted: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexStats:
    """The state of an index. `disk` maps each part to bytes; `freshness` counts files that changed or vanished."""

    path: str
    documents: int
    chunks: int
    types: Mapping[str, int]
    disk: Mapping[str, int]
    embedder: Mapping[str, object]
    chunker: Mapping[str, object]
    analyzer: str
    format: int
    generation: int
    created: str
    updated: str
    truncated_chunks: int
    failed: tuple[Failure, ...]
    freshness: Mapping[str, int]
    chroma: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """What was measured of one question. None means that it was not asked for."""

    id: str
    question: str
    answerable: bool
    metrics: Mapping[str, float]
    answered: bool | None
    confidence: float | None
    contains: bool | None
    expected: tuple[str, ...]
    found: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class GateResult:
    """One threshold. `value` is None when nothing was measured under that name, and then it did not pass."""

    metric: str
    minimum: float
    value: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The means over all questions, what each question scored, and whether the gate is passed."""

    metrics: Mapping[str, float]
    per_question: tuple[QuestionScore, ...]
    questions: int
    judged: int
    answered: int
    abstained: int
    unresolved: tuple[str, ...]
    gate: tuple[GateResult, ...]
    config: Mapping[str, object]

    @property
    def passed(self) -> bool:
        return all(result.passed for result in self.gate)
