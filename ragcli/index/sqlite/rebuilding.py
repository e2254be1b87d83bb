"""Making an index anew beside the old one, which answers until the new one takes its place in one step.

The new index grows in the folder `rebuild` inside the index's directory. The step is the renaming of its catalog over the old
one: `vectors.f32` is a copy that readers hold against the checksums in the catalog, so it may follow after.

A rebuild that is interrupted leaves the embeddings that it made, in the folder and without any text; one that is killed leaves
all that it had. The next rebuild with the same model takes these embeddings over, any other writer removes the folder.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ragcli.errors import IndexDamaged, IndexLocked, RagError
from ragcli.index.manifest import Manifest
from ragcli.index.sqlite import calibration, schema
from ragcli.index.sqlite.catalog import (
    CATALOG,
    VECTORS,
    connect_reader,
    connect_writer,
    open_catalog,
    read_manifest,
    transaction,
    translated,
)
from ragcli.index.sqlite.checksums import DOCUMENT, checksum
from ragcli.index.sqlite.committed import read_committed, write_committed

BESIDE = "rebuild"
_EMBEDDED = "embedded.sqlite3"  # in that folder: the catalog of a rebuild before, until its embeddings are taken over
_RANGE = 100  # rows that are given up together when the catalog cannot be read there


def begin(directory: Path, embedder: Mapping[str, object]) -> tuple[sqlite3.Connection, Manifest | None]:
    """A connection to the catalog of a new index beside that in `directory`, with the embeddings of the old one, and of a
    rebuild that was not finished, if `embedder` is their model, and what `calibration` keeps; and what the old one says of
    itself, None if it cannot be read."""
    beside = directory / BESIDE
    _set_aside(beside)
    old = _readable(directory)
    connection = connect_writer(beside)
    _take_over(beside / _EMBEDDED, connection, embedder)
    if old is None:
        return connection, None
    with closing(old):
        try:
            manifest, fitted = read_manifest(old), calibration.stored(old, directory)
        except (RagError, sqlite3.DatabaseError, ValueError, KeyError):
            return connection, None
        if fitted is not None:
            calibration.keep(connection, fitted)
        if manifest is not None and dict(manifest.embedder) == dict(embedder):
            _copy_embeddings(old, connection)
    return connection, manifest


def _set_aside(beside: Path) -> None:
    """Leave of a folder `rebuild` the catalog of the rebuild before, as `embedded.sqlite3`, if there is one."""
    catalog, kept = beside / CATALOG, beside / _EMBEDDED
    if catalog.exists() and not kept.exists():  # else it only begins to be what is kept
        with suppress(RagError):
            connect_writer(beside).close()  # with what a killed writer did not commit taken back
        catalog.replace(kept)
    beside.mkdir(exist_ok=True)
    for entry in beside.iterdir():
        if entry != kept:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _take_over(kept: Path, new: sqlite3.Connection, embedder: Mapping[str, object]) -> None:
    """The embeddings in a catalog that was set aside, which goes, if they are of this model."""
    if not kept.exists():
        return
    with (
        suppress(RagError, sqlite3.DatabaseError, ValueError, KeyError),
        closing(open_catalog(kept, "ro")) as connection,
    ):
        manifest = read_manifest(connection)
        if manifest is not None and dict(manifest.embedder) == dict(embedder):
            _copy_embeddings(connection, new)
    kept.unlink()


def leave_embeddings(connection: sqlite3.Connection, directory: Path) -> None:
    """Close the catalog of a rebuild that ends before it is finished: its embeddings stay, and nothing else of the folder."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ).fetchall()
    try:
        with transaction(connection, write=True):
            for (name,) in names:
                if name not in ("embeddings", "meta", "totals"):
                    connection.execute(f"DELETE FROM {name}")
        connection.execute("VACUUM")
        empty = connection.execute("SELECT 1 FROM embeddings").fetchone() is None
    except sqlite3.Error:
        empty = True
    finally:
        connection.close()
    if empty:
        remove_leftovers(directory)
        return
    for file in (directory / BESIDE).iterdir():
        if file.name != CATALOG:
            file.unlink()


