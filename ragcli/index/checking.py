"""Whether the parts of an index agree."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from ragcli.index import embeddings, lexical
from ragcli.index.catalog import VECTORS
from ragcli.index.vectors import VectorFile


def problems(connection: sqlite3.Connection, directory: Path, rows: lexical.Rows, dimension: int) -> list[str]:
    """Every contradiction between catalog, word index and vectors, inside the caller's transaction."""
    found = [str(entry[0]) for entry in connection.execute("PRAGMA integrity_check(10)") if entry[0] != "ok"]
    live = {int(entry[0]) for entry in connection.execute("SELECT row FROM chunks")}
    listed = {int(row) for row in np.flatnonzero(rows.live) + 1}
    if live != listed:
        found.append(f"{len(live ^ listed)} chunks are in the catalog or in the word index but not in both")
    stored = embeddings.by_row(connection, rows.count, dimension)
    file = VectorFile(directory, dimension)
    if rows.count and not file.holds(rows.count):
        found.append(f"{VECTORS} is shorter than the {rows.count} vectors of the catalog")
    elif not np.array_equal(np.where(rows.live[:, None], file.read(rows.count), 0), stored):
        found.append(f"{VECTORS} differs from the catalog")
    uneven = connection.execute(
        "SELECT count(*) FROM embeddings WHERE sentences IS NOT NULL AND length(sentences) * 4 != length(spans) * ?",
        (dimension,),
    ).fetchone()[0]
    if uneven:
        found.append(f"{uneven} chunks have more or fewer sentence vectors than sentences")
    return found
