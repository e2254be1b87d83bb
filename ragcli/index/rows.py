"""Documents and chunks as rows of the catalog, in both directions."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ragcli.datatypes import Chunk, Document, DocumentRecord, Extent, NewDocument, Section, SourceFile, Span, chunk_id
from ragcli.errors import IndexDamaged

DOCUMENT_COLUMNS = """documents.document_id, documents.path, documents.root, type, title, documents.chunks, has_lines,
                      page_starts, language, metadata, partial,
                      (SELECT json_group_array(copies.path) FROM copies WHERE copies.of = documents.row),
                      documents.ctime_ns != 0"""
SOURCE_COLUMNS = "document_id, path, root, size, mtime_ns, ctime_ns, content_hash"  # of documents and of copies
CHUNK_COLUMNS = """chunks.row, chunk_id, ordinal, text, tail, start, "end", page_start, page_end, line_start, line_end,
                   headings, header, tokens, sections, blocks"""
CHUNK_WIDTH = 16  # columns of a chunk, after which those of its document follow


def text_hash(chunk: Chunk) -> bytes:
    """The key of a chunk's embedding: SHA-256 of what is embedded."""
    return hashlib.sha256(chunk.searchable_text.encode("utf-8", errors="surrogatepass")).digest()


def insert_document(connection: sqlite3.Connection, new: NewDocument, now: str) -> int:
    """Add a document's row and return its number."""
    document, source = new.document, new.source
    cursor = connection.execute(
        "INSERT INTO documents (document_id, path, root, type, title, size, mtime_ns, ctime_ns, content_hash, has_lines, "
        "page_starts, chunks, ingested_at, metadata, language, partial, reader) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.document_id, source.path, source.root, document.type, document.title, source.size, source.mtime_ns,
            source.ctime_ns, source.content_hash, document.has_lines, json.dumps(document.page_starts), len(new.chunks),
            now, json.dumps(dict(document.metadata)), document.language, document.partial, new.reader,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def insert_chunks(connection: sqlite3.Connection, first_row: int, document_row: int, chunks: Sequence[Chunk]) -> None:
    """Add the chunks of a document as rows first_row, first_row + 1, …"""
    connection.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                row, chunk.chunk_id, document_row, chunk.ordinal, chunk.text, chunk.tail, chunk.header,
                json.dumps(chunk.headings, ensure_ascii=False),
                json.dumps([[section.start, section.headings] for section in chunk.sections], ensure_ascii=False),
                chunk.span.start, chunk.span.end, chunk.span.page_start, chunk.span.page_end, chunk.span.line_start,
                chunk.span.line_end, chunk.tokens, text_hash(chunk), json.dumps(chunk.blocks),
            )
            for row, chunk in enumerate(chunks, start=first_row)
        ],
    )  # fmt: skip


def chunk_of(entry: Sequence[Any]) -> Chunk:
    """The chunk in CHUNK_COLUMNS followed by DOCUMENT_COLUMNS."""
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


def document_of(entry: Sequence[Any]) -> DocumentRecord:
    """The document in DOCUMENT_COLUMNS."""
    pages, language, metadata, partial, copies, is_file = entry[7:]
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
        copies=tuple(sorted(json.loads(copies))),
        is_file=bool(is_file),
    )


def moved_chunk(chunk: Chunk, document_id: str) -> Chunk:
    """The same chunk of another document."""
    return replace(chunk, chunk_id=chunk_id(document_id, chunk.span.start, chunk.span.end, chunk.header, chunk.text),
                   document_id=document_id)  # fmt: skip


def moved_document(record: DocumentRecord, source: SourceFile) -> Document:
    """A known document as it is inserted for another source; its text lies in its chunks."""
    return Document(
        document_id=source.document_id,
        path=source.path,
        type=record.type,
        title=record.title,
        text="",
        blocks=(),
        page_starts=record.page_starts,
        has_lines=record.has_lines,
        metadata=record.metadata,
        language=record.language,
        partial=record.partial,
    )
