"""A store that keeps its indexes in the memory of this process: what another store is compared with, and the shortest one.

It shares with the store of directories how words become terms and how spelling is repaired. Rankings are computed anew, in
plain Python, from the formulas.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ragcli.datatypes import Access
from ragcli.errors import IndexLocked
from ragcli.index.entries import LastWrite
from ragcli.index.manifest import Identity, Manifest, check_identity
from ragcli.testing.memory_search import MemoryReader
from ragcli.testing.memory_state import Holder, State
from ragcli.testing.memory_writer import MemoryWriter
from ragcli.text.analyzer import ANALYZER_VERSION

_WAIT_SECONDS = 2.0
_stores: dict[str, MemoryStore] = {}


def open_memory(name: str) -> MemoryStore:
    """The store of that name, the same one for as long as the process lives. It is a `StoreFactory`: a distribution can declare
    it in the group `ragcli.stores`."""
    return _stores.setdefault(name, MemoryStore(f"memory:{name}"))


class MemoryStore(Holder):
    """One index; snapshots keep the state that they began with."""

    def __init__(self, address: str = "memory:") -> None:
        super().__init__(address)
        self._writing = threading.Lock()

    def manifest(self) -> Manifest | None:
        return self.current.manifest if self.current else None

    def last_write(self) -> LastWrite:
        """An ingest is of this process, which knows how far it came."""
        return LastWrite(running=self._writing.locked())

    def files(self) -> list[Path]:
        return []

    def catalog(self, *, access: Access | None = None) -> MemoryReader:
        return self.reader(access=access)

    def reader(self, *, engine: str = "exact", access: Access | None = None) -> MemoryReader:
        """All vectors are compared, whatever `engine` says; `engine_state` tells."""
        del engine
        self.state  # noqa: B018 - raises
        return MemoryReader(self, access)

    @contextmanager
    def writer(self, identity: Identity, *, rebuild: bool = False) -> Iterator[MemoryWriter]:
        if not self._writing.acquire(timeout=_WAIT_SECONDS):
            raise IndexLocked(f"another thread is writing to {self.address}", hint="wait for it to finish")
        try:
            state = self._prepared(identity, rebuild=rebuild)
            if rebuild and self.current is not None:
                yield MemoryWriter(self, beside=state)
            else:
                self.current = state
                yield MemoryWriter(self)
        finally:
            self._writing.release()

    def _prepared(self, identity: Identity, *, rebuild: bool) -> State:
        before = self.current
        if before is None:
            return State(_manifest(identity, 0))
        sentences = before.manifest.sentences if identity.sentences is None else identity.sentences
        key = before.manifest.redaction_key or identity.redaction_key
        identity = replace(identity, sentences=sentences, redaction_key=key)
        if rebuild:
            manifest = _manifest(identity, before.manifest.generation + 1)
            return State(manifest, calibration=before.calibration)
        check_identity(before.manifest, embedder=identity.embedder, chunker=identity.chunker)
        if (sentences, key) == (before.manifest.sentences, before.manifest.redaction_key):
            return before
        changed = replace(before, manifest=replace(before.manifest, sentences=sentences, redaction_key=key))
        kept = changed.embeddings if sentences else {
            key: replace(vectors, spans=None, sentences=None) for key, vectors in changed.embeddings.items()
        }  # fmt: skip
        return replace(changed.advanced(), embeddings=kept)

    def roots(self, *, damaged: bool = False) -> list[str]:
        """There is one format only, and no damage."""
        del damaged
        return list(self.catalog().roots())


def _manifest(identity: Identity, generation: int) -> Manifest:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    parts: Mapping[str, Any] = {"embedder": dict(identity.embedder), "chunker": dict(identity.chunker)}
    return Manifest(
        generation=generation,
        next_row=1,
        analyzer=ANALYZER_VERSION,
        created=moment,
        updated=moment,
        chroma={},
        model_source=identity.model_source,
        id=secrets.token_hex(8),
        languages=(),
        sentences=identity.sentences is not False,
        redaction_key=identity.redaction_key,
        **parts,
    )
