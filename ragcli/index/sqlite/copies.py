"""Files with the same content are one document: the first is indexed, the others are its copies, remembered by path.

When a document goes and a copy stays, the copy takes its place, as a new document with the same chunks; nothing is embedded.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from ragcli.datatypes import NewDocument, SourceFile
from ragcli.index.indexing import moved_chunk, moved_document
from ragcli.index.sqlite.checksums import DOCUMENT, seal
from ragcli.index.sqlite.rows import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    SOURCE_COLUMNS,
    chunk_of,
    document_of,
)


def add(connection: sqlite3.Connection, copies: Sequence[tuple[SourceFile, str]]) -> None:
    """Remember each source as a copy of the document with the id beside it. Raises ValueError when that is not there."""
    cursor = connection.executemany(
        "INSERT OR REPLACE INTO copies SELECT ?, row, ?, ?, ?, ?, ?, ?, 0 FROM documents WHERE document_id = ?",
        [
            (s.document_id, s.path, s.root, s.size, s.mtime_ns, s.ctime_ns, s.content_hash, of)
            for s, of in copies
        ],
    )  # fmt: skip
    if cursor.rowcount != len(copies):
        raise ValueError(f"{len(copies) - cursor.rowcount} copies of documents that are not in the index")
    for source, _ in copies:
        seal(connection, "copies", "document_id", source.document_id)


def touch(connection: sqlite3.Connection, source: SourceFile) -> None:
    """Remember new times of a copy; nothing happens for what is none."""
    connection.execute(
        "UPDATE copies SET size = ?, mtime_ns = ?, ctime_ns = ?, root = ? WHERE document_id = ?",
        (source.size, source.mtime_ns, source.ctime_ns, source.root, source.document_id),
    )
    seal(connection, "copies", "document_id", source.document_id)


def remove(connection: sqlite3.Connection, document_ids: Sequence[str]) -> int:
    """Forget copies; returns how many of the ids were copies."""
    return sum(
        connection.execute("DELETE FROM copies WHERE document_id = ?", (identity,)).rowcount
        for identity in document_ids
    )


def heirs(connection: sqlite3.Connection, document_ids: Sequence[str]) -> list[tuple[NewDocument, list[SourceFile]]]:
    """For each of these documents that has copies beyond these ids: the copy that takes its place, ready to be committed, and
    the copies that are then its own."""
    leaving, found = set(document_ids), []
    for identity in document_ids:
        staying = [
            SourceFile(*entry)
            for entry in connection.execute(
                f"SELECT {_prefixed('copies')} FROM copies JOIN documents ON documents.row = of "
                "WHERE documents.document_id = ? ORDER BY copies.path",
                (identity,),
            )
            if entry[0] not in leaving
        ]
        if staying:
            found.append((_inherited(connection, identity, staying[0]), staying[1:]))
    return found


def of_same_content(
    connection: sqlite3.Connection, hashes: Mapping[str, str], leaving: Sequence[str]
) -> dict[str, list[SourceFile]]:
    """For each of the documents in `hashes` (document id → content hash) that is here with the same content and has copies:
    those of them that are not `leaving`."""
    query = (
        f"SELECT documents.document_id, {_prefixed('copies')} FROM copies JOIN documents ON documents.row = of "
        "WHERE documents.document_id = ? AND documents.content_hash = ? ORDER BY copies.path"
    )
    found: dict[str, list[SourceFile]] = {}
    gone = set(leaving)
    for wanted in hashes.items():
        for identity, *copy in connection.execute(query, wanted):
            if copy[0] not in gone:
                found.setdefault(identity, []).append(SourceFile(*copy))
    return found


def _inherited(connection: sqlite3.Connection, document_id: str, source: SourceFile) -> NewDocument:
    rows = connection.execute(
        f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row "
        "WHERE document_id = ? ORDER BY ordinal",
        (document_id,),
    ).fetchall()
    entry = connection.execute(
        f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE document_id = ?", (document_id,)
    ).fetchone()
    chunks = [moved_chunk(chunk_of(row), source.document_id) for row in rows]
    return NewDocument(source, moved_document(document_of(entry), source), chunks, entry[DOCUMENT.index("reader")])


def _prefixed(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in SOURCE_COLUMNS.split(", "))
