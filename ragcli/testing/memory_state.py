"""What the index of a `MemoryStore` is made of at one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ragcli.datatypes import Access, Chunk, DocumentRecord, SourceFile, TextVectors
from ragcli.errors import IndexNotFound
from ragcli.index.manifest import Manifest
from ragcli.metadata import access_of
from ragcli.reports import Failure


@dataclass(frozen=True)
class Held:
    """A chunk under its key; `counts` says how often it holds each term, weighted by field."""

    key: int
    chunk: Chunk
    text_hash: bytes
    counts: Counter[str]


@dataclass(frozen=True)
class Kept:
    """A document; its record names no copies, which `State.record` adds."""

    source: SourceFile
    record: DocumentRecord
    chunks: tuple[Held, ...]
    reader: str


@dataclass(frozen=True)
class State:
    """Documents, copies (with the id of their document) and failures (with the reader that gave up) are in the order of their
    arrival, by document id; embeddings are by text hash."""

    manifest: Manifest
    documents: Mapping[str, Kept] = field(default_factory=dict)
    copies: Mapping[str, tuple[SourceFile, str]] = field(default_factory=dict)
    failures: Mapping[str, tuple[SourceFile, Failure, str]] = field(default_factory=dict)
    embeddings: Mapping[bytes, TextVectors] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None

    def advanced(self) -> State:
        """The same in a new generation."""
        return replace(self, manifest=replace(self.manifest, generation=self.manifest.generation + 1))

    def seen_by(self, access: Access) -> State:
        """Only the documents that it sees, with their copies; the words of others are in no list."""
        seen = {key: kept for key, kept in self.documents.items() if access.sees(access_of(kept.record.metadata).tags)}
        copies = {key: (source, of) for key, (source, of) in self.copies.items() if of in seen}
        return replace(self, documents=seen, copies=copies, failures={}, calibration=None)

    def record(self, document_id: str) -> DocumentRecord:
        paths = tuple(sorted(source.path for source in self.copies_of(document_id)))
        return replace(self.documents[document_id].record, copies=paths)

    def copies_of(self, document_id: str) -> list[SourceFile]:
        """Ordered by path."""
        return sorted((source for source, of in self.copies.values() if of == document_id), key=lambda s: s.path)

    @cached_property
    def chunks(self) -> dict[int, Held]:
        """Every chunk by its key, in the order of keys."""
        every = (held for kept in self.documents.values() for held in kept.chunks)
        return {held.key: held for held in sorted(every, key=lambda held: held.key)}

    @cached_property
    def postings(self) -> dict[str, dict[int, int]]:
        """Term → key → how often the chunk holds it."""
        found: dict[str, dict[int, int]] = {}
        for key, held in self.chunks.items():
            for term, count in held.counts.items():
                found.setdefault(term, {})[key] = count
        return found

    @cached_property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({kept.record.language for kept in self.documents.values()})) or ("en",)


class Holder:
    """Holds the committed state of one index. A state never changes; a commit puts another one in its place."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.current: State | None = None
        self.unfinished = False  # whether a removal was begun and not settled

    @property
    def state(self) -> State:
        """The committed state. Raises IndexNotFound."""
        if self.current is None:
            raise IndexNotFound(f"no index at {self.address}", hint="rag ingest PATH")
        return self.current
