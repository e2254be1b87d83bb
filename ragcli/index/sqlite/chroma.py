"""The Chroma collection `passages`: a copy of the catalog's chunks (texts, vectors, metadata) that other tools can open, and
the approximate nearest-neighbour search of `retrieval.engine = chroma`. The only file that imports chromadb.

The catalog's `meta.chroma` (see `copystate`) says "dirty" before the first change and "clean" after the last, so a crash in
between leaves a copy that nobody opens and the next writer makes anew. A reader's snapshot that saw "clean" keeps the writer
from saying "dirty", so the collection does not change under a search.

Chroma's files of the search graph (HNSW) are not safe against a crash. They are therefore written only when the whole
collection is made anew in a fresh directory, which is counted, synced and renamed. Later changes stay in Chroma's log, which is
SQLite, and Chroma adds them to the graph in memory when it opens the collection.

Chroma keeps what it writes in memory, and its native half can crash. More than a few chunks are therefore written by a process
of their own: `python -m ragcli.index.sqlite.chroma DIRECTORY PARENT ROW`, which reads the catalog itself, answers with one
line of JSON, and dies with its parent. Records of rows up to ROW are there already; with ROW 0 the collection is made anew.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ragcli.errors import CopyFailed, RagError
from ragcli.index.sqlite.catalog import CHROMA, connect_reader, read_meta, transaction, write_meta
from ragcli.index.sqlite.copystate import LAYOUT, TAGGED, installed_version, read_state, usable
from ragcli.index.sqlite.records import Record, read_records
from ragcli.installing import install_command
from ragcli.private import keep_private, make_private_folder
from ragcli.processes import child_environment, child_python, end_with

COLLECTION = "passages"
IN_PROCESS = 1000  # chunks of an index whose copy is written without starting a process
_BATCH = 1000
_NEVER = 2**31 - 1
_GRAPH = {"space": "cosine", "ef_construction": 400, "max_neighbors": 32, "ef_search": 500}


class ChromaMirror:
    """Writes the collection of one index directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / CHROMA

    def sync(
        self, connection: sqlite3.Connection, *, generation: int, held: Sequence[int] = (), apart: bool = False
    ) -> bool:
        """Bring the collection to what the catalog holds; returns whether there was anything to do.

        `held` are descriptors that a process that writes must keep open, so that the lock outlives this one. With `apart`,
        there is always such a process: Chroma's graph files hold unset memory of the process that wrote them. The collection is
        made anew when it is of another layout or version, and when so much changed that its graph is out of date (a tenth of
        the chunks and 1,000). Raises CopyFailed when Chroma or the disk refuses; the copy then stays marked as dirty, and the
        catalog is none the worse. Without chromadb nothing is written; a copy of before is then behind, and CopyFailed says so.
        """
        if not installed_version():
            if self._path.is_dir():
                raise CopyFailed(
                    f"the Chroma collection {self._path} is left behind, since chromadb is not installed",
                    hint=f"{install_command('chromadb')}, or delete the collection",
                )
            return False
        state = read_state(connection)
        sound = usable(state, self._directory)
        if sound and state["generation"] == generation:
            return False
        live, last = connection.execute("SELECT count(*), coalesce(max(row), 0) FROM chunks").fetchone()
        since = int(state["row"]) if sound and state["changed"] <= live // 10 + 1000 else 0
        with transaction(connection, write=True):
            write_meta(connection, {"chroma": {"state": "dirty"}})
        with translated_errors():
            written = (
                self._write_elsewhere(since, held) if apart or live > IN_PROCESS else self.write(connection, since)
            )
        new_state = {"state": "clean", "version": installed_version(), "layout": LAYOUT, "generation": generation,
                     "row": int(last), "count": int(live), "changed": state["changed"] + written if since else 0}  # fmt: skip
        with transaction(connection, write=True):
            write_meta(connection, {"chroma": new_state, TAGGED: []})
        return True

    def remove(self, connection: sqlite3.Connection) -> None:
        """Delete the collection and what a killed writer left of one, if they are there."""
        if read_state(connection):
            with transaction(connection, write=True):
                write_meta(connection, {"chroma": {}, TAGGED: []})
        for folder in [self._path, *self._directory.glob(f"{CHROMA}.*")]:
            shutil.rmtree(folder, ignore_errors=True)

    def write(self, connection: sqlite3.Connection, since: int) -> int:
        """Make the collection anew if `since` is 0, else change what differs, where the records of chunks up to row `since` are
        as they should be unless their documents' tags changed. Returns how many records were written or deleted."""
        return self._update(connection, since) if since else self._rebuild(connection)

    def _write_elsewhere(self, since: int, held: Sequence[int]) -> int:
        import subprocess

        process = subprocess.Popen(
            child_python("ragcli.index.sqlite.chroma", str(self._directory), str(os.getpid()), str(since)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            pass_fds=tuple(held),
            start_new_session=True,
            env=child_environment(os.environ),
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

    def _update(self, connection: sqlite3.Connection, since: int) -> int:
        tagged = set(read_meta(connection).get(TAGGED, []))  # type: ignore[call-overload]
        with _opened(self._path, make=False) as (collection, batch):
            present = set(collection.get(include=[])["ids"])
            wanted = {entry[0] for entry in connection.execute("SELECT chunk_id FROM chunks")}
            surplus = sorted(present - wanted)
            for i in range(0, len(surplus), batch):
                collection.delete(ids=surplus[i : i + batch])
            written = 0
            for records in _batches(connection, batch):
                written += _put(
                    collection,
                    [
                        record
                        for record in records
                        if record.row > since or record.document_id in tagged or record.chunk_id not in present
                    ],
                )
            _check_count(collection, len(wanted))
            return len(surplus) + written

    def _rebuild(self, connection: sqlite3.Connection) -> int:
        for leftover in self._directory.glob(f"{CHROMA}.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self._directory / f"{CHROMA}.new"
        make_private_folder(fresh)
        with _opened(fresh, make=True) as (collection, batch):
            added = sum(_put(collection, records) for records in _batches(connection, batch))
            _check_count(collection, added)
            with warnings.catch_warnings():  # that the collection has no embedding function of Chroma's
                warnings.simplefilter("ignore", DeprecationWarning)
                collection.modify(configuration={"hnsw": {"sync_threshold": _NEVER}})
        for file in fresh.rglob("*"):
            keep_private(file)
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
def translated_errors(message: str = _FAILED, hint: str = _AGAIN) -> Iterator[None]:
    """Whatever Chroma raises as CopyFailed; `message` has a place for what it says."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, CopyFailed):
        raise
    except BaseException as error:  # Chroma's Rust half raises errors of many kinds, panics outside of Exception
        raise CopyFailed(message.format(error), hint=hint) from error


def collection_ids(directory: Path) -> set[str]:
    """The ids of all records in the collection of the index at `directory`. Raises CopyFailed."""
    message = f"the Chroma collection at {directory / CHROMA} cannot be read: {{}}"
    with translated_errors(message), _opened(directory / CHROMA, make=False) as (collection, _):
        return set(collection.get(include=[])["ids"])


def client(path: Path | str) -> Any:
    """A client of the collection at `path`, which is made if need be. All clients of one process whose paths are spelt alike
    share one open database until the last of them is closed."""
    import chromadb
    from chromadb.config import Settings

    # Without `_env_file`, Chroma reads its settings, names of classes among them, from `.env` in the working directory.
    settings = Settings(anonymized_telemetry=False, _env_file=None)
    return chromadb.PersistentClient(path=str(path), settings=settings)


@contextmanager
def _opened(path: Path, *, make: bool) -> Iterator[tuple[Any, int]]:
    """The collection for writing, new if `make`, and the largest batch it takes."""
    opened = client(path)
    try:
        if make:
            configuration = {"hnsw": {**_GRAPH, "sync_threshold": _BATCH}}
            collection = opened.create_collection(COLLECTION, embedding_function=None, configuration=configuration)
        else:
            collection = opened.get_collection(COLLECTION, embedding_function=None)
        yield collection, min(int(opened.get_max_batch_size()), _BATCH)
    finally:
        opened.close()


def _batches(connection: sqlite3.Connection, batch: int) -> Iterator[list[Record]]:
    return read_records(connection, batch, int(str(read_meta(connection)["generation"])))


def _put(collection: Any, records: Sequence[Record]) -> int:
    if records:
        collection.upsert(
            ids=[record.chunk_id for record in records],
            embeddings=[record.vector for record in records],
            documents=[record.text for record in records],
            metadatas=[record.metadata for record in records],
        )
    return len(records)


def _check_count(collection: Any, expected: int) -> None:
    if collection.count() != expected:
        raise CopyFailed(f"chroma holds {collection.count()} of {expected} chunks", hint="rag ingest")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> None:
    """Write the copy for the process that started this one."""
    directory, since = Path(sys.argv[1]), int(sys.argv[3])
    end_with(int(sys.argv[2]))
    try:
        with closing(connect_reader(directory)) as connection, translated_errors():
            written = ChromaMirror(directory).write(connection, since)
        reply: dict[str, object] = {"written": written}
    except RagError as error:
        reply = {"error": error.message}
    sys.stdout.write(json.dumps(reply) + "\n")


if __name__ == "__main__":
    main()
