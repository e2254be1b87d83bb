"""Whether the parts of an index agree, and how much room they take."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ragcli.index import embeddings, lexical
from ragcli.index.catalog import CATALOG
from ragcli.index.chroma import ChromaMirror
from ragcli.index.manifest import Manifest
from ragcli.index.vectors import VECTORS, VectorFile


def disk_usage(directory: Path) -> Mapping[str, int]:
    """Bytes by part."""

    def size(name: str) -> int:
        path = directory / name
        return path.stat().st_size if path.exists() else 0

    return {"catalog": size(CATALOG), "vectors": size(VECTORS), "chroma": ChromaMirror(directory).size_on_disk()}


def fingerprint(connection: sqlite3.Connection, manifest: Manifest, *, documents: bool = True) -> str:
    """16 hexadecimal digits that change with the documents' content and names and with the parts that the index is made with,
    and not with when or where it was made."""
    parts: list[object] = [dict(manifest.embedder), dict(manifest.chunker), manifest.analyzer, manifest.sentences]
    if documents:
        parts += connection.execute("SELECT path, content_hash FROM documents ORDER BY path").fetchall()
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]


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
