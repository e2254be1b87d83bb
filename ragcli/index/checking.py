"""Whether the parts of an index agree."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from ragcli.errors import CopyFailed
from ragcli.index import checksums, committed, embeddings, removals
from ragcli.index.bm25 import Rows
from ragcli.index.catalog import CHROMA, VECTORS, read_manifest
from ragcli.index.chroma import collection_ids
from ragcli.index.copystate import read_state, usable
from ragcli.index.vectors import VectorFile


def problems(connection: sqlite3.Connection, directory: Path, rows: Rows, dimension: int) -> list[str]:
    """Every contradiction between catalog, word index, vectors and the Chroma collection, inside the caller's transaction."""
    found = [str(entry[0]) for entry in connection.execute("PRAGMA integrity_check(10)") if entry[0] != "ok"]
    live = {int(entry[0]) for entry in connection.execute("SELECT row FROM chunks")}
    listed = {int(row) for row in np.flatnonzero(rows.live) + 1}
    if live != listed:
        found.append(f"{len(live ^ listed)} chunks are in the catalog or in the word index but not in both")
    stored = embeddings.by_row(connection, rows.count, dimension)
    file = VectorFile(directory, dimension)
    if rows.count and not file.holds(rows.count):
        found.append(f"{VECTORS} is shorter than the {rows.count} vectors of the catalog; rag ingest restores it")
    elif not file.sound(connection, rows.count) or not np.array_equal(
        np.where(rows.live[:, None], file.read(rows.count), 0), stored
    ):
        found.append(f"{VECTORS} differs from the catalog; rag ingest restores it")
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
