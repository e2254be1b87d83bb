"""Leaving no bytes of what was removed: in the word lists after every removal, in all files of an index after `rag forget`."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from ragcli.index.sqlite import embeddings, merging, removals
from ragcli.index.sqlite.catalog import CHROMA, VECTORS, transaction, write_meta
from ragcli.index.sqlite.preparing import advance
from ragcli.index.sqlite.vectors import VectorFile

_RUN = 1000  # vectors that are read together
_LEFTOVERS = (f"{CHROMA}.*", f"{VECTORS}.*", ".gitignore.*")  # of writers that were killed


def complete(connection: sqlite3.Connection, directory: Path, vectors: VectorFile, dimension: int) -> bool:
    """Do what is left of the removal that was begun, if there is one. It may be killed at any moment and done again. Returns
    whether it was `rag forget`.

    The word lists are written anew without the postings of deleted rows. After `rag forget` the catalog is written anew as
    well, with no free pages (VACUUM), `vectors.f32` with zeros in place of deleted rows, and the Chroma collection is deleted,
    for its log keeps what was deleted; whoever calls this makes it again, in a process that has not seen what was forgotten.
    """
    removal = removals.begun(directory)
    if removal is None:
        return False
    merging.purge_deleted(connection, advance=lambda: advance(connection))
    if removal.thorough:
        with transaction(connection, write=True):
            write_meta(connection, {"chroma": {}})
    if not removal.thorough:
        return False
    shutil.rmtree(directory / CHROMA, ignore_errors=True)
    for pattern in _LEFTOVERS:
        for leftover in directory.glob(pattern):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
    rows = int(connection.execute("SELECT value FROM meta WHERE key = 'next_row'").fetchone()[0]) - 1
    write_vectors(connection, vectors, rows, dimension)
    connection.execute("VACUUM")
    return True


def write_vectors(connection: sqlite3.Connection, vectors: VectorFile, rows: int, dimension: int) -> None:
    """Write `vectors.f32` anew from the catalog; deleted rows become zero."""
    if rows:
        matrices = (
            embeddings.by_row(connection, min(_RUN, rows - done), dimension, first=done + 1)
            for done in range(0, rows, _RUN)
        )
        vectors.restore(connection, matrices)
