"""The word lists in the catalog: which chunks hold a term and how often, in segments."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ragcli.index.bm25 import Postings, Rows
from ragcli.index.sqlite.checksums import checked, seal, seal_segment
from ragcli.index.sqlite.termlists import TermLists, read_segments

SEGMENT_TERMS = 50_000
INSERT_POSTING = "INSERT INTO postings VALUES (?1, ?2, ?3, ?4, row_checksum(?1, ?2, ?3, ?4))"


@dataclass(frozen=True)
class ListedRows(Rows):
    """The arrays of all segments, and which terms each of them lists."""

    terms: TermLists


def read_rows(connection: sqlite3.Connection) -> ListedRows:
    """The arrays of all segments. Raises IndexDamaged unless they are what was written."""
    segments, terms = read_segments(connection)
    lengths = b"".join(lengths for lengths, _ in segments)
    documents = b"".join(documents for _, documents in segments)
    return ListedRows(np.frombuffer(lengths, dtype="<i4"), np.frombuffer(documents, dtype="<i4"), terms)


def postings(connection: sqlite3.Connection, rows: ListedRows, forms: Sequence[str]) -> Postings:
    """Ascending positions (row - 1) of the live chunks that hold any of the terms `forms`, and how often each holds them.
    Raises IndexDamaged unless these are all the postings that were written of them."""
    marks = ",".join("?" * len(forms))
    query = f"SELECT rows, frequencies, term, segment, checksum FROM postings WHERE term IN ({marks}) ORDER BY term, segment"
    listed = rows.terms.of_segments  # a merge writes segments that nobody lists yet, and removes others piece by piece
    found = [entry for entry in connection.execute(query, list(forms)).fetchall() if entry[3] in listed]
    for posting, counts, term, segment, stored in found:
        checked(stored, f"the postings of {term!r}", term, segment, posting, counts)
    rows.terms.check_postings([(entry[2], entry[3]) for entry in found], forms)
    positions = np.frombuffer(b"".join(entry[0] for entry in found), dtype="<i4") - 1
    frequencies = np.frombuffer(b"".join(entry[1] for entry in found), dtype="<u2").astype(np.float32)
    if rows.live_count < rows.count:
        kept = rows.live[positions]
        positions, frequencies = positions[kept], frequencies[kept]
    if len(forms) > 1 and len(positions):
        positions, inverse = np.unique(positions, return_inverse=True)
        frequencies = np.bincount(inverse, weights=frequencies).astype(np.float32)
    return positions, frequencies


def add_segments(
    connection: sqlite3.Connection,
    first_row: int,
    entries: Iterable[Counter[str]],
    document_rows: Sequence[int],
    *,
    limit: int = SEGMENT_TERMS,
) -> None:
    """Index `entries` (see `ragcli.index.indexing.entry_of`), which may be a generator, as rows first_row, first_row + 1, …

    A new segment begins after an entry that brings the different terms of one to more than `limit`, which bounds the memory.
    """
    gathered = _no_postings()
    lengths, position = array("i"), 0
    for counts in entries:
        row = first_row + position + len(lengths)
        lengths.append(sum(counts.values()))
        for term, count in counts.items():
            rows, frequencies = gathered[term]
            rows.append(row)
            frequencies.append(min(count, 65535))
        if len(gathered) > limit:
            _add_segment(connection, first_row + position, gathered, lengths, document_rows[position:])
            position += len(lengths)
            gathered, lengths = _no_postings(), array("i")
    if lengths:
        _add_segment(connection, first_row + position, gathered, lengths, document_rows[position:])


def _no_postings() -> defaultdict[str, tuple[array[int], array[int]]]:
    return defaultdict(lambda: (array("i"), array("H")))


def _add_segment(
    connection: sqlite3.Connection,
    first_row: int,
    gathered: dict[str, tuple[array[int], array[int]]],
    lengths: array[int],
    document_rows: Sequence[int],
) -> None:
    documents = np.array(document_rows[: len(lengths)], dtype="<i4").tobytes()
    segment = insert_segment(connection, 0, first_row, np.array(lengths, dtype="<i4").tobytes(), documents)
    connection.executemany(
        INSERT_POSTING,
        (
            (term, segment, np.array(rows, dtype="<i4").tobytes(), np.array(frequencies, dtype="<u2").tobytes())
            for term, (rows, frequencies) in sorted(gathered.items(), key=lambda entry: entry[0])
        ),
    )
    seal_segment(connection, segment)


def insert_segment(connection: sqlite3.Connection, level: int, first_row: int, lengths: bytes, documents: bytes) -> int:
    """Add a segment without postings, which is not sealed yet; returns its number."""
    cursor = connection.execute(
        "INSERT INTO segments (level, first_row, lengths, document_rows) VALUES (?, ?, ?, ?)",
        (level, first_row, lengths, documents),
    )
    return int(cursor.lastrowid or 0)


def delete_rows(connection: sqlite3.Connection, rows: Sequence[int]) -> None:
    """Mark rows as deleted; their postings stay until the segment is merged and are ignored until then."""
    if not rows:
        return
    gone = np.array(sorted(rows), dtype=np.int64)
    for segment, first, lengths in connection.execute("SELECT segment, first_row, lengths FROM segments").fetchall():
        array = np.frombuffer(lengths, dtype="<i4").copy()
        inside = gone[(gone >= first) & (gone < first + len(array))]
        if len(inside):
            array[inside - first] = -1
            connection.execute("UPDATE segments SET lengths = ? WHERE segment = ?", (array.tobytes(), segment))
            seal(connection, "segments", "segment", segment)
