"""What the catalog lists: documents, the sources behind them, and what could not be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import DocumentRecord, SourceFile
from ragcli.index.entries import Counts, Listing
from ragcli.index.sqlite.checksums import COPY, DOCUMENT, checked, damaged
from ragcli.index.sqlite.remembered import among
from ragcli.index.sqlite.rows import DOCUMENT_COLUMNS, SOURCE_COLUMNS, check_document, document_of
from ragcli.metadata import redacted_counts

if TYPE_CHECKING:
    from ragcli.reports import Failure

_LISTINGS = f"SELECT {DOCUMENT_COLUMNS}, {SOURCE_COLUMNS} FROM documents"
_SOURCE = tuple(DOCUMENT.index(name) for name in COPY)  # places of what a source is, among the columns of a document
IDENTITY_DIGITS = 8  # of a document's identity are enough to name it


def page(connection: sqlite3.Connection, after: str, limit: int) -> list[Listing]:
    """See `ragcli.index.protocol.Catalog.page`."""
    query = f"{_LISTINGS} WHERE document_id > ? ORDER BY document_id LIMIT ?"
    return _listings(connection, connection.execute(query, (after, limit)).fetchall())


def listings(connection: sqlite3.Connection, document_ids: Sequence[str]) -> list[Listing]:
    """See `ragcli.index.protocol.Catalog.listings`."""
    query = (
        "SELECT documents.document_id FROM copies JOIN documents ON documents.row = of WHERE copies.document_id IN ({})"
    )
    copied = [entry[0] for entry in among(connection, query, document_ids)]
    query = f"{_LISTINGS} WHERE document_id IN ({{}})"
    found = _listings(connection, list(among(connection, query, dict.fromkeys([*document_ids, *copied]))))
    return sorted(found, key=lambda entry: entry.document_id)


def files(connection: sqlite3.Connection, after: str, limit: int) -> list[SourceFile]:
    """See `ragcli.index.protocol.Catalog.files`. Raises IndexDamaged unless they are what was written."""
    found = []
    query = f"SELECT {', '.join(DOCUMENT)}, checksum FROM documents WHERE document_id > ? ORDER BY document_id LIMIT ?"
    for entry in connection.execute(query, (after, limit)):
        check_document(entry)
        found.append(SourceFile(*(entry[place] for place in _SOURCE)))
    own = ", ".join(f"copies.{name}" for name in COPY)
    query = (
        f"SELECT {own}, documents.document_id, copies.checksum FROM copies JOIN documents ON documents.row = of "
        "WHERE copies.document_id > ? ORDER BY copies.document_id LIMIT ?"
    )
    for *values, stored in connection.execute(query, (after, limit)):
        checked(stored, f"a copy at {values[1]}", *values)
        found.append(SourceFile(*values[:-1]))
    return sorted(found, key=lambda source: source.document_id)[:limit]


def _listings(connection: sqlite3.Connection, found: Sequence[Sequence[Any]]) -> list[Listing]:
    """Those of rows of `_LISTINGS`, in their order, with their copies."""
    width = len(SOURCE_COLUMNS.split(","))
    own = ", ".join(f"copies.{name}" for name in SOURCE_COLUMNS.split(", "))
    query = (
        f"SELECT documents.document_id, {own} FROM copies JOIN documents ON documents.row = of "
        "WHERE documents.document_id IN ({}) ORDER BY copies.path"
    )
    copies: dict[str, list[SourceFile]] = {}
    for identity, *source in among(connection, query, [entry[0] for entry in found]):
        copies.setdefault(identity, []).append(SourceFile(*source))
    return [
        Listing(document_of(entry[:-width]), SourceFile(*entry[-width:]), tuple(copies.get(entry[0], ())))
        for entry in found
    ]


def find(connection: sqlite3.Connection, paths: Sequence[str]) -> dict[str, DocumentRecord]:
    """See `ragcli.index.protocol.Catalog.find`."""
    found: dict[str, DocumentRecord] = {}
    at_copies = (
        f"SELECT {DOCUMENT_COLUMNS}, copies.path FROM copies JOIN documents ON documents.row = of WHERE copies.path"
    )
    at_documents = f"SELECT {DOCUMENT_COLUMNS}, documents.path FROM documents WHERE documents.path"
    for query in (at_documents, at_copies):
        for *entry, path in among(connection, query + " IN ({}) ORDER BY documents.row", paths):
            found.setdefault(path, document_of(entry))
    return found


def sources(connection: sqlite3.Connection, paths: Sequence[str]) -> dict[str, SourceFile]:
    """See `ragcli.index.protocol.Catalog.sources`. Raises IndexDamaged when a document is there that SQLite's index of paths
    does not list: a file that is not found would count as fresh."""
    found: dict[str, SourceFile] = {}
    for table, order in (("documents", "row"), ("copies", "document_id")):
        query = f"SELECT {SOURCE_COLUMNS} FROM {table} WHERE path IN ({{}}) ORDER BY {order}"
        for entry in among(connection, query, paths):
            found.setdefault(entry[1], SourceFile(*entry))
    lost = [path for path in paths if path not in found]
    if any(among(connection, "SELECT 1 FROM documents NOT INDEXED WHERE path IN ({})", lost)):
        raise damaged("the list of paths")
    return found


def roots(connection: sqlite3.Connection) -> list[str]:
    """See `ragcli.index.protocol.Catalog.roots`."""
    query = (
        "SELECT root FROM documents WHERE ctime_ns != 0 UNION SELECT root FROM copies WHERE ctime_ns != 0 ORDER BY root"
    )
    return [entry[0] for entry in connection.execute(query)]


def failures(connection: sqlite3.Connection, *, skipped: bool) -> list[Failure]:
    """Files that could not be read, ordered by path; with `skipped`, also those that are no documents."""
    from ragcli.reports import Failure

    query = "SELECT path, reason, skipped FROM failures WHERE skipped <= ? ORDER BY path"
    return [
        Failure(path, reason, bool(is_skipped)) for path, reason, is_skipped in connection.execute(query, (skipped,))
    ]


def partly_read(connection: sqlite3.Connection) -> list[Failure]:
    """Documents of which something could not be read, ordered by path, with the reason."""
    from ragcli.reports import Failure

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


def counts(connection: sqlite3.Connection, window: int) -> Counts:
    """See `ragcli.index.protocol.Catalog.counts`."""
    found = int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])
    copied = int(connection.execute("SELECT count(*) FROM copies").fetchone()[0])
    query = "SELECT count(*), coalesce(sum(tokens > ?), 0) FROM chunks"
    chunks, over = connection.execute(query, (window,)).fetchone()
    return Counts(found, copied, int(chunks), int(over))
