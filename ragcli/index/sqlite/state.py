"""What was read of one committed state of an index. It never changes, so the threads of a process share it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ragcli.index.cache import SizedCache

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Filter, Matrix
    from ragcli.index.bm25 import Impacts
    from ragcli.index.manifest import Manifest
    from ragcli.index.sqlite.columns import DocumentColumns
    from ragcli.index.sqlite.embeddings import Sentences
    from ragcli.index.sqlite.filtering import Allowed
    from ragcli.index.sqlite.lexical import ListedRows
    from ragcli.index.sqlite.rounding import RoundedVectors
    from ragcli.index.sqlite.words import KeptPostings

_CHUNKS, _SENTENCES = 16 << 20, 64 << 20  # bytes, about


def _chunk_size(chunk: Chunk) -> int:
    return 3 * len(chunk.text) + 2000


def _sentences_size(sentences: Sentences) -> int:
    return len(sentences[1]) + len(sentences[2]) + 300


@dataclass(slots=True, eq=False)
class State:
    """The manifest, and the parts that searching needs, each read by the first thread that needs it. `lock` is held while
    one is made, so that each is made once; what `postings`, `impacts` and `allowed` hold may be computed by two threads at the
    same time, with the same result. `chunks` and `sentences` are copies that were compared with their checksums: what becomes
    of the file afterwards does not reach them."""

    file: tuple[int, int]  # device and inode of the catalog
    manifest: Manifest
    lock: threading.RLock = field(default_factory=threading.RLock)
    rows: ListedRows | None = None
    matrix: Matrix | None = None
    languages: tuple[str, ...] | None = None
    chunks: SizedCache[int, Chunk] = field(default_factory=lambda: SizedCache(_CHUNKS, _chunk_size))  # by row
    sentences: SizedCache[int | str, Sentences] = field(  # by row, by chunk id
        default_factory=lambda: SizedCache(_SENTENCES, _sentences_size)
    )
    rounded: RoundedVectors | None = None  # taken over from the state before: it grows, and its rows stay what they are
    postings: KeptPostings | None = None
    impacts: Impacts | None = None
    columns: DocumentColumns | None = None
    allowed: dict[Filter, Allowed] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Snapshot:
    """A read transaction of one thread, and the state that it sees."""

    connection: sqlite3.Connection
    state: State
    open: bool = True
