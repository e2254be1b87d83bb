"""Reading what the index of a `MemoryStore` lists."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ragcli.datatypes import Access, Chunk, DocumentRecord, SourceFile
from ragcli.index.entries import PAGE, Counts, Listing
from ragcli.index.manifest import Manifest
from ragcli.metadata import redacted_counts
from ragcli.reports import EngineState, Failure
from ragcli.testing.memory_state import Holder, State


class MemoryCatalog:
    """See `ragcli.index.protocol.Catalog`."""

    format = 1

    def __init__(self, store: Holder, access: Access | None = None) -> None:
        self._store = store
        self._access = access
        self._thread = threading.local()  # `state`: that of the snapshot that the thread is in
        self._seen: tuple[State, State] | None = None  # a state, and what `access` sees of it

    @property
    def _state(self) -> State:
        inside: State | None = getattr(self._thread, "state", None)
        return inside or self._visible(self._store.state)

    def _visible(self, state: State) -> State:
        if self._access is None:
            return state
        if self._seen is None or self._seen[0] is not state:
            self._seen = (state, state.seen_by(self._access))
        return self._seen[1]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        before = getattr(self._thread, "state", None)
        self._thread.state = self._state
        try:
            yield
        finally:
            self._thread.state = before

    def close(self) -> None:
        """Nothing is open."""

    def generation(self) -> int:
        return self._state.manifest.generation

    @property
    def manifest(self) -> Manifest:
        return self._state.manifest if self._access is None else self._state.manifest.without_history()

    def document_chunks(self, document_id: str) -> Sequence[Chunk]:
        kept = self._state.documents.get(document_id)
        return [held.chunk for held in kept.chunks] if kept else []

    def page(self, after: str = "", limit: int = PAGE) -> Sequence[Listing]:
        state = self._state
        ids = [identity for identity in sorted(state.documents) if identity > after][:limit]
        return [Listing(state.record(i), state.documents[i].source, tuple(state.copies_of(i))) for i in ids]

    def listings(self, document_ids: Sequence[str]) -> Sequence[Listing]:
        wanted = set(document_ids)
        return [
            entry
            for entry in self.page("", len(self._state.documents))
            if not wanted.isdisjoint(source.document_id for source in (entry.source, *entry.copies))
        ]

    def files(self, after: str = "", limit: int = PAGE) -> Sequence[SourceFile]:
        found = sorted(self._sources(), key=lambda source: source.document_id)
        return [source for source in found if source.document_id > after][:limit]

    def find(self, paths: Sequence[str]) -> Mapping[str, DocumentRecord]:
        state = self._state
        places = [(kept.source.path, identity) for identity, kept in state.documents.items()]
        places += [(source.path, of) for source, of in state.copies.values()]
        found: dict[str, DocumentRecord] = {}
        for path, identity in places:
            if path in set(paths):
                found.setdefault(path, state.record(identity))
        return found

    def sources(self, paths: Sequence[str]) -> Mapping[str, SourceFile]:
        found: dict[str, SourceFile] = {}
        for source in self._sources():
            if source.path in set(paths):
                found.setdefault(source.path, source)
        return found

    def _sources(self) -> list[SourceFile]:
        """Those of documents before those of copies."""
        state = self._state
        return [*(kept.source for kept in state.documents.values()), *(source for source, _ in state.copies.values())]

    def roots(self) -> Sequence[str]:
        return sorted({source.root for source in self._sources() if source.is_file})

    def failures(self, *, skipped: bool = False) -> Sequence[Failure]:
        found = [failure for _, failure, _ in self._state.failures.values() if skipped or not failure.skipped]
        return sorted(found, key=lambda failure: failure.path)

    def partly_read(self) -> Sequence[Failure]:
        records = [kept.record for kept in self._state.documents.values() if kept.record.partial]
        return sorted((Failure(record.path, record.partial) for record in records), key=lambda failure: failure.path)

    def redacted(self) -> Mapping[str, int]:
        kept = self._state.documents.values()
        return redacted_counts(k.record.metadata["redacted"] for k in kept if "redacted" in k.record.metadata)

    def folders(self) -> Sequence[str]:
        found: set[str] = set()
        for kept in self._state.documents.values():
            parts = kept.source.path.split("/")[:-1]
            found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
        return sorted(found - {"", "..", "."})

    def type_counts(self) -> Mapping[str, int]:
        counts = Counter(kept.record.type for kept in self._state.documents.values())
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))

    def counts(self, window: int) -> Counts:
        state = self._state
        truncated = sum(held.chunk.tokens > window for held in state.chunks.values())
        return Counts(len(state.documents), len(state.copies), len(state.chunks), truncated)

    def fingerprint(self, *, documents: bool = True) -> str:
        sources = sorted((kept.source.path, kept.source.content_hash) for kept in self._state.documents.values())
        return self.manifest.fingerprint(sources if documents else None)

    def engine_state(self, setting: str) -> EngineState:
        return EngineState(setting, "exact", "missing" if self._access is None else "unused")

    def calibration(self) -> Mapping[str, Any] | None:
        return self._state.calibration

    def disk_usage(self) -> Mapping[str, int]:
        return {}
