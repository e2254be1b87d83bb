"""What searching and answering give: ScoredChunk → Hit(Passage, ScoreTrace) → Answer(Citation…).

All offsets are in characters of `Document.text`, end exclusive. Lines, pages and ranks count from 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ragcli.datatypes import Chunk, DocumentRecord, Extent, Mode, Section, Span
from ragcli.drafts import Stopped, Usage
from ragcli.scores import ScoreTrace
from ragcli.tracing import Trace


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk with its fused score and its key in the index."""

    key: int
    chunk: Chunk
    document: DocumentRecord
    score: float
    trace: ScoreTrace


@dataclass(frozen=True, slots=True)
class Passage:
    """One or more consecutive chunks, as the reader sees them. `blocks` are the blocks of the document that it touches;
    `columns` is the first row of a table that begins before it."""

    document: DocumentRecord
    chunk_ids: tuple[str, ...]
    text: str
    span: Span
    headings: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    tokens: int = 0  # of the embedder, headers of the chunks included
    blocks: tuple[Extent, ...] = ()
    columns: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands."""

    document: DocumentRecord
    span: Span


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. `score` and `trace` are those of its best chunk; ranks count from 1. `also_at` are the places of
    passages that say nearly the same and are not shown. An answer may use its `surroundings`, a passage that contains it."""

    passage: Passage
    score: float
    rank: int
    trace: ScoreTrace
    also_at: tuple[Place, ...] = ()
    surroundings: Passage | None = None

    @property
    def path(self) -> str:
        """The document's path, as the index lists it."""
        return self.passage.document.path

    @property
    def collection(self) -> str:
        """The name of the index that it was found in, where several are searched; else ""."""
        return self.passage.document.collection

    @property
    def page(self) -> int | None:
        """The page on which the passage begins; None for documents without pages."""
        return self.passage.span.page_start

    @property
    def text(self) -> str:
        """The passage, copied from the document."""
        return self.passage.text

    @property
    def whole(self) -> Passage:
        """The passage with its surroundings, as far as they are known."""
        return self.surroundings or self.passage


CitationStatus = Literal["exact", "normalised", "paraphrase", "misattributed", "unsupported"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the entailment model `model` says of a sentence and its source: the probabilities, 0 to 1, that the source
    entails the sentence and that it contradicts it. `decided` says whether the status of the citation is the model's; else
    it is that of the rules."""

    model: str
    entailment: float
    contradiction: float
    decided: bool


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that supports a sentence of an answer.

    `quote` is copied from the source. `status` says how the sentence stands in it: character by character (exact),
    after folding white space, case and typography (normalised), most of its words and every figure and name of it
    (paraphrase), in this place although the writer named another (misattributed), or not supported by it (unsupported).
    `score` is the share of the sentence's terms that the quotation holds, `problems` say what of it the source does not
    bear out, and `flags` what is suspicious about the source's text itself. `judgement` is what an entailment model says, None
    where none was asked.
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
    judgement: Judgement | None = None

    @property
    def path(self) -> str:
        """The document's path, as the index lists it."""
        return self.document.path

    @property
    def collection(self) -> str:
        """The name of the index that it stands in, where several are asked; else ""."""
        return self.document.collection

    @property
    def page(self) -> int | None:
        """The page on which the quotation begins; None for documents without pages."""
        return self.span.page_start


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and the markers of the citations behind it. `lead` is what stands before it: nothing, a
    space, a line break, or an empty line. A list keeps its line breaks. A structured answer has one for each `field`, with
    its `value`.

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
        cells = (f"{column}: {cell}" if column else cell for column, cell in self.row)
        return "; ".join(cells) if self.row else self.text


@dataclass(frozen=True, slots=True)
class Stale:
    """A cited file that is not what was ingested any more; `path` and `collection` as of its document."""

    path: str
    kind: Literal["changed", "gone"]
    collection: str = ""


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
class Closest:
    """The piece that comes closest to an answer, when it is too uncertain to be one, and where it stands."""

    sentence: Sentence
    citation: Citation


@dataclass(frozen=True, slots=True)
class Understood:
    """How a question was read.

    `text` is what is searched and answered: the question with its misspelt words repaired; `repaired` are these, as (word in
    lower case, what it was read as), in order. `language` is the one that the question shows (ISO 639-1), "" where it shows
    none. `documents` are the languages of what was found where none of them is that of the question and the search cannot
    bridge them; empty otherwise.
    """

    text: str
    repaired: tuple[tuple[str, str], ...] = ()
    language: str = ""
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question. When `answered` is false there are no sentences, and `hits` are the nearest passages;
    `closest` is the piece that comes closest, unless nothing comes close.

    `mode` says who wrote it: `extractive`, `generated` (the language model `model`), `fallback` (sentences of the documents,
    because what `model` wrote was no answer; a note says why), or `none`.
    `dropped` counts sentences left out because nothing supports them; `stopped` says why the writer stopped; `disputes` are
    what speaks against its citations among the hits. How long it took (`trace`) does not count when two are compared.
    """

    question: str
    answered: bool
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    confidence: float
    mode: str
    model: str
    notes: tuple[str, ...] = ()
    dropped: int = 0
    stopped: Stopped = "end"
    usage: Usage | None = None
    stale: tuple[Stale, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    closest: Closest | None = None
    understood: Understood = Understood("")
    trace: Trace = field(default_factory=Trace, compare=False, repr=False)

    @property
    def timings(self) -> Mapping[str, float]:
        """Milliseconds by stage; see `Trace.timings`."""
        return self.trace.timings()

    @property
    def outcome(self) -> Literal["answered", "closest", "none"]:
        """What the reply is."""
        return "answered" if self.answered else "closest" if self.closest else "none"

    @property
    def text(self) -> str:
        """The sentences as they are read, without markers."""
        return "".join(s.lead + (f"{s.field}: " if s.field else "") + s.read for s in self.sentences).strip()


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The hits of a query, best first; equal scores are in the order in which chunks were indexed. Iterating gives the hits.
    `notes` say how the question was read where that is not obvious, `understood` as what; `trace` what became of it, stage by
    stage. Two results are equal when they hold the same, however long each took."""

    question: str
    mode: Mode
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()
    understood: Understood = Understood("")
    trace: Trace = field(default_factory=Trace, compare=False, repr=False)

    @property
    def timings(self) -> Mapping[str, float]:
        """Milliseconds by stage; see `Trace.timings`."""
        return self.trace.timings()

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    @property
    def asked(self) -> str:
        """The question as it was read, which is what an answer is to."""
        return self.understood.text or self.question
