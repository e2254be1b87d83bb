"""What an index says of itself and lists, read without numpy: all that `rag stats` needs."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ragcli.datatypes import Access, Chunk, DocumentRecord, SourceFile
from ragcli.errors import IndexDamaged, IndexNotFound
from ragcli.index.entries import PAGE, Counts, Listing
from ragcli.index.manifest import Manifest
from ragcli.index.sqlite import calibration, listing
from ragcli.index.sqlite.catalog import disk_usage, read_manifest, transaction, translated
from ragcli.index.sqlite.checksums import damaged
from ragcli.index.sqlite.committed import check_committed
from ragcli.index.sqlite.copystate import engine_state
from ragcli.index.sqlite.pool import ConnectionPool, Pooled
from ragcli.index.sqlite.rows import CHUNK_COLUMNS, CHUNK_WIDTH, DOCUMENT_COLUMNS, chunk_of, document_of
from ragcli.index.sqlite.state import Snapshot, State
from ragcli.metadata import without_other_tags

if TYPE_CHECKING:
    from ragcli.reports import EngineState, Failure

_PARAMETERS = 500  # in one statement


class CatalogReader:
    """The catalog of one index, for any number of threads. `snapshot()` groups reads; between snapshots the reader follows what
    a writer commits.

    Each outermost snapshot has a connection of its own out of a pool; what was read of a state of the index is shared. With
    `access`, the index is as if it held only what that sees. `chroma` says whether writers keep a Chroma collection.
    """

    def __init__(self, directory: Path, *, access: Access | None = None, chroma: bool = True) -> None:
        self.directory = directory
        self._access = access
        self._chroma = chroma
        self._pool = ConnectionPool(directory, access)
        self._latest: State | None = None
        self._changing = threading.Lock()  # held while `_latest` is replaced
        self._thread = threading.local()  # `snapshot`: the one that the thread is in

    def opened(self) -> Self:
        """Itself, once it is sure that there is something to read; closed and raised otherwise."""
        try:
            with self.snapshot():
                return self
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections of all threads; those of snapshots that are still open, when these end. A later snapshot opens
        the catalog again."""
        self._pool.close()
        with self._changing:
            self._latest = None

    @property
    def format(self) -> int:
        """The format number of the catalog."""
        with self.snapshot():
            return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @property
    def manifest(self) -> Manifest:
        """That of the snapshot which the thread is in; outside of one, of the last state that any thread has seen."""
        current = self._current()
        state = current.state if current else self._latest
        if state is not None:
            return state.manifest if self._access is None else state.manifest.without_history()
        with self.snapshot():
            return self.manifest

    def generation(self) -> tuple[int, int, int]:
        """Names the committed state: device and inode of the catalog, and how many commits it has seen. What was read between
        two equal answers is of one state."""
        with self.snapshot():
            state = self._state
            return (*state.file, state.manifest.generation)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that the thread reads inside belongs to one committed state. Snapshots may be nested; the outermost one
        keeps writers from committing, so nothing slow belongs inside.

        Raises RuntimeError when it is left by another thread than the one that entered it.
        """
        if self._current() is not None:
            yield
            return
        with translated(self.directory), ExitStack() as held:
            entered = self._entered(held)
            self._thread.snapshot = entered
            try:
                yield
            finally:
                entered.open = False
                if getattr(self._thread, "snapshot", None) is not entered:
                    raise RuntimeError("a snapshot must be left by the thread that entered it")
                self._thread.snapshot = None

    def _entered(self, held: ExitStack) -> Snapshot:
        """A connection with a transaction, kept by `held`, and the state that it sees.

        A rebuild may put another catalog in the place of the one that is being opened; SQLite then looks for the journal of
        the one beside the other, and what it says is no fault of either. The new one is opened instead.
        """
        while True:
            file = self._pool.file()
            try:
                with ExitStack() as trial:
                    pooled = trial.enter_context(self._pool.connection())
                    trial.enter_context(transaction(pooled.connection))
                    entered = Snapshot(pooled.connection, self._state_seen_by(pooled))
                    held.enter_context(trial.pop_all())
                    return entered
            except (sqlite3.OperationalError, IndexDamaged):
                if self._pool.file() == file:
                    raise

    def _current(self) -> Snapshot | None:
        """The snapshot that this thread is in."""
        found: Snapshot | None = getattr(self._thread, "snapshot", None)
        return found if found is not None and found.open else None

    @property
    def _inside(self) -> Snapshot:
        current = self._current()
        if current is None:
            raise RuntimeError("an index is read inside a snapshot")
        return current

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._inside.connection

    @property
    def _state(self) -> State:
        return self._inside.state

    def _state_seen_by(self, held: Pooled) -> State:
        found = held.connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        if found is None:
            raise IndexNotFound(
                f"the index at {self.directory} is empty: nothing was ingested yet", hint="rag ingest PATH"
            )
        if not found[0].isdecimal():
            raise damaged("its manifest")
        seen = (held.file, int(found[0]))
        with self._changing:
            latest = self._latest
            if latest is not None and (latest.file, latest.manifest.generation) == seen:
                return latest
            manifest = read_manifest(held.connection)
            assert manifest is not None, "a catalog with a generation has a manifest"
            check_committed(self.directory, manifest.id, manifest.generation)
            state = State(held.file, manifest)
            if latest is not None and latest.file == held.file:
                state.rounded = latest.rounded
            if latest is None or latest.file != held.file or latest.manifest.generation < manifest.generation:
                self._latest = state
            return state

    def chunks(self, rows: Sequence[int]) -> dict[int, tuple[Chunk, DocumentRecord]]:
        """The chunks at `rows` that still exist, by row."""
        query = f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row"
        documents: dict[str, DocumentRecord] = {}
        found: dict[int, tuple[Chunk, DocumentRecord]] = {}
        with self.snapshot():
            for first in range(0, len(rows), _PARAMETERS):
                part = [int(row) for row in rows[first : first + _PARAMETERS]]
                marks = ",".join("?" * len(part))
                for entry in self._connection.execute(f"{query} WHERE chunks.row IN ({marks})", part):
                    identity = entry[CHUNK_WIDTH]
                    if identity not in documents:
                        documents[identity] = self._shown(document_of(entry[CHUNK_WIDTH:]))
                    found[entry[0]] = (self._chunk(entry), documents[identity])
        return found

    def _chunk(self, entry: Sequence[Any]) -> Chunk:
        """The chunk in CHUNK_COLUMNS followed by DOCUMENT_COLUMNS, compared with its checksum once for each state. What decides
        which rows are read has to fit each time."""
        kept = self._state.chunks.get(entry[0])
        if kept is not None and (kept.chunk_id, kept.ordinal, kept.document_id) == (*entry[1:3], entry[CHUNK_WIDTH]):
            return kept
        chunk = chunk_of(entry)
        self._state.chunks.put(entry[0], chunk)
        return chunk

    def _shown(self, document: DocumentRecord) -> DocumentRecord:
        """As it is shown: to somebody, without the access tags that they do not have."""
        if self._access is None:
            return document
        return replace(document, metadata=without_other_tags(document.metadata, self._access.tags))

    def document_chunks(self, document_id: str) -> list[Chunk]:
        """All chunks of a document in order; empty when there is no such document."""
        with self.snapshot():
            found = self._connection.execute(
                f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row "
                "WHERE documents.document_id = ? ORDER BY ordinal",
                (document_id,),
            )
            return [self._chunk(entry) for entry in found]

    def surroundings(self, chunk_ids: Sequence[str], before: int, after: int) -> list[Chunk]:
        """The chunks of the document of `chunk_ids` from `before` chunks before the first to `after` chunks after the last
        of them, in order; empty when there are no such chunks."""
        marks = ",".join("?" * len(chunk_ids))
        with self.snapshot():
            found = self._connection.execute(
                f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row "
                "JOIN (SELECT document_row AS d, min(ordinal) AS low, max(ordinal) AS high FROM chunks "
                f"WHERE chunk_id IN ({marks})) ON document_row = d AND ordinal BETWEEN low - ? AND high + ? ORDER BY ordinal",
                (*chunk_ids, before, after),
            )
            return [self._chunk(entry) for entry in found]

    def page(self, after: str = "", limit: int = PAGE) -> list[Listing]:
        """See `ragcli.index.protocol.Catalog`, as for the members below."""
        with self.snapshot():
            found = listing.page(self._connection, after, limit)
        return [replace(entry, document=self._shown(entry.document)) for entry in found]

    def listings(self, document_ids: Sequence[str]) -> list[Listing]:
        with self.snapshot():
            found = listing.listings(self._connection, document_ids)
        return [replace(entry, document=self._shown(entry.document)) for entry in found]

    def files(self, after: str = "", limit: int = PAGE) -> list[SourceFile]:
        with self.snapshot():
            return listing.files(self._connection, after, limit)

    def find(self, paths: Sequence[str]) -> dict[str, DocumentRecord]:
        with self.snapshot():
            found = listing.find(self._connection, paths)
        return {path: self._shown(document) for path, document in found.items()}

    def sources(self, paths: Sequence[str]) -> dict[str, SourceFile]:
        with self.snapshot():
            return listing.sources(self._connection, paths)

    def roots(self) -> list[str]:
        with self.snapshot():
            return listing.roots(self._connection)

    def failures(self, *, skipped: bool = False) -> list[Failure]:
        with self.snapshot():
            return listing.failures(self._connection, skipped=skipped)

    def partly_read(self) -> list[Failure]:
        with self.snapshot():
            return listing.partly_read(self._connection)

    def redacted(self) -> dict[str, int]:
        with self.snapshot():
            return listing.redacted(self._connection)

    def folders(self) -> list[str]:
        with self.snapshot():
            return listing.folders(self._connection)

    def type_counts(self) -> dict[str, int]:
        with self.snapshot():
            return listing.type_counts(self._connection)

    def counts(self, window: int) -> Counts:
        with self.snapshot():
            return listing.counts(self._connection, window)

    def fingerprint(self, *, documents: bool = True) -> str:
        with self.snapshot():
            query = "SELECT path, content_hash FROM documents ORDER BY path"
            found = self._connection.execute(query).fetchall() if documents else None
            return self.manifest.fingerprint(found)

    def engine_state(self, setting: str) -> EngineState:
        """Which engine answers where the settings ask for `setting`, and how complete the Chroma collection is."""
        with self.snapshot():
            unused = "unused" if self._access is not None else "" if self._chroma else "unkept"
            return engine_state(self._connection, self.directory, setting, self.manifest.generation, unused=unused)

    def calibration(self) -> dict[str, Any] | None:
        if self._access is not None:
            return None  # it was fitted to documents that may not be seen
        with self.snapshot():
            return calibration.stored(self._connection, self.directory)

    def disk_usage(self) -> Mapping[str, int]:
        """Bytes by part; none of an index of which only a part is seen."""
        return disk_usage(self.directory) if self._access is None else {}
