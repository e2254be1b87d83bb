"""Documents and chunks as rows of the catalog, in both directions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from ragcli.datatypes import Chunk, DocumentRecord, Extent, NewDocument, Section, SourceFile, Span
from ragcli.errors import IndexDamaged
from ragcli.index.indexing import text_hash
from ragcli.index.sqlite.checksums import CHUNK, COPY, DOCUMENT, checked, checksum, damaged, seal

_COPIES = ", ".join([*(f"copies.{name}" for name in COPY), "copies.checksum"])
DOCUMENT_COLUMNS = f"""{", ".join(f"documents.{name}" for name in DOCUMENT)}, documents.checksum, copies_checksum,
                       (SELECT json_group_array(json_array({_COPIES})) FROM copies WHERE copies.of = documents.row)"""
DOCUMENT_WIDTH = len(DOCUMENT) + 3
SOURCE_COLUMNS = ", ".join(COPY)  # of documents and of copies
CHUNK_COLUMNS = ", ".join(f"chunks.{name}" for name in (*CHUNK, "checksum"))
_TEXT, _HEADER = CHUNK.index("text"), CHUNK.index("header")
_PARAMETERS = 500  # in one statement
CHUNK_WIDTH = len(CHUNK) + 1  # columns of a chunk, after which those of its document follow


def insert_document(connection: sqlite3.Connection, new: NewDocument, now: str) -> int:
    """Add a document's row and return its number."""
    document, source = new.document, new.source
    cursor = connection.execute(
        "INSERT INTO documents (document_id, path, root, type, title, size, mtime_ns, ctime_ns, content_hash, has_lines, "
        "page_starts, chunks, ingested_at, metadata, language, partial, reader) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.document_id, source.path, source.root, document.type, document.title, source.size, source.mtime_ns,
            source.ctime_ns, source.content_hash, int(document.has_lines), json.dumps(document.page_starts), len(new.chunks),
            now, json.dumps(dict(document.metadata)), document.language, document.partial, new.reader,
        ),
    )  # fmt: skip
    row = int(cursor.lastrowid or 0)
    seal(connection, "documents", "row", row)
    return row


def touch_document(connection: sqlite3.Connection, source: SourceFile) -> None:
    """Remember new times of the source of a document; nothing happens for what is none."""
    connection.execute(
        "UPDATE documents SET size = ?, mtime_ns = ?, ctime_ns = ?, root = ? WHERE document_id = ?",
        (source.size, source.mtime_ns, source.ctime_ns, source.root, source.document_id),
    )
    seal(connection, "documents", "document_id", source.document_id)


def delete_documents(connection: sqlite3.Connection, document_ids: Sequence[str]) -> list[int]:
    """Delete documents with their chunks; returns the rows of these, which the word index still holds."""
    query = "SELECT chunks.row FROM chunks JOIN documents ON documents.row = document_row WHERE document_id = ?"
    rows = [entry[0] for identity in document_ids for entry in connection.execute(query, (identity,))]
    connection.executemany("DELETE FROM documents WHERE document_id = ?", [(identity,) for identity in document_ids])
    return rows


def insert_chunks(connection: sqlite3.Connection, first_row: int, document_row: int, chunks: Sequence[Chunk]) -> None:
    """Add the chunks of a document as rows first_row, first_row + 1, …"""
    connection.executemany(
        f"INSERT INTO chunks ({', '.join(CHUNK)}, document_row, checksum) VALUES ({', '.join('?' * (len(CHUNK) + 2))})",
        [
            (*values, document_row, checksum(*values, chunk.document_id))
            for row, chunk in enumerate(chunks, start=first_row)
            for values in [_values_of(row, chunk)]
        ],
    )


def _values_of(row: int, chunk: Chunk) -> tuple[Any, ...]:
    """A chunk in the columns `CHUNK`."""
    span = chunk.span
    return (
        row, chunk.chunk_id, chunk.ordinal, chunk.text, chunk.tail, span.start, span.end, span.page_start, span.page_end,
        span.line_start, span.line_end, json.dumps(chunk.headings, ensure_ascii=False), chunk.header, chunk.tokens,
        json.dumps([[section.start, section.headings] for section in chunk.sections], ensure_ascii=False),
        json.dumps(chunk.blocks), text_hash(chunk),
    )  # fmt: skip


