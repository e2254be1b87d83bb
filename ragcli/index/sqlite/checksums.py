"""Checksums of what an answer rests on: kept beside each row of the catalog, and compared whenever the row is used.

A checksum is the CRC-32 of the row's values, as text or bytes, joined by U+001F, its key among them. It finds every change
within 32 neighbouring bits, and of other changes all but one in four thousand million; it is no protection against somebody
who means to deceive. A row that was swapped with another one does not fit its key.

    documents   all columns; `copies_checksum`: those of its copies added up (exclusive or), kept by triggers
    chunks      all columns, and the id of the document instead of its row
    copies      all columns, and the id of the document instead of its row
    embeddings  `checksum`: key and vector; `sentences_checksum`: key, vectors and places of sentences, NULL without them
    segments    `checksum`: rows and lengths; `terms_checksum`: the list of terms, which says what postings there must be
    postings    all columns
    vector_runs a run of rows of `vectors.f32`
    meta        the value under `checksum`: all other keys and values

`totals` counts the rows of a table and adds up their checksums (exclusive or), kept by triggers: a row that is lost, or an
older one that is back, shows there.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Any

from ragcli.errors import IndexDamaged

DOCUMENT = (
    "document_id", "path", "root", "type", "title", "chunks", "has_lines", "page_starts", "language", "metadata", "partial",
    "row", "size", "mtime_ns", "ctime_ns", "content_hash", "ingested_at", "reader",
)  # fmt: skip
CHUNK = (
    "row", "chunk_id", "ordinal", "text", "tail", "start", '"end"', "page_start", "page_end", "line_start", "line_end",
    "headings", "header", "tokens", "sections", "blocks", "text_hash",
)  # fmt: skip
COPY = ("document_id", "path", "root", "size", "mtime_ns", "ctime_ns", "content_hash")
REBUILD = "rag ingest --rebuild makes the index anew from your files"


def checksum(*values: str | bytes | float | None) -> int:
    """The checksum of a row's values, in their order; each is a text, bytes, a number or NULL. Bytes differ from a text of the
    same characters: one bit tells them apart in SQLite's files."""
    return zlib.crc32(
        b"\x1f".join(
            [b"\0" + value if type(value) is bytes else str(value).encode("utf-8", "surrogatepass") for value in values]
        )
    )


def checked(stored: object, what: str, *values: Any) -> None:
    """Raise IndexDamaged, naming `what`, unless `stored` is the checksum of `values`."""
    if stored != checksum(*values):
        raise damaged(what)


def damaged(what: str) -> IndexDamaged:
    """The error that says of a part of an index that it is not what was written."""
    return IndexDamaged(f"the index is damaged: {what} is not what was written", hint=REBUILD)


def teach(connection: sqlite3.Connection) -> None:
    """Let SQL on this connection compute checksums, as `row_checksum(…)`."""
    connection.create_function("row_checksum", -1, checksum, deterministic=True)


_DOCUMENT_ID = "(SELECT document_id FROM documents WHERE documents.row = {})"
_VALUES = {
    "documents": ", ".join(DOCUMENT),
    "chunks": f"{', '.join(CHUNK)}, {_DOCUMENT_ID.format('document_row')}",
    "copies": f"{', '.join(f'copies.{name}' for name in COPY)}, {_DOCUMENT_ID.format('copies.of')}",
    "embeddings": "text_hash, vector",
    "segments": "segment, level, first_row, lengths, document_rows",
    "postings": "term, segment, rows, frequencies",
}
_SENTENCES = "CASE WHEN sentences IS NOT NULL THEN row_checksum(text_hash, sentences, spans) END"
SEAL_META = """
INSERT OR REPLACE INTO meta SELECT 'checksum', CAST(row_checksum(group_concat(key || ' ' || value, char(10))) AS TEXT)
FROM (SELECT key, value FROM meta WHERE key != 'checksum' ORDER BY key) HAVING count(*)"""
_SEAL_TERMS = """
UPDATE segments SET terms = (SELECT coalesce(group_concat(term, char(10)), '')
    FROM (SELECT term FROM postings WHERE postings.segment = segments.segment ORDER BY term)){where};
UPDATE segments SET terms_checksum = row_checksum(segment, terms){where};
"""
SEAL_ALL = (
    "".join(f"UPDATE {table} SET checksum = row_checksum({values});\n" for table, values in _VALUES.items())
    + f"UPDATE embeddings SET sentences_checksum = {_SENTENCES};\n"
    + _SEAL_TERMS.format(where="")
    + SEAL_META
    + ";\n"
)  # for a catalog that had no checksums, and whose totals are there


