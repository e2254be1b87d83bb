"""Whether the parts of an index agree."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from ragcli.errors import CopyFailed
from ragcli.index.bm25 import Rows
from ragcli.index.sqlite import checksums, committed, embeddings, removals
from ragcli.index.sqlite.catalog import CHROMA, VECTORS, read_manifest
from ragcli.index.sqlite.chroma import collection_ids
from ragcli.index.sqlite.copystate import read_state, usable
from ragcli.index.sqlite.vectors import VectorFile

_BLOCK = 4096  # vectors that are compared together


def problems(connection: sqlite3.Connection, directory: Path, rows: Rows, dimension: int) -> list[str]:
    """Every contradiction between catalog, word index, vectors and the Chroma collection, inside the caller's transaction."""
    found = [str(entry[0]) for entry in connection.execute("PRAGMA integrity_check(10)") if entry[0] != "ok"]
    live = np.fromiter(
        (entry[0] for entry in connection.execute("SELECT row FROM chunks ORDER BY row")), dtype=np.int64
    )
    apart = np.setxor1d(live, np.flatnonzero(rows.live) + 1, assume_unique=True)
    if len(apart):
        found.append(f"{len(apart)} chunks are in the catalog or in the word index but not in both")
    found += _vector_problems(connection, rows, VectorFile(directory, dimension), dimension)
    uneven = connection.execute(
        "SELECT count(*) FROM embeddings WHERE sentences IS NOT NULL AND length(sentences) * 4 != length(spans) * ?",
        (dimension,),
    ).fetchone()[0]
    if uneven:
        found.append(f"{uneven} chunks have more or fewer sentence vectors than sentences")
    found += checksums.problems(connection)
    manifest = read_manifest(connection)
    assert manifest is not None, "what is opened for reading has a manifest"
    found += committed.problems(directory, manifest.id, manifest.generation)
    found += removals.problems(directory)
    return found + _copy_problems(connection, directory)


def _vector_problems(connection: sqlite3.Connection, rows: Rows, file: VectorFile, dimension: int) -> list[str]:
    """Whether the copy of the vectors is that of the embeddings in the catalog. All of these are read, a block at a time."""
    held = file.holds(rows.count)
    equal = not rows.count or (held and file.sound(connection, rows.count))
    blocks = file.blocks(rows.count, _BLOCK) if held and rows.count else iter(())
    for first in range(1, rows.count + 1, _BLOCK):
        stored = embeddings.by_row(connection, min(_BLOCK, rows.count + 1 - first), dimension, first=first)
        if held:
            live = rows.live[first - 1 : first - 1 + _BLOCK, None]
            equal = equal and np.array_equal(np.where(live, next(blocks)[1], 0), stored)
    if not held and rows.count:
        return [f"{VECTORS} is shorter than the {rows.count} vectors of the catalog; rag ingest restores it"]
    return [] if equal else [f"{VECTORS} differs from the catalog; rag ingest restores it"]


def _copy_problems(connection: sqlite3.Connection, directory: Path) -> list[str]:
    """Records that the Chroma collection lacks or has too many, where the catalog says that it is complete."""
    state, manifest = read_state(connection), read_manifest(connection)
    if manifest is None or not usable(state, directory) or state["generation"] != manifest.generation:
        return []
    again = f"delete {directory / CHROMA} and run: rag ingest"
    try:
        present = collection_ids(directory)
    except CopyFailed as problem:
        return [f"{problem.message}; {again}"]
    wanted = {str(entry[0]) for entry in connection.execute("SELECT chunk_id FROM chunks")}
    lacking, surplus = len(wanted - present), len(present - wanted)
    if lacking or surplus:
        return [f"the Chroma collection lacks {lacking} chunks of the catalog and holds {surplus} others; {again}"]
    return []
