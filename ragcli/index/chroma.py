"""The Chroma collection: a copy of ids, vectors and light metadata that other tools can open, and the approximate search
of large indexes. The only file that imports chromadb.

The catalog's `meta.chroma` says what the copy holds. It says "dirty" before the first change and "clean" after the last,
so a crash in between leaves a copy that nobody opens and the next writer makes anew. Chroma's own graph file is not safe
against a crash; it is therefore only written when the whole collection is built into a fresh directory, which is checked
and then renamed.

Chroma keeps what it writes in memory, and its native half can crash. More than a few chunks are therefore written by a process
of their own: `python -m ragcli.index.chroma DIRECTORY PARENT [graph] [fresh]`, which reads the catalog itself, answers with one
line of JSON, and dies with its parent.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragcli.errors import CopyFailed, RagError
from ragcli.index.catalog import CHROMA, connect_reader, transaction, write_meta
from ragcli.processes import end_with

if TYPE_CHECKING:
    from ragcli.datatypes import Vector

COLLECTION = "passages"
IN_PROCESS = 1000  # chunks of an index whose copy is written without starting a process
_BATCH = 1000
_NEVER = 2**31 - 1
_LIVE = """SELECT chunks.row, chunk_id, vector, path, type, ordinal FROM chunks
           JOIN embeddings USING (text_hash) JOIN documents ON documents.row = document_row"""


class ChromaMirror:
    """The collection of one index directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / CHROMA
        self._collection: Any = None
        self._opening = threading.Lock()

    def sync(
        self,
        connection: sqlite3.Connection,
        state: dict[str, Any],
        *,
        generation: int,
        graph: bool,
        held: Sequence[int] = (),
    ) -> bool:
        """Bring the collection to what the catalog holds; returns whether there was anything to do.

        `held` are descriptors that a process that writes must keep open, so that the lock outlives this one.

        `graph` asks for a persisted search graph. It is rebuilt when a tenth of it is out of date; until then searches
        complete it from the exact vectors. Raises CopyFailed when Chroma or the disk refuses; the copy then stays marked as
        dirty, and the catalog is none the worse.
        """
        if self._is_current(state, generation, graph):
            return False
        live = int(connection.execute("SELECT count(*) FROM chunks").fetchone()[0])
        if graph and self._usable(state) and state.get("graph") and self._drift(connection, state, live) < 0.1:
            return False
        with transaction(connection, write=True):
            write_meta(connection, {"chroma": {"state": "dirty"}})
        operations = int(state.get("operations", 0))
        fresh = graph or not self._usable(state) or state.get("graph") or operations > 4 * live + 1000
        with _translated():
            if live > IN_PROCESS:
                written = self._write_elsewhere(graph=graph, fresh=fresh, held=held)
            else:
                written = self.write(connection, graph=graph, fresh=fresh)
        operations = written if fresh else operations + written
        row = int(connection.execute("SELECT coalesce(max(row), 0) FROM chunks").fetchone()[0])
        new_state = {"state": "clean", "version": _version(), "generation": generation, "row": row, "count": live,
                     "graph": graph, "operations": operations}  # fmt: skip
        with transaction(connection, write=True):
            write_meta(connection, {"chroma": new_state})
        return True

    def write(self, connection: sqlite3.Connection, *, graph: bool, fresh: bool) -> int:
        """Make the collection anew if `fresh`, else change what differs; returns how many chunks were written or left."""
        return self._rebuild(connection, graph) if fresh else self._update(connection)

    def search(self, vector: Vector, k: int) -> list[tuple[str, float]]:
        """At most `k` (chunk id, cosine) from the search graph, best first."""
        with self._opening:
            if self._collection is None:
                self._collection = _client(self._path).get_collection(COLLECTION, embedding_function=None)
        found = self._collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
        return [
            (chunk_id, 1.0 - distance)
            for chunk_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def _usable(self, state: dict[str, Any]) -> bool:
        return state.get("state") == "clean" and state.get("version") == _version() and self._path.is_dir()

    def _is_current(self, state: dict[str, Any], generation: int, graph: bool) -> bool:
        return self._usable(state) and state.get("generation") == generation and bool(state.get("graph")) == graph

    def _drift(self, connection: sqlite3.Connection, state: dict[str, Any], live: int) -> float:
        """Chunks that came or went since the graph was built, as a share of those it holds."""
        new = int(connection.execute("SELECT count(*) FROM chunks WHERE row > ?", (state["row"],)).fetchone()[0])
        gone = int(state["count"]) - (live - new)
        return (new + gone) / max(1, int(state["count"]))

    def _write_elsewhere(self, *, graph: bool, fresh: bool, held: Sequence[int]) -> int:
        import subprocess

        wishes = [*(["graph"] if graph else []), *(["fresh"] if fresh else [])]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ragcli.index.chroma", str(self._directory), str(os.getpid()), *wishes],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            pass_fds=tuple(held),
            start_new_session=True,
        )
        try:
            reply = (process.communicate()[0].splitlines() or [""])[-1]
        finally:
            process.kill()
            process.wait()
        if not reply:
            raise CopyFailed(_FAILED.format(_ending(process.returncode)), hint=_AGAIN)
        answer = json.loads(reply)
        if "error" in answer:
            raise CopyFailed(str(answer["error"]), hint=_AGAIN)
        return int(answer["written"])

    def _update(self, connection: sqlite3.Connection) -> int:
        with _opened(self._path, graph=False) as (collection, batch):
            present = set(collection.get(include=[])["ids"])
            wanted = {entry[0] for entry in connection.execute("SELECT chunk_id FROM chunks")}
            surplus = sorted(present - wanted)
            for i in range(0, len(surplus), batch):
                collection.delete(ids=surplus[i : i + batch])
            return len(surplus) + _add(connection, collection, batch, wanted - present)

    def _rebuild(self, connection: sqlite3.Connection, graph: bool) -> int:
        for leftover in self._directory.glob(f"{CHROMA}.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self._directory / f"{CHROMA}.new"
        with _opened(fresh, graph=graph) as (collection, batch):
            added = _add(connection, collection, batch, None)
            if collection.count() != added:
                raise CopyFailed(f"chroma holds {collection.count()} of {added} vectors", hint="rag ingest")
        for file in fresh.rglob("*"):
            _fsync(file)
        if self._path.exists():
            self._path.rename(self._directory / f"{CHROMA}.old")
        fresh.rename(self._path)
        _fsync(self._directory)
        shutil.rmtree(self._directory / f"{CHROMA}.old", ignore_errors=True)
        return added


_FAILED = "the documents are indexed, but their copy in Chroma could not be written: {}"
_AGAIN = "rag ingest writes it again"


def _ending(status: int) -> str:
    return (
        f"its process was ended by {signal.Signals(-status).name}" if status < 0 else "its process ended unexpectedly"
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit, CopyFailed):
        raise
    except BaseException as error:  # Chroma's Rust half raises errors of many kinds, panics outside of Exception
        raise CopyFailed(_FAILED.format(error), hint=_AGAIN) from error


def _version() -> str:
    from importlib.metadata import version

    return version("chromadb")


def _client(path: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(path=str(path), settings=Settings(anonymized_telemetry=False))


@contextmanager
def _opened(path: Path, *, graph: bool) -> Iterator[tuple[Any, int]]:
    """The collection for writing and the largest batch it takes."""
    client = _client(path)
    try:
        collection = client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "sync_threshold": _BATCH if graph else _NEVER}},
        )
        yield collection, min(int(client.get_max_batch_size()), _BATCH)
    finally:
        client.close()