def _added(column: str, one: str) -> str:
    """`column` with one more checksum; SQLite has no exclusive or, but a | b less a & b is the same."""
    return f"{column} = ({column} | {one}) - ({column} & {one})"


def _triggers(table: str, value: str) -> str:
    new, old = value.format("new"), value.format("old")

    def add(one: str, rows: int) -> str:
        return f"UPDATE totals SET rows = rows + {rows}, {_added('checksum', one)} WHERE name = '{table}';"

    return f"""
INSERT INTO totals SELECT '{table}', count(*), 0 FROM {table};
CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN {add(new, 1)} END;
CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN {add(old, -1)} END;
CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} WHEN {new} IS NOT {old} BEGIN {add(old, 0)} {add(new, 0)} END;
"""


SUMMED = {
    "documents": "{0}.checksum",
    "chunks": "{0}.checksum",
    "copies": "{0}.checksum",
    "embeddings": "({0}.checksum + coalesce({0}.sentences_checksum, 0))",
}
CREATE_TOTALS = (
    "CREATE TABLE totals (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;\n"
    + "".join(_triggers(table, value) for table, value in SUMMED.items())
    + "".join(
        f"CREATE TRIGGER copies_of_{event} AFTER {event} ON copies BEGIN "
        + "".join(
            f"UPDATE documents SET {_added('copies_checksum', f'{row}.checksum')} WHERE row = {row}.of;" for row in rows
        )
        + " END;\n"
        for event, rows in (("INSERT", ["new"]), ("DELETE", ["old"]), ("UPDATE", ["old", "new"]))
    )
)
CREATE_RUNS = """
CREATE TABLE vector_runs (first_row INTEGER PRIMARY KEY, rows INTEGER NOT NULL, checksum INTEGER NOT NULL);
"""


def seal(connection: sqlite3.Connection, table: str, key: str, value: object) -> None:
    """Compute the checksums of those rows of a table anew whose column `key` is `value`: they have just been changed."""
    connection.execute(f"UPDATE {table} SET checksum = row_checksum({_VALUES[table]}) WHERE {key} = ?", (value,))


def seal_segment(connection: sqlite3.Connection, segment: int) -> None:
    """List the terms of a segment that was just written, and compute its checksums."""
    for statement in _SEAL_TERMS.format(where=" WHERE segment = ?").split(";")[:2]:
        connection.execute(statement, (segment,))
    seal(connection, "segments", "segment", segment)


def problems(connection: sqlite3.Connection) -> list[str]:
    """One line for each table whose rows do not fit their checksums or their total; `connection` need not be `taught`."""
    teach(connection)
    found = []
    for table, values in _VALUES.items():
        bad = connection.execute(
            f"SELECT count(*) FROM {table} WHERE checksum IS NOT row_checksum({values})"
        ).fetchone()[0]
        if bad:
            found.append(f"{bad} rows of {table} are not what was written")
    for table, column, expected in (
        ("embeddings", "sentences_checksum", _SENTENCES),
        ("segments", "terms_checksum", "row_checksum(segment, terms)"),
    ):
        bad = connection.execute(f"SELECT count(*) FROM {table} WHERE {column} IS NOT {expected}").fetchone()[0]
        if bad:
            found.append(f"{bad} rows of {table} are not what was written ({column.partition('_')[0]})")
    return [*found, *_missing_postings(connection), *_wrong_totals(connection)]


def _missing_postings(connection: sqlite3.Connection) -> list[str]:
    found = []
    for segment, terms in connection.execute("SELECT segment, terms FROM segments WHERE level >= 0").fetchall():
        stored = connection.execute("SELECT term FROM postings WHERE segment = ? ORDER BY term", (segment,))
        if [entry[0] for entry in stored] != (terms.split("\n") if terms else []):
            found.append(f"the word index has other terms than segment {segment} lists")
    orphans = connection.execute(
        "SELECT count(*) FROM postings WHERE segment NOT IN (SELECT segment FROM segments)"
    ).fetchone()[0]
    return [*found, *([f"{orphans} posting lists belong to no segment"] if orphans else [])]


def _wrong_totals(connection: sqlite3.Connection) -> list[str]:
    found = []
    for table, value in SUMMED.items():
        rows, total = 0, 0
        for (one,) in connection.execute(f"SELECT {value.format(table)} FROM {table}"):
            rows, total = rows + 1, total ^ one
        kept = connection.execute("SELECT rows, checksum FROM totals WHERE name = ?", (table,)).fetchone()
        if kept != (rows, total):
            found.append(f"the rows of {table} do not add up to their total: some are lost or of an earlier state")
    return found
