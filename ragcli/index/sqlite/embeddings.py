"""Embeddings in the catalog, by the hash of the embedded text: the part of an index that costs hours to make."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ragcli.datatypes import Chunk, TextVectors
from ragcli.errors import IndexDamaged
from ragcli.index.indexing import text_hash
from ragcli.index.ranking import cosines
from ragcli.index.sqlite.checksums import REBUILD, checked, checksum, damaged

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.index.cache import SizedCache

    Kept = SizedCache[int | str, "Sentences"]

Sentences = tuple[int, bytes, bytes]  # where the chunk starts; the vectors, empty where there are none; their places
_PARAMETERS = 500  # in one statement


def missing(connection: sqlite3.Connection, chunks: Sequence[Chunk], *, sentences: bool) -> dict[bytes, Chunk]:
    """Text hash → a chunk of that text, for those whose text has no stored embedding, or none of its sentences where
    `sentences` are wanted."""
    query = "SELECT 1 FROM embeddings WHERE text_hash = ? AND (sentences IS NOT NULL OR NOT ?)"
    wanted = {text_hash(chunk): chunk for chunk in chunks}
    return {
        key: chunk for key, chunk in wanted.items() if connection.execute(query, (key, sentences)).fetchone() is None
    }


def store(connection: sqlite3.Connection, embedded: Mapping[bytes, TextVectors]) -> None:
    """Add embeddings under their keys; a key that is there already keeps its vector and gets the sentences."""
    connection.executemany(
        "INSERT INTO embeddings (text_hash, vector, sentences, spans, checksum, sentences_checksum) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (text_hash) DO UPDATE SET sentences = excluded.sentences, "
        "spans = excluded.spans, sentences_checksum = excluded.sentences_checksum WHERE excluded.sentences IS NOT NULL",
        (_values_of(key, vectors) for key, vectors in embedded.items()),
    )


def _values_of(key: bytes, vectors: TextVectors) -> tuple[Any, ...]:
    vector = np.ascontiguousarray(vectors.vector, dtype="<f4").tobytes()
    if vectors.sentences is None:
        return key, vector, None, None, checksum(key, vector), None
    sentences = np.asarray(vectors.sentences, dtype="<f2").tobytes()
    spans = np.asarray(vectors.spans, dtype="<i4").tobytes()
    return key, vector, sentences, spans, checksum(key, vector), checksum(key, sentences, spans)


def of_chunks(connection: sqlite3.Connection, chunks: Sequence[Chunk], dimension: int) -> Matrix:
    """float32 [len(chunks), dimension] in their order. Raises IndexDamaged when one was never stored."""
    matrix = np.zeros((len(chunks), dimension), dtype=np.float32)
    for row, chunk in zip(matrix, chunks, strict=True):
        key = text_hash(chunk)
        found = connection.execute("SELECT vector, checksum FROM embeddings WHERE text_hash = ?", (key,)).fetchone()
        if found is None:
            raise IndexDamaged(f"chunk {chunk.chunk_id} has no embedding", hint=REBUILD)
        row[:] = _vector(key, *found)
    return matrix


def by_row(connection: sqlite3.Connection, rows: int, dimension: int, *, first: int = 1) -> Matrix:
    """float32 [rows, dimension], row r at position r - `first`; rows of deleted chunks are zero. Raises IndexDamaged unless the
    embeddings are what was written."""
    matrix = np.zeros((rows, dimension), dtype=np.float32)
    query = (
        "SELECT chunks.row, text_hash, vector, embeddings.checksum FROM chunks LEFT JOIN embeddings USING (text_hash) "
        "WHERE chunks.row BETWEEN ? AND ?"
    )
    for row, *stored in connection.execute(query, (first, first + rows - 1)):
        matrix[row - first] = _vector(*stored)
    return matrix


def _vector(key: bytes, vector: bytes, stored: int) -> Vector:
    """The vector that is kept under a key. Raises IndexDamaged unless it is what was written."""
    checked(stored, "an embedding", key, vector)
    return np.frombuffer(vector, dtype="<f4")


def best_sentences(connection: sqlite3.Connection, kept: Kept, rows: Sequence[int], vector: Vector) -> dict[int, float]:
    """Row → the largest cosine of `vector` with a sentence of the chunk; rows without sentence vectors are left out. What is in
    `kept` is not read again."""
    found = {int(row): kept.get(int(row)) for row in rows}
    wanted = [row for row, entry in found.items() if entry is None]
    for first in range(0, len(wanted), _PARAMETERS):
        part = wanted[first : first + _PARAMETERS]
        query = (
            "SELECT chunks.row, start, embeddings.text_hash, sentences, spans, sentences_checksum FROM chunks "
            f"LEFT JOIN embeddings USING (text_hash) WHERE chunks.row IN ({','.join('?' * len(part))})"
        )
        for row, start, *stored in connection.execute(query, part):
            found[row] = read = (start, *_sentences(*stored))
            kept.put(row, read)
    blobs = {row: entry[1] for row, entry in found.items() if entry and entry[1]}
    if not blobs:
        return {}
    width = 2 * len(vector)
    near = cosines(
        np.frombuffer(b"".join(blobs.values()), dtype="<f2").reshape(-1, len(vector)).astype(np.float32), vector
    )
    starts = np.cumsum([0, *(len(blob) // width for blob in blobs.values())])[:-1]
    return dict(zip(blobs, np.maximum.reduceat(near, starts).tolist(), strict=True))


def sentences_of(
    connection: sqlite3.Connection, kept: Kept, chunk_ids: Sequence[str], vector: Vector
) -> dict[str, list[tuple[int, int, float]]]:
    """Chunk id → (start, end, cosine with `vector`) of each sentence, places in the document; chunks without are left out. What
    is in `kept` is not read again."""
    found: dict[str, list[tuple[int, int, float]]] = {}
    for chunk_id in chunk_ids:
        start, sentences, places = kept.get(chunk_id) or _read_sentences(connection, kept, chunk_id)
        if not sentences:
            continue
        near = cosines(np.frombuffer(sentences, dtype="<f2").reshape(-1, len(vector)).astype(np.float32), vector)
        spans = np.frombuffer(places, dtype="<i4").reshape(-1, 2) + start
        found[chunk_id] = [(int(s), int(e), float(c)) for (s, e), c in zip(spans, near, strict=True)]
    return found


def _read_sentences(connection: sqlite3.Connection, kept: Kept, chunk_id: str) -> Sentences:
    query = (
        "SELECT start, embeddings.text_hash, sentences, spans, sentences_checksum FROM chunks "
        "LEFT JOIN embeddings USING (text_hash) WHERE chunk_id = ?"
    )
    entry = connection.execute(query, (chunk_id,)).fetchone()
    found: Sentences = (entry[0], *_sentences(*entry[1:])) if entry else (0, b"", b"")
    if entry:
        kept.put(chunk_id, found)
    return found


def _sentences(
    key: bytes | None, sentences: bytes | None, spans: bytes | None, stored: int | None
) -> tuple[bytes, bytes]:
    """The vectors and the places of sentences that are kept under a key, empty where there are none. Raises IndexDamaged unless
    they are what was written, and where there is no such key: every chunk has an embedding."""
    if key is None:
        raise damaged("an embedding")
    if sentences is None and stored is None:
        return b"", b""
    checked(stored, "the vectors of sentences", key, sentences, spans)
    return sentences or b"", spans or b""


def drop_sentences(connection: sqlite3.Connection) -> None:
    """Forget all sentence vectors."""
    connection.execute("UPDATE embeddings SET sentences = NULL, spans = NULL, sentences_checksum = NULL")


def sweep(connection: sqlite3.Connection) -> None:
    """Drop embeddings that no chunk uses."""
    connection.execute("DELETE FROM embeddings WHERE text_hash NOT IN (SELECT text_hash FROM chunks)")
