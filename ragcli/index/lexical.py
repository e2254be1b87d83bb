"""The word lists in the catalog: which chunks hold a term and how often, in segments."""

from __future__ import annotations

import heapq
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import Chunk
from ragcli.index.bm25 import HEADER_WEIGHT, Postings, Rows
from ragcli.index.checksums import checked, seal, seal_segment
from ragcli.index.termlists import read_segments
from ragcli.text.analyzer import terms

SEGMENT_TERMS = 50_000
_INSERT_POSTING = "INSERT INTO postings VALUES (?1, ?2, ?3, ?4, row_checksum(?1, ?2, ?3, ?4))"
_MERGE_AT = 8  # segments of one level that become one of the next


def read_rows(connection: sqlite3.Connection) -> Rows:
    """The arrays of all segments. Raises IndexDamaged unless they are what was written."""
    segments, terms = read_segments(connection)
    lengths = b"".join(lengths for lengths, _ in segments)
    documents = b"".join(documents for _, documents in segments)
    return Rows(np.frombuffer(lengths, dtype="<i4"), np.frombuffer(documents, dtype="<i4"), terms)


def postings(connection: sqlite3.Connection, rows: Rows, forms: Sequence[str]) -> Postings:
    """Ascending positions (row - 1) of the live chunks that hold any of the terms `forms`, and how often each holds them.
    Raises IndexDamaged unless these are all the postings that were written of them."""
    marks = ",".join("?" * len(forms))
    query = f"SELECT rows, frequencies, term, segment, checksum FROM postings WHERE term IN ({marks}) ORDER BY term, segment"
    found = connection.execute(query, list(forms)).fetchall()
    for posting, counts, term, segment, stored in found:
        checked(stored, f"the postings of {term!r}", term, segment, posting, counts)
    rows.terms.check_postings([(entry[2], entry[3]) for entry in found], forms)
    positions = np.frombuffer(b"".join(entry[0] for entry in found), dtype="<i4").astype(np.int64) - 1
    frequencies = np.frombuffer(b"".join(entry[1] for entry in found), dtype="<u2").astype(np.float64)
    kept = rows.live[positions]
    positions, frequencies = positions[kept], frequencies[kept]
    if len(forms) > 1 and len(positions):
        positions, inverse = np.unique(positions, return_inverse=True)
        frequencies = np.bincount(inverse, weights=frequencies).astype(np.float64)
    return positions, frequencies


def entry_of(chunk: Chunk, path: str, language: str) -> Counter[str]:
    """Weighted term frequencies of a chunk: text once, header `HEADER_WEIGHT` times, `path` once."""
    counts = Counter(terms(chunk.text, language))
    for term, count in Counter(terms(chunk.header, language)).items():
        counts[term] += HEADER_WEIGHT * count
    counts.update(terms(path, language))
    return counts


def add_segments(
    connection: sqlite3.Connection,
    first_row: int,
    entries: Iterable[Counter[str]],
    document_rows: Sequence[int],
    *,
    limit: int = SEGMENT_TERMS,
) -> None:
    """Index `entries` (see `entry_of`), which may be a generator, as rows first_row, first_row + 1, …

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
    segment = _insert_segment(connection, 0, first_row, np.array(lengths, dtype="<i4").tobytes(), documents)
    connection.executemany(
        _INSERT_POSTING,
        (
            (term, segment, np.array(rows, dtype="<i4").tobytes(), np.array(frequencies, dtype="<u2").tobytes())
            for term, (rows, frequencies) in sorted(gathered.items(), key=lambda entry: entry[0])
        ),
    )
    seal_segment(connection, segment)


def _insert_segment(
    connection: sqlite3.Connection, level: int, first_row: int, lengths: bytes, documents: bytes
) -> int:
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


def purge_deleted(connection: sqlite3.Connection) -> None:
    """Write the segments anew that still hold postings of deleted rows, without these. The rows keep their places; that their
    documents are called 0, which no document is, says that nothing is left of them."""
    query = "SELECT segment, level, first_row, lengths, document_rows FROM segments"
    for segment, level, first, lengths, document_rows in connection.execute(query).fetchall():
        dead = np.frombuffer(lengths, dtype="<i4") < 0
        documents = np.frombuffer(document_rows, dtype="<i4").copy()
        if documents[dead].any():
            purged = _merge(connection, [segment], level, first)
            documents[dead] = 0
            values = (documents.tobytes(), purged)
            connection.execute("UPDATE segments SET document_rows = ? WHERE segment = ?", values)
            seal(connection, "segments", "segment", purged)


def merge_segments(connection: sqlite3.Connection, *, everything: bool = False) -> bool:
    """Merge one run of neighbouring segments if there is one worth it; returns whether it did.

    Segments form levels as in a log-structured merge tree, so each posting is rewritten a logarithmic number of times.
    With `everything`, all segments become one.
    """
    segments = connection.execute("SELECT segment, level, first_row FROM segments ORDER BY first_row").fetchall()
    if everything:
        run = segments if len(segments) > 1 else []
    else:
        level = segments[-1][1] if segments else 0
        run = []
        for entry in reversed(segments):
            if entry[1] != level:
                break
            run.insert(0, entry)
        run = run if len(run) >= _MERGE_AT else []
    if not run:
        return False
    _merge(connection, [entry[0] for entry in run], level=max(entry[1] for entry in run) + 1, first_row=run[0][2])
    return True


def _merge(connection: sqlite3.Connection, segments: list[int], level: int, first_row: int) -> int:
    """Make one segment of several, without the postings of deleted rows; returns its number."""
    marks = ",".join("?" * len(segments))
    arrays = connection.execute(
        f"SELECT lengths, document_rows FROM segments WHERE segment IN ({marks}) ORDER BY first_row", segments
    ).fetchall()
    lengths = b"".join(entry[0] for entry in arrays)
    dead = np.frombuffer(lengths, dtype="<i4") < 0
    merged = _insert_segment(connection, level, first_row, lengths, b"".join(entry[1] for entry in arrays))
    query = "SELECT term, segment, rows, frequencies, checksum FROM postings WHERE segment = ? ORDER BY term"
    streams = [connection.execute(query, (segment,)) for segment in segments]
    connection.executemany(
        _INSERT_POSTING,
        (
            (term, merged, rows, counts)
            for term, parts in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0))
            for rows, counts in [_live_postings(list(parts), dead, first_row)]
            if rows
        ),
    )
    seal_segment(connection, merged)
    connection.execute(f"DELETE FROM postings WHERE segment IN ({marks})", segments)
    connection.execute(f"DELETE FROM segments WHERE segment IN ({marks})", segments)
    return merged


def _live_postings(
    parts: Sequence[tuple[str, int, bytes, bytes, int]], dead: NDArray[np.bool_], first_row: int
) -> tuple[bytes, bytes]:
    for *values, stored in parts:
        checked(stored, f"the postings of {values[0]!r}", *values)
    rows = np.frombuffer(b"".join(part[2] for part in parts), dtype="<i4")
    counts = np.frombuffer(b"".join(part[3] for part in parts), dtype="<u2")
    kept = ~dead[rows - first_row]
    return rows[kept].tobytes(), counts[kept].tobytes()
