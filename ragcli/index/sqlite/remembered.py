"""What a writer asks of the sources that the catalog remembers, by id and by content."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import Chunk, SourceFile
from ragcli.index.sqlite.rows import CHUNK_COLUMNS, CHUNK_WIDTH, DOCUMENT_COLUMNS, SOURCE_COLUMNS, chunk_of, document_of
from ragcli.protocols import REDACTION

if TYPE_CHECKING:
    from ragcli.reports import Failure

_PARAMETERS = 500  # in one statement


def among(connection: sqlite3.Connection, query: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of `query`, in which `{}` is a list of some of the `values`, for all of them."""
    every = list(values)
    for first in range(0, len(every), _PARAMETERS):
        part = every[first : first + _PARAMETERS]
        yield from connection.execute(query.format(",".join("?" * len(part))), part).fetchall()


def known(connection: sqlite3.Connection, document_ids: Iterable[str]) -> dict[str, SourceFile]:
    """What is remembered of the sources of those of these documents and copies that are there, by id."""
    ids = list(document_ids)
    found = [
        SourceFile(*entry)
        for table in ("documents", "copies")
        for entry in among(connection, f"SELECT {SOURCE_COLUMNS} FROM {table} WHERE document_id IN ({{}})", ids)
    ]
    return {source.document_id: source for source in found}


def twins(connection: sqlite3.Connection, content_hashes: Iterable[str]) -> list[SourceFile]:
    """The sources of the documents with one of these contents, in the order of their arrival; no copies."""
    query = f"SELECT {SOURCE_COLUMNS}, row FROM documents WHERE content_hash IN ({{}})"
    found = sorted(among(connection, query, content_hashes), key=lambda entry: int(entry[-1]))
    return [SourceFile(*entry[:-1]) for entry in found]


def copied(connection: sqlite3.Connection, document_ids: Iterable[str]) -> frozenset[str]:
    """Which of these documents have copies."""
    query = "SELECT document_id FROM documents WHERE row IN (SELECT of FROM copies) AND document_id IN ({})"
    return frozenset(entry[0] for entry in among(connection, query, document_ids))


def failed(connection: sqlite3.Connection, document_ids: Iterable[str]) -> dict[str, tuple[SourceFile, Failure, str]]:
    """The remembered failures of these sources, by id, with the version of the reader that gave up."""
    from ragcli.reports import Failure

    query = (
        "SELECT document_id, path, root, size, mtime_ns, ctime_ns, '', reason, skipped, reader FROM failures "
        "WHERE document_id IN ({})"
    )
    return {
        entry[0]: (SourceFile(*entry[:7]), Failure(entry[1], entry[7], bool(entry[8])), entry[9])
        for entry in among(connection, query, document_ids)
    }


def page(connection: sqlite3.Connection, after: str, limit: int) -> Sequence[SourceFile]:
    """See `ragcli.index.protocol.Writer.page`."""
    query = f"""
        SELECT {SOURCE_COLUMNS} FROM documents WHERE document_id > :after
        UNION ALL SELECT {SOURCE_COLUMNS} FROM copies WHERE document_id > :after
        UNION ALL SELECT document_id, path, root, size, mtime_ns, ctime_ns, '' FROM failures
            WHERE document_id > :after AND document_id NOT IN (SELECT document_id FROM documents)
            AND document_id NOT IN (SELECT document_id FROM copies)
        ORDER BY document_id LIMIT :limit"""
    return [SourceFile(*entry) for entry in connection.execute(query, {"after": after, "limit": limit})]


def outdated(connection: sqlite3.Connection, changed: Mapping[str, int], redaction: str) -> frozenset[str]:
    """See `ragcli.index.protocol.Writer.outdated`. Chunks of before format 4 do not know their blocks."""
    query = (
        "SELECT DISTINCT documents.row, document_id, type, CAST(reader AS INTEGER), reader, blocks = '[]' FROM chunks "
        "JOIN documents ON documents.row = document_row"
    )
    found = {
        row: name
        for row, name, type_, number, reader, bare in connection.execute(query)
        if bare or number < changed.get(type_, 0) or reader.partition(REDACTION)[2] != redaction
    }
    copied = connection.execute("SELECT document_id, of FROM copies")
    return frozenset([*found.values(), *(name for name, of in copied if of in found)])


def chunks_without_sentences(connection: sqlite3.Connection, limit: int) -> list[tuple[Chunk, str]]:
    """At most `limit` chunks, in the order of rows, with the types of their documents, whose sentences have no vectors."""
    query = (
        f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row "
        "JOIN embeddings USING (text_hash) WHERE sentences IS NULL ORDER BY chunks.row LIMIT ?"
    )
    found = connection.execute(query, (limit,)).fetchall()
    return [(chunk_of(entry), document_of(entry[CHUNK_WIDTH:]).type) for entry in found]
