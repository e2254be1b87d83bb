"""What searching and answering give: ScoredChunk → Hit(Passage, ScoreTrace) → Answer(Citation…).

All offsets are in characters of `Document.text`, end exclusive. Lines, pages and ranks count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ragcli.datatypes import Chunk, DocumentRecord, Mode, Section, Span


@dataclass(frozen=True, slots=True)
class LegTrace:
    """What one retriever said of a passage. `contribution` = `weight` × `normalised`; `score` is the mean of `parts`."""

    leg: str
    rank: int | None
    score: float | None
    normalised: float
    weight: float
    contribution: float
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreTrace:
    """Where a score comes from: `total` is the sum of the legs' contributions."""

    fusion: str
    legs: tuple[LegTrace, ...]
    total: float


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk with its fused score."""

    row: int
    chunk: Chunk
    document: DocumentRecord
    score: float
    trace: ScoreTrace


@dataclass(frozen=True, slots=True)
class Passage:
    """One or more consecutive chunks of a section, as the reader sees them."""

    document: DocumentRecord
    chunk_ids: tuple[str, ...]
    text: str
    span: Span
    headings: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    tokens: int = 0  # of the embedder, headers of the chunks included


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands."""

    document: DocumentRecord
    span: Span


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. `score` and `trace` are those of its best chunk; ranks count from 1. `also_at` are the places of
    passages that say nearly the same and are not shown."""

    passage: Passage
    score: float
    rank: int
    trace: ScoreTrace
    also_at: tuple[Place, ...] = ()


CitationStatus = Literal["exact", "normalised", "paraphrase", "unsupported"]


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that supports a sentence of an answer.

    `quote` is copied from the source. `status` says how the sentence stands in it: character by character (exact),
    after folding white space, case and typography (normalised), most of its words and every number of it (paraphrase), or
    not supported by it (unsupported).
    """

    marker: int
    hit_rank: int
    document: DocumentRecord
    span: Span
    headings: tuple[str, ...]
    quote: str
    status: CitationStatus


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and the markers of the citations behind it."""

    text: str
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator returns: sentences, each with the evidence it claims, before verification."""

    sentences: tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...]  # (text, ((hit rank, start, end), …)), …
    model: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question. When `answered` is false there are no sentences, and `hits` are the nearest passages."""

    question: str
    answered: bool
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    confidence: float
    mode: str
    model: str
    timings: Mapping[str, float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The hits of a query, best first; equal scores are in the order in which chunks were indexed. `timings` are
    milliseconds by stage; `notes` say how the question was read where that is not obvious."""

    question: str
    mode: Mode
    hits: tuple[Hit, ...]
    timings: Mapping[str, float]
    notes: tuple[str, ...] = ()
