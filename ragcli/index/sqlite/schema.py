"""The catalog's tables and how an older catalog becomes a newer one.

`meta` holds the manifest and counters. `embeddings` is keyed by the SHA-256 of the embedded text, so a text is embedded
once however often it occurs, moves or comes back. `chunks.row` numbers chunks from 1 in the order of their arrival and is
never reused: it is the position in `vectors.f32` and in the posting lists. A segment covers a contiguous range of rows;
its `lengths` (int32, -1 for a deleted chunk) and `document_rows` (int32) are arrays over that range, and its postings map
a term to ascending rows (int32) and weighted term frequencies (uint16). A segment of the level -1 does not count: a merge is
writing or removing it (see `merging.py`).

A source whose content is that of a document is not indexed again but listed in `copies`. `documents.partial` says what of a
source could not be read; `failures.reader` is the version of the loaders that failed, `documents.reader` that of those
that read the document (empty before format 5).

`chunks.blocks` lists the blocks of the document that the chunk touches, as [start, end, kind] with offsets in the document;
it is empty for chunks of before format 4.

`checksum`, `totals` and `vector_runs` (first row, number of rows and checksum of what is in `vectors.f32`) are explained in
`checksums.py`; a segment's `terms` lists the terms of its postings, in order, a line each.

An embedding's `sentences` holds the vectors of the text's sentences (float16, [n, dimension]) and `spans` their places
(int32, [n, 2]: characters of the chunk's text, end exclusive); both are NULL in an index without sentence vectors.
"""

from __future__ import annotations

import sqlite3

from ragcli.index.sqlite.checksums import CREATE_RUNS, CREATE_TOTALS, SEAL_ALL, teach
from ragcli.logs import log

APPLICATION_ID = 0x52414731  # "RAG1"
FORMAT = 6
FIRST_WITH_CHECKSUMS = 6

_COPIES = """
CREATE TABLE copies (
    document_id TEXT PRIMARY KEY,
    of INTEGER NOT NULL REFERENCES documents(row) ON DELETE CASCADE,
    path TEXT NOT NULL,
    root TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    content_hash TEXT NOT NULL{checksum}
) WITHOUT ROWID;
CREATE INDEX copies_by_document ON copies(of);
"""

_CHECKSUM = ",\n    checksum INTEGER NOT NULL DEFAULT 0"

_CREATE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    row INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    root TEXT NOT NULL,
    type TEXT NOT NULL,
    title TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    has_lines INTEGER NOT NULL,
    page_starts TEXT NOT NULL,
    chunks INTEGER NOT NULL,
    ingested_at TEXT NOT NULL,
    metadata TEXT NOT NULL,
    language TEXT NOT NULL DEFAULT 'en',
    partial TEXT NOT NULL DEFAULT '',
    reader TEXT NOT NULL DEFAULT '',
    checksum INTEGER NOT NULL DEFAULT 0,
    copies_checksum INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX documents_by_language ON documents(language);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY,
    chunk_id TEXT NOT NULL UNIQUE,
    document_row INTEGER NOT NULL REFERENCES documents(row) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    text TEXT NOT NULL,
    tail TEXT NOT NULL,
    header TEXT NOT NULL,
    headings TEXT NOT NULL,
    sections TEXT NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page_start INTEGER, page_end INTEGER,
    line_start INTEGER, line_end INTEGER,
    tokens INTEGER NOT NULL,
    text_hash BLOB NOT NULL REFERENCES embeddings(text_hash),
    blocks TEXT NOT NULL DEFAULT '[]',
    checksum INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunks_by_document ON chunks(document_row, ordinal);
