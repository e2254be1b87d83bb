"""What the catalog lists: documents, the sources behind them, and what could not be read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ragcli.datatypes import DocumentRecord, SourceFile
from ragcli.index import copies
from ragcli.index.rows import DOCUMENT_COLUMNS, document_of
from ragcli.reports import Failure

IDENTITY_DIGITS = 8  # of a document's identity are enough to name it


def documents(connection: sqlite3.Connection) -> list[DocumentRecord]:
    """Every document, ordered by path."""
    query = f"SELECT {DOCUMENT_COLUMNS} FROM documents ORDER BY documents.path"
    return [document_of(entry) for entry in connection.execute(query)]


def chosen_documents(connection: sqlite3.Connection, rows: Sequence[int]) -> list[DocumentRecord]:
    """The documents at `rows`, ordered by path."""
    query = (
        f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE documents.row IN (SELECT value FROM json_each(?)) "
        "ORDER BY documents.path"
    )
    return [document_of(entry) for entry in connection.execute(query, (json.dumps(list(rows)),))]


def named_documents(connection: sqlite3.Connection, name: str) -> list[DocumentRecord]:
    """The documents, ordered by path, at the path `name` or with a copy there; else those whose identity begins with `name`, if
    that has eight digits or more."""
    by_path = (
        f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE documents.path = ? OR documents.row IN "
        "(SELECT of FROM copies WHERE copies.path = ?) ORDER BY documents.path"
    )
    by_identity = (
        f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE substr(document_id, 1, ?) = ? ORDER BY documents.path"
    )
    found = connection.execute(by_path, (name, name)).fetchall()
    if not found and len(name) >= IDENTITY_DIGITS:
        found = connection.execute(by_identity, (len(name), name)).fetchall()
    return [document_of(entry) for entry in found]


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