def change_over(directory: Path, identity: str, generation: int) -> None:
    """Put the new index, which is in this state and closed, in the place of the old one. Raises IndexLocked when somebody reads
    in the old one for longer than a writer waits."""
    beside = directory / BESIDE
    with _nobody_inside(directory):
        before = read_committed(directory) or []
        write_committed(directory, [*before[-1:], (identity, generation)], sync=True)
        (beside / CATALOG).replace(directory / CATALOG)
        _sync(directory)
    if (beside / VECTORS).exists():
        (beside / VECTORS).replace(directory / VECTORS)
    remove_leftovers(directory)


def remove_leftovers(directory: Path) -> None:
    """Remove what a rebuild left."""
    shutil.rmtree(directory / BESIDE, ignore_errors=True)


def remembered_roots(directory: Path, *, damaged: bool) -> list[str]:
    """The files and folders that were given to ingest, as stored, sorted; none when there is no index. With `damaged`, what of
    the catalog cannot be read is left out instead of raised."""
    try:
        connection = connect_reader(directory, oldest=1)
    except IndexDamaged:
        if damaged:
            return []
        raise
    with closing(connection), translated(directory):
        sealed = int(connection.execute("PRAGMA user_version").fetchone()[0]) >= schema.FIRST_WITH_CHECKSUMS
        names = (*DOCUMENT, "checksum") if sealed else ("root", "ctime_ns")
        root, changed = names.index("root"), names.index("ctime_ns")
        rows = _rows(connection, f"SELECT {', '.join(names)} FROM documents", "documents", damaged=damaged)
        found = {
            entry[root]
            for entry in rows
            if entry[changed] != 0 and (not sealed or entry[-1] == checksum(*entry[: len(DOCUMENT)]))
        }
        with suppress(sqlite3.DatabaseError):  # there are none before format 3
            found |= {entry[0] for entry in connection.execute("SELECT root FROM copies WHERE ctime_ns != 0")}
        return sorted(found)


def _rows(connection: sqlite3.Connection, query: str, table: str, *, damaged: bool) -> Iterator[tuple[Any, ...]]:
    """The rows of a table; if it is `damaged`, as far as they can be read."""
    if not damaged:
        yield from connection.execute(query)
        return
    with suppress(sqlite3.DatabaseError):
        last = int(connection.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0])
        for first in range(1, last + 1, _RANGE):
            bounds = (first, first + _RANGE - 1)
            with suppress(sqlite3.DatabaseError):
                yield from connection.execute(f"{query} WHERE rowid BETWEEN ? AND ?", bounds).fetchall()


def _readable(directory: Path) -> sqlite3.Connection | None:
    """The old catalog, brought to this format; None when it is damaged beyond that."""
    try:
        connect_writer(directory).close()
        return connect_reader(directory)
    except RagError:
        return None


def _copy_embeddings(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """All embeddings that are what was written; those that no text of the new index has are dropped at its end."""
    query = "SELECT text_hash, vector, sentences, spans, checksum, sentences_checksum FROM embeddings"
    with transaction(new, write=True):
        for entry in _rows(old, query, "embeddings", damaged=True):
            key, vector, sentences, spans, stored, of_sentences = entry
            expected = None if sentences is None else checksum(key, sentences, spans)
            if stored == checksum(key, vector) and of_sentences == expected:
                new.execute(
                    "INSERT OR IGNORE INTO embeddings (text_hash, vector, sentences, spans, checksum, sentences_checksum) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    entry,
                )


@contextmanager
def _nobody_inside(directory: Path) -> Iterator[None]:
    """Keep everybody out of the old catalog, whose journal is gone then: it would be taken for that of the new one."""
    path = directory / CATALOG
    with closing(open_catalog(path)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise IndexLocked(
                    f"the new index is complete, but another process keeps reading in the old one at {directory}",
                    hint="run the same command again when the other one is done",
                ) from error
            path.with_name(f"{CATALOG}-journal").unlink(missing_ok=True)
        except sqlite3.DatabaseError:  # damaged; nobody can read in it
            path.with_name(f"{CATALOG}-journal").unlink(missing_ok=True)
        yield


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
