"""Embeddings in the catalog, by the hash of the embedded text: the part of an index that costs hours to make."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Chunk
from ragcli.errors import IndexDamaged
from ragcli.index.rows import text_hash

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix


def missing(connection: sqlite3.Connection, chunks: Sequence[Chunk]) -> dict[bytes, str]:
    """Text hash → text for those chunks whose text has no stored embedding."""
    wanted = {text_hash(chunk): chunk.searchable_text for chunk in chunks}
    return {
        key: text
        for key, text in wanted.items()
        if connection.execute("SELECT 1 FROM embeddings WHERE text_hash = ?", (key,)).fetchone() is None
    }


def store(connection: sqlite3.Connection, keys: Sequence[bytes], matrix: Matrix) -> None:
    """Add the rows of `matrix` under `keys`; a key that is there already keeps its vector."""
    connection.executemany(
        "INSERT OR IGNORE INTO embeddings VALUES (?, ?)",
        ((key, np.ascontiguousarray(vector, dtype="<f4").tobytes()) for key, vector in zip(keys, matrix, strict=True)),
    )


def of_chunks(connection: sqlite3.Connection, chunks: Sequence[Chunk], dimension: int) -> Matrix:
    """float32 [len(chunks), dimension] in their order. Raises IndexDamaged when one was never stored."""
    matrix = np.zeros((len(chunks), dimension), dtype=np.float32)
    for row, chunk in zip(matrix, chunks, strict=True):
        found = connection.execute("SELECT vector FROM embeddings WHERE text_hash = ?", (text_hash(chunk),)).fetchone()
        if found is None:
            raise IndexDamaged(f"chunk {chunk.chunk_id} has no embedding", hint="rag ingest --rebuild")
        row[:] = np.frombuffer(found[0], dtype="<f4")
    return matrix


def by_row(connection: sqlite3.Connection, rows: int, dimension: int) -> Matrix:
    """float32 [rows, dimension], row r at position r - 1; rows of deleted chunks are zero."""
    matrix = np.zeros((rows, dimension), dtype=np.float32)
    query = "SELECT chunks.row, vector FROM chunks JOIN embeddings USING (text_hash) WHERE chunks.row <= ?"
    for row, vector in connection.execute(query, (rows,)):
        matrix[row - 1] = np.frombuffer(vector, dtype="<f4")
    return matrix


def sweep(connection: sqlite3.Connection) -> None:
    """Drop embeddings that no chunk uses."""
    connection.execute("DELETE FROM embeddings WHERE text_hash NOT IN (SELECT text_hash FROM chunks)")
