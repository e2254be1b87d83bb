"""What the catalog lists: documents, the sources behind them, and what could not be read."""

from __future__ import annotations

import sqlite3

from ragcli.datatypes import DocumentRecord, SourceFile
from ragcli.index import copies
from ragcli.index.rows import DOCUMENT_COLUMNS, document_of
from ragcli.metadata import redacted_counts
from ragcli.reports import Failure


def documents(connection: sqlite3.Connection) -> list[DocumentRecord]:
    """Every document, ordered by path."""
    query = f"SELECT {DOCUMENT_COLUMNS} FROM documents ORDER BY documents.path"
    return [document_of(entry) for entry in connection.execute(query)]


def files(connection: sqlite3.Connection) -> list[SourceFile]:
    """What is remembered of the source of every document and copy, ordered by path."""
    query = "SELECT document_id, path, root, size, mtime_ns, ctime_ns, content_hash FROM documents"
    found = [SourceFile(*entry) for entry in connection.execute(query)]
    return sorted([*found, *copies.sources(connection).values()], key=lambda source: source.path)


def file(connection: sqlite3.Connection, path: str) -> SourceFile | None:
    """What is remembered of the source of the document at `path`, which is no copy; None when there is none."""
    query = "SELECT document_id, path, root, size, mtime_ns, ctime_ns, content_hash FROM documents WHERE path = ?"
    entry = connection.execute(query, (path,)).fetchone()
    return SourceFile(*entry) if entry else None


def failures(connection: sqlite3.Connection, *, skipped: bool) -> list[Failure]:
    """Files that could not be read, ordered by path; with `skipped`, also those that are no documents."""
    query = "SELECT path, reason, skipped FROM failures WHERE skipped <= ? ORDER BY path"
    return [
        Failure(path, reason, bool(is_skipped)) for path, reason, is_skipped in connection.execute(query, (skipped,))
    ]


def partly_read(connection: sqlite3.Connection) -> list[Failure]:
    """Documents of which something could not be read, ordered by path, with the reason."""
    query = "SELECT path, partial FROM documents WHERE partial != '' ORDER BY path"
    return [Failure(path, reason) for path, reason in connection.execute(query)]


def redacted(connection: sqlite3.Connection) -> dict[str, int]:
    """Placeholders in all documents, by kind."""
    query = "SELECT json_extract(metadata, '$.redacted') FROM documents WHERE metadata LIKE '%\"redacted\"%'"
    return redacted_counts(value for (value,) in connection.execute(query) if value)


def folders(connection: sqlite3.Connection) -> list[str]:
    """See `CatalogReader.folders`."""
    found: set[str] = set()
    for (path,) in connection.execute("SELECT path FROM documents"):
        parts = path.split("/")[:-1]
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(found - {"", "..", "."})


def type_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Type → documents, the most frequent first."""
    query = "SELECT type, count(*) FROM documents GROUP BY type ORDER BY count(*) DESC, type"
    return dict(connection.execute(query).fetchall())


def counts(connection: sqlite3.Connection, window: int) -> tuple[int, int, int]:
    """Documents, chunks, and chunks of more than `window` tokens (what a model with that window cannot see whole)."""
    found = int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])
    query = "SELECT count(*), coalesce(sum(tokens > ?), 0) FROM chunks"
    chunks, over = connection.execute(query, (window,)).fetchone()
    return found, int(chunks), int(over)