def chunk_of(entry: Sequence[Any]) -> Chunk:
    """The chunk in CHUNK_COLUMNS followed by DOCUMENT_COLUMNS. Raises IndexDamaged unless it is what was written."""
    checked(entry[CHUNK_WIDTH - 1], f"chunk {entry[0]}", *entry[: CHUNK_WIDTH - 1], entry[CHUNK_WIDTH])
    return Chunk(
        chunk_id=entry[1],
        document_id=entry[CHUNK_WIDTH],
        ordinal=_number(entry[2]),
        text=entry[3],
        tail=entry[4],
        span=Span(_number(entry[5]), _number(entry[6]), *(None if n is None else _number(n) for n in entry[7:11])),
        headings=tuple(json.loads(entry[11])),
        header=entry[12],
        tokens=_number(entry[13]),
        sections=tuple(Section(_number(start), tuple(headings)) for start, headings in json.loads(entry[14])),
        blocks=tuple(Extent(*block) for block in json.loads(entry[15])),
    )


def _number(value: object) -> int:
    """What SQLite, whose columns hold values of any type, has where a number belongs. Raises IndexDamaged when it is none."""
    if type(value) is not int:
        raise IndexDamaged(
            f"the index holds {str(value)[:40]!r} where a number belongs", hint="delete the index, and: rag ingest PATH"
        )
    return value


def texts_at(connection: sqlite3.Connection, rows: Sequence[int]) -> list[tuple[Chunk, str]]:
    """The chunks at a few rows with the languages of their documents, in the order of rows. Raises IndexDamaged when one is not
    there, or not what was written."""
    found = connection.execute(
        f"SELECT {CHUNK_COLUMNS}, documents.document_id, language FROM chunks JOIN documents ON documents.row = document_row "
        f"WHERE chunks.row IN ({','.join('?' * len(rows))}) ORDER BY chunks.row",
        list(rows),
    ).fetchall()
    if len(found) != len(rows):
        raise damaged("the list of passages")
    return [(chunk_of(entry), entry[CHUNK_WIDTH + 1]) for entry in found]


def words_at(connection: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, str, str]]:
    """Row, text and header of the chunks at `rows`, in any order. Raises IndexDamaged when one is not there, or not what was
    written."""
    missing = set(rows)
    for first in range(0, len(rows), _PARAMETERS):
        part = [int(row) for row in rows[first : first + _PARAMETERS]]
        query = (
            f"SELECT {CHUNK_COLUMNS}, documents.document_id FROM chunks JOIN documents ON documents.row = document_row "
            f"WHERE chunks.row IN ({','.join('?' * len(part))})"
        )
        for *values, stored, document in connection.execute(query, part):
            checked(stored, f"chunk {values[0]}", *values, document)
            missing.discard(values[0])
            yield values[0], values[_TEXT], values[_HEADER]
    if missing:
        raise damaged("the list of passages")


def document_of(entry: Sequence[Any]) -> DocumentRecord:
    """The document in DOCUMENT_COLUMNS. Raises IndexDamaged unless it and its copies are what was written."""
    check_document(entry)
    pages, language, metadata, partial = entry[7:11]
    copies = json.loads(entry[DOCUMENT_WIDTH - 1])
    total = 0
    for *values, stored in copies:
        checked(stored, f"a copy of the document {entry[1]}", *values, entry[0])
        total ^= stored
    if total != entry[DOCUMENT_WIDTH - 2]:
        raise damaged(f"the list of copies of the document {entry[1]}")
    return DocumentRecord(
        document_id=entry[0],
        path=entry[1],
        root=entry[2],
        type=entry[3],
        title=entry[4],
        chunks=entry[5],
        has_lines=bool(entry[6]),
        page_starts=tuple(_number(page) for page in json.loads(pages)),
        language=language,
        metadata=json.loads(metadata),
        partial=partial,
        copies=tuple(sorted(copy[1] for copy in copies)),
        is_file=entry[DOCUMENT.index("ctime_ns")] != 0,
    )


def check_document(entry: Sequence[Any]) -> None:
    """Raise IndexDamaged unless the document in DOCUMENT_COLUMNS is what was written."""
    checked(entry[len(DOCUMENT)], f"the document {entry[1]}", *entry[: len(DOCUMENT)])
