"""The nouns of the program: each stage is a function from one of these to the next.

    Document ─chunk→ Chunk ─embed, index→ … ─search→ ScoredChunk ─stitch→ Hit(Passage, ScoreTrace) ─answer→ Answer(Citation…)

All offsets are in characters of `Document.text`, end exclusive. Lines, pages and ranks count from 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
    Matrix = NDArray[np.float32]

BlockKind = Literal["heading", "paragraph", "list", "code", "table"]
Mode = Literal["lexical", "dense", "hybrid"]
DEFAULT_LANGUAGE = "en"
HEADER_SEPARATOR = " › "  # between the parts of a chunk's header


def source_id(*parts: str) -> str:
    """The identity of a source: 32 hexadecimal digits of its path, or of a collection and a record's id."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", errors="surrogateescape")).hexdigest()[:32]


def chunk_id(document_id: str, start: int, end: int, header: str, text: str) -> str:
    """The identity of a chunk: 32 hexadecimal digits of its document, its place, and what is indexed of it."""
    return source_id(document_id, str(start), str(end), header, text)


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a document that reads as one: a paragraph, a list, a code block, a table, a heading line.

    `headings` is the path of section titles above it, outermost first; a heading block contains itself.
    """

    start: int
    end: int
    kind: BlockKind
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redaction:
    """Characters [start, end) of a document's text, or of what `place` names (its title, or a key of its metadata), are a
    placeholder for a value of `kind` (see `ragcli.redaction.finding`)."""

    kind: str
    start: int
    end: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one source with its structure.

    `blocks` are in order, do not overlap, and cover every character that is not white space.
    `page_starts` holds the offset of each page and is empty when the format has no pages. `has_lines` says whether line
    numbers of `text` are line numbers of the source file. `language` (ISO 639-1) decides how words are stemmed. `partial` says
    what of the source could not be read, and is empty when everything was. `redactions` lists the placeholders, those of the
    text first.
    """

    document_id: str
    path: str
    type: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    page_starts: tuple[int, ...] = ()
    has_lines: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    language: str = DEFAULT_LANGUAGE
    partial: str = ""
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a document: characters [start, end) and, where the format has them, pages and lines."""

    start: int
    end: int
    page_start: int | None = None
    page_end: int | None = None
    line_start: int | None = None
    line_end: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """From the offset `start` of a document on, the section path is `headings`."""

    start: int
    headings: tuple[str, ...]


class Extent(NamedTuple):
    """Where a block of a document lies and what it is; it may reach beyond the chunk that names it."""

    start: int
    end: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class Chunk:
    """A searchable piece of a document: `text` is exactly `Document.text[span.start:span.end]`.

    `tail` is the document's text from the end of this chunk to the start of the next, so that text + tail of consecutive
    chunks reads as the document. `header` (document title and section path) is embedded and indexed with the text but is
    not part of it. `tokens` counts the embedder's tokens of header and text together. A chunk of several small sections has
    the `headings` that they share, and in `sections` where each of them begins. `blocks` are the document's blocks that the
    chunk touches, in order; none in an index of before format 4.
    """

    chunk_id: str
    document_id: str
    ordinal: int
    text: str
    tail: str
    span: Span
    headings: tuple[str, ...]
    header: str
    tokens: int
    sections: tuple[Section, ...] = ()
    blocks: tuple[Extent, ...] = ()

    @property
    def searchable_text(self) -> str:
        """What is embedded and indexed: the header, a line break, the text."""
        return f"{self.header}\n{self.text}" if self.header else self.text


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What the catalog remembers of a source to tell whether it changed without reading it.

    A source that is not a file has a `ctime_ns` of 0: a record of a collection (`root` is the collection, `path` the record's
    id), a web page (`path` is its address), or what came from standard input (`path` is the name that was given).
    """

    document_id: str
    path: str
    root: str
    size: int
    mtime_ns: int
    ctime_ns: int
    content_hash: str

    @property
    def is_file(self) -> bool:
        return self.ctime_ns != 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one source: the `document` in it; or the `reason` why there is none, which is no fault if `skipped`; or,
    with neither, that its content is the one already known. `content_hash` is empty for what could not be opened."""

    content_hash: str = ""
    document: Document | None = None
    reason: str = ""
    skipped: bool = False


POOLED = "pooled"  # how an embedder's identity says that sentences get vectors from the states of their passage


@dataclass(frozen=True, slots=True)
class TextVectors:
    """What is embedded of a chunk: its searchable text, and each sentence of its text.

    `spans` are places in the chunk's text, `sentences` [len(spans), dimension]; both are None when sentences are not wanted.
    """

    vector: Vector
    spans: Sequence[tuple[int, int]] | None = None
    sentences: Matrix | None = None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document ready to be committed; `reader` is the version of the loaders that read it."""

    source: SourceFile
    document: Document
    chunks: Sequence[Chunk]
    reader: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document as the catalog knows it; fields as in Document and SourceFile. `copies` are the paths of files with the same
    content. `collection` is the name of the index that it is in, where several are searched at once or one was chosen by name;
    `document_id` is then `NAME/ID`."""

    document_id: str
    path: str
    root: str
    type: str
    title: str
    chunks: int
    has_lines: bool
    page_starts: tuple[int, ...] = ()
    language: str = DEFAULT_LANGUAGE
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    partial: str = ""
    copies: tuple[str, ...] = ()
    is_file: bool = True
    collection: str = ""

    @property
    def own_id(self) -> str:
        """The id in the index that the document is in."""
        return self.document_id.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may see of an index: the documents that have one of `tags`, and, if `untagged`, those that have none."""

    tags: frozenset[str] = frozenset()
    untagged: bool = False

    def sees(self, tags: Collection[str]) -> bool:
        """Whether a document with these access tags is there for them."""
        return not self.tags.isdisjoint(tags) if tags else self.untagged


@dataclass(frozen=True, slots=True)
class Condition:
    """What a document's metadata must be; see `ragcli.index.conditions`."""

    key: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on documents and chunks, all of which must hold.

    `paths` are patterns (see `ragcli.index.patterns`), `types` and `roots` (what was given to ingest) are exact; each of
    these three matches when any of its values does. `conditions` are on metadata. A chunk must hold every one of `phrases`,
    and none of the words `without`.
    """

    paths: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def on_documents(self) -> bool:
        """Whether there is a condition on documents."""
        return bool(self.paths or self.types or self.roots or self.conditions)

    def __bool__(self) -> bool:
        return bool(self.on_documents or self.phrases or self.without)


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a question as the index knows it: `forms` are its terms in the index's languages, `idf` their natural
    logarithmic inverse document frequency."""

    forms: tuple[str, ...]
    idf: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The last hidden states of a text's tokens, float32 [tokens, dimension], not normalised, and where each token stands in
    the text as (start, end) in characters."""

    spans: tuple[tuple[int, int], ...]
    states: Matrix


class Candidate(NamedTuple):
    """The key of a chunk (see `ragcli.index.protocol`) with a leg's score; `parts` are the numbers that the score is made of,
    by name."""

    key: int
    score: float
    parts: tuple[tuple[str, float], ...] = ()
