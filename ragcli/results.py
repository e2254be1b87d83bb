"""What searching and answering give: ScoredChunk → Hit(Passage, ScoreTrace) → Answer(Citation…).

All offsets are in characters of `Document.text`, end exclusive. Lines, pages and ranks count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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


CitationStatus = Literal["exact", "normalised", "paraphrase", "misattributed", "unsupported"]


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that supports a sentence of an answer.

    `quote` is copied from the source. `status` says how the sentence stands in it: character by character (exact),
    after folding white space, case and typography (normalised), most of its words and every figure and name of it
    (paraphrase), in this place although the writer named another (misattributed), or not supported by it (unsupported).
    `score` is the share of the sentence's terms that the quotation holds, `problems` say what of it the source does not
    bear out, and `flags` what is suspicious about the source's text itself.
    """

    marker: int
    hit_rank: int
    document: DocumentRecord
    span: Span
    headings: tuple[str, ...]
    quote: str
    status: CitationStatus
    score: float = 1.0
    problems: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and the markers of the citations behind it. `lead` is what stands before it: nothing, a
    space, a line break, or an empty line. A structured answer has one for each `field`, with its `value`.

    A row copied from a table is read as its `row`, (column, cell) pairs; lines copied from source code keep their breaks
    (`code`)."""

    text: str
    markers: tuple[int, ...]
    lead: str = ""
    field: str | None = None
    value: object = None
    row: tuple[tuple[str, str], ...] = ()
    code: bool = False

    @property
    def read(self) -> str:
        """The text as it is read."""
        return "; ".join(f"{column}: {cell}" for column, cell in self.row if column) if self.row else self.text


@dataclass(frozen=True, slots=True)
class Source:
    """What a prompt says of a hit. Numbers count from 1 in the order of the prompt; they are not ranks."""

    number: int
    hit: Hit
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked."""

    system: str
    user: str
    sources: tuple[Source, ...] = ()
    schema: Mapping[str, Any] | None = None  # what the reply must be, as JSON schema


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a reply: tokens, seconds in all, and seconds without a new piece of text."""

    tokens: int = 512
    seconds: float = 180.0
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A finished sentence of a draft with the spans that it claims to rest on, as (hit rank, start, end). `named` says
    whether the writer named them itself, rather than their having been looked up for it. A `field` of a structured answer
    claims its `value`, of which `text` is what a source must say; it is empty when there is nothing to say."""

    text: str
    evidence: tuple[tuple[int, int, int], ...]
    lead: str = ""
    named: bool = True
    field: str | None = None
    value: object = None


@dataclass(frozen=True, slots=True)
class Tail:
    """The beginning of the sentence that is being written, as far as it is known; it replaces the tail before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took. Of `prompt_tokens`, `reused_tokens` had not to be evaluated again; `cost` is in the currency of
    the configured prices, None without them."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    answer_tokens: int = 0
    first_token_ms: float = 0.0
    total_ms: float = 0.0
    load_ms: float = 0.0
    cost: float | None = None


Stopped = Literal["end", "length", "time", "interrupted", "error"]


@dataclass(frozen=True, slots=True)
class End:
    """The end of a draft, and why it is the end."""

    stopped: Stopped = "end"
    usage: Usage | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about how the draft came to be."""

    text: str


DraftEvent = Claim | Tail | Note | End


@dataclass(frozen=True, slots=True)
class Stale:
    """A cited file that is not what was ingested any more."""

    path: str
    kind: Literal["changed", "gone"]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A sentence of another document that says nearly the same as the citation `marker` with other figures. `other` is its own
    marker where it is cited as well. `older` says that the other document is an older version, and the answer was written
    from the newer one alone."""

    marker: int
    document: DocumentRecord
    span: Span
    headings: tuple[str, ...]
    quote: str
    other: int | None = None
    older: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question. When `answered` is false there are no sentences, and `hits` are the nearest passages. Of two
    versions of a passage the older one stands behind the newer one, whatever their scores.

    `dropped` counts sentences left out because nothing supports them; `stopped` says why the writer stopped; `disputes` are
    what speaks against its citations among the hits.
    """

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
    dropped: int = 0
    stopped: Stopped = "end"
    usage: Usage | None = None
    stale: tuple[Stale, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    @property
    def text(self) -> str:
        """The sentences as they are read, without markers."""
        return "".join(s.lead + (f"{s.field}: " if s.field else "") + s.read for s in self.sentences).strip()


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The hits of a query, best first; equal scores are in the order in which chunks were indexed. `timings` are
    milliseconds by stage; `notes` say how the question was read where that is not obvious."""

    question: str
    mode: Mode
    hits: tuple[Hit, ...]
    timings: Mapping[str, float]
    notes: tuple[str, ...] = ()