def _add(connection: sqlite3.Connection, collection: Any, batch: int, only: set[str] | None) -> int:
    """Put the catalog's chunks (those whose id is in `only`, if given) into the collection; returns how many."""
    added = 0
    cursor = connection.execute(f"{_LIVE} ORDER BY chunks.row")
    while entries := cursor.fetchmany(batch):
        kept = [entry for entry in entries if only is None or entry[1] in only]
        if kept:
            collection.upsert(
                ids=[entry[1] for entry in kept],
                embeddings=[np.frombuffer(entry[2], dtype="<f4") for entry in kept],
                metadatas=[
                    {"row": entry[0], "path": _valid(entry[3]), "type": entry[4], "ordinal": entry[5]} for entry in kept
                ],
            )
            added += len(kept)
    return added


def _valid(path: str) -> str:
    return path.encode("utf-8", errors="replace").decode("utf-8")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> None:
    """Write the copy for the process that started this one."""
    directory, wishes = Path(sys.argv[1]), set(sys.argv[3:])
    end_with(int(sys.argv[2]))
    try:
        with closing(connect_reader(directory)) as connection, _translated():
            written = ChromaMirror(directory).write(connection, graph="graph" in wishes, fresh="fresh" in wishes)
        reply: dict[str, object] = {"written": written}
    except RagError as error:
        reply = {"error": error.message}
    sys.stdout.write(json.dumps(reply) + "\n")


if __name__ == "__main__":
    main()