CREATE INDEX chunks_by_text ON chunks(text_hash);
CREATE TABLE embeddings (
    text_hash BLOB PRIMARY KEY,
    vector BLOB NOT NULL,
    sentences BLOB,
    spans BLOB,
    checksum INTEGER NOT NULL DEFAULT 0,
    sentences_checksum INTEGER
);
CREATE TABLE segments (
    segment INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    first_row INTEGER NOT NULL,
    lengths BLOB NOT NULL,
    document_rows BLOB NOT NULL,
    terms TEXT NOT NULL DEFAULT '',
    checksum INTEGER NOT NULL DEFAULT 0,
    terms_checksum INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE postings (
    term TEXT NOT NULL,
    segment INTEGER NOT NULL REFERENCES segments(segment) ON DELETE CASCADE,
    rows BLOB NOT NULL,
    frequencies BLOB NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (term, segment)
) WITHOUT ROWID;
CREATE INDEX postings_by_segment ON postings(segment);
CREATE TABLE failures (
    document_id TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    root TEXT NOT NULL,
    reason TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    failed_at TEXT NOT NULL,
    reader TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
"""

# Migrations by the format they start from; each runs in the transaction that raises `user_version`.
MIGRATIONS: dict[int, str] = {
    1: """
ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
ALTER TABLE embeddings ADD COLUMN sentences BLOB;
ALTER TABLE embeddings ADD COLUMN spans BLOB;
INSERT OR IGNORE INTO meta VALUES ('sentences', 'false');
""",
    2: f"""
ALTER TABLE documents ADD COLUMN partial TEXT NOT NULL DEFAULT '';
ALTER TABLE failures ADD COLUMN reader TEXT NOT NULL DEFAULT '';
{_COPIES.format(checksum="")}""",
    3: "ALTER TABLE chunks ADD COLUMN blocks TEXT NOT NULL DEFAULT '[]';",
    4: "ALTER TABLE documents ADD COLUMN reader TEXT NOT NULL DEFAULT '';",
    5: f"""
ALTER TABLE documents ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN copies_checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE copies ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE embeddings ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE embeddings ADD COLUMN sentences_checksum INTEGER;
ALTER TABLE segments ADD COLUMN terms TEXT NOT NULL DEFAULT '';
ALTER TABLE segments ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE segments ADD COLUMN terms_checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE postings ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_by_language ON documents(language);
INSERT INTO meta SELECT 'id', '"' || lower(hex(randomblob(8))) || '"' WHERE EXISTS (SELECT 1 FROM meta);
INSERT INTO meta SELECT 'languages', json_group_array(language)
    FROM (SELECT DISTINCT language FROM documents ORDER BY language) WHERE EXISTS (SELECT 1 FROM meta);
{CREATE_RUNS}{CREATE_TOTALS}{SEAL_ALL}""",
}


# They only make lookups faster, so an index without them is of the same format; a writer adds them.
_LOOKUPS = {
    "documents_by_content": "documents(content_hash)",
    "documents_by_path": "documents(path)",
    "chunks_by_tokens": "chunks(tokens)",
}


def create(connection: sqlite3.Connection) -> None:
    """Make an empty catalog in one transaction."""
    teach(connection)
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {_CREATE} "
        f"{_COPIES.format(checksum=_CHECKSUM)} {CREATE_RUNS} {CREATE_TOTALS} COMMIT;"
    )


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a catalog of an older format to `FORMAT`, one numbered step per transaction. `connection` has learnt to compute
    checksums (`checksums.teach`)."""
    while version < FORMAT:
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[version]}; PRAGMA user_version = {version + 1}; COMMIT;"
        )
        version += 1


def add_lookups(connection: sqlite3.Connection) -> None:
    """Make the indexes of tables that are not there yet; nothing is written when all are.

    Others read on meanwhile: what SQLite would write before the end, when its cache is full, locks them out, so it keeps it.
    """
    missing = _LOOKUPS.keys() - {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not missing:
        return
    log("index", "info", "makes %s, once; this takes seconds in a large index", ", ".join(sorted(missing)))
    connection.execute("PRAGMA cache_spill = OFF")
    for name in sorted(missing):
        connection.execute(f"CREATE INDEX {name} ON {_LOOKUPS[name]}")
    connection.execute("PRAGMA cache_spill = ON")
