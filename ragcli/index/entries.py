"""What a store gives: see `ragcli.index.protocol`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from ragcli.datatypes import Candidate, Chunk, DocumentRecord, SourceFile, Vector


class StoredChunk(NamedTuple):
    """A chunk with its document; `vector` is float32 [dimension], None where it was not asked for."""

    chunk: Chunk
    document: DocumentRecord
    vector: Vector | None = None


PAGE = 500  # entries that are read at a time


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates for a question, each ranking best first, equal scores in the order of keys.

    `lexical` is scored by BM25 (scores > 0), `dense` by cosine. `rescored` holds the candidates of both, scored by
    their cosine and that of their best sentence (see `Manifest.sentence_share`), or by the cosine alone where the index has no
    sentence vectors; it is empty where no vector was given. `milliseconds` says how long each leg took, under `lexical` and
    `dense`.
    """

    lexical: Sequence[Candidate]
    dense: Sequence[Candidate]
    rescored: Sequence[Candidate]
    milliseconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Listing:
    """A document, its source, and the sources of its copies, ordered by path."""

    document: DocumentRecord
    source: SourceFile
    copies: tuple[SourceFile, ...] = ()

    @property
    def document_id(self) -> str:
        return self.document.document_id


class LastWrite(NamedTuple):
    """What the last writer said of its progress, such as `12 of 40 files`, and whether it is still writing. Empty when there
    was none, or when it finished."""

    progress: str = ""
    running: bool = False


class Counts(NamedTuple):
    """Documents, copies of them, chunks, and chunks of more tokens than the embedding model reads (`truncated`)."""

    documents: int
    copies: int
    chunks: int
    truncated: int


@dataclass(frozen=True, slots=True)
class NamedIndex:
    """An index directory with the name that the user gave it, and what it holds; `problem` says why that cannot be read."""

    name: str
    index: Path
    documents: int = 0
    chunks: int = 0
    roots: tuple[str, ...] = ()
    problem: str = ""
