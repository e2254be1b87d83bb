"""Making the word index anew from the chunks in the catalog, when the analyzer changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable

import numpy as np

from ragcli.datatypes import SourceFile
from ragcli.index.indexing import entry_of, searchable_path
from ragcli.index.sqlite import lexical, merging
from ragcli.index.sqlite.checksums import seal
from ragcli.index.sqlite.rows import CHUNK_COLUMNS, CHUNK_WIDTH, DOCUMENT_COLUMNS, DOCUMENT_WIDTH, chunk_of, document_of

_SAMPLE_CHUNKS = 8  # of a document, to tell its language by


def reindex_words(connection: sqlite3.Connection, detect: Callable[[str], str]) -> None:
    """Replace all segments and postings, inside the caller's transaction. `detect` tells a text's language."""
    segments = connection.execute(
        "SELECT first_row, lengths, document_rows FROM segments WHERE level >= 0 ORDER BY first_row"
    ).fetchall()
    _detect_languages(connection, detect)
    connection.execute("DELETE FROM postings")
    connection.execute("DELETE FROM segments")
    query = (
        f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS}, documents.document_id, path, root, size, mtime_ns, ctime_ns, "
        "documents.content_hash FROM chunks JOIN documents ON documents.row = document_row WHERE chunks.row BETWEEN ? AND ?"
    )
    width = CHUNK_WIDTH + DOCUMENT_WIDTH
    for first, lengths, document_rows in segments:
        count = len(lengths) // 4
        entries = [Counter[str]() for _ in range(count)]
        present = set()
        for row in connection.execute(query, (first, first + count - 1)):
            chunk, language = chunk_of(row), document_of(row[CHUNK_WIDTH:width]).language
            entries[row[0] - first] = entry_of(chunk, searchable_path(SourceFile(*row[width:])), language)
            present.add(row[0])
        lexical.add_segments(connection, first, entries, np.frombuffer(document_rows, dtype="<i4").tolist())
        lexical.delete_rows(connection, [row for row in range(first, first + count) if row not in present])
    while merging.merge_segments(connection):
        pass


def _detect_languages(connection: sqlite3.Connection, detect: Callable[[str], str]) -> None:
    for row, type_ in connection.execute("SELECT row, type FROM documents").fetchall():
        texts = connection.execute(
            "SELECT text FROM chunks WHERE document_row = ? AND ordinal < ? ORDER BY ordinal", (row, _SAMPLE_CHUNKS)
        )
        sample = "\n".join(entry[0] for entry in texts)
        language = "en" if type_ == "code" else detect(sample)
        connection.execute("UPDATE documents SET language = ? WHERE row = ?", (language, row))
        seal(connection, "documents", "row", row)
