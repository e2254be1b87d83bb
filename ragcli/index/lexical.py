"""BM25 over posting lists in the catalog.

    score(q, d) = Σ over terms t of q:  idf(t) · tf·(k1 + 1) / (tf + k1·(1 - b + b·|d|/avgdl)),   idf(t) = ln((N + 1) / df)

This is BM25+ (Lv & Zhai, CIKM 2011) with δ = 0: its idf is positive for every term, also one that half of the documents
contain. N, df and avgdl count live chunks only, so scores equal those of an index made afresh.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragcli.text.analyzer import terms

K1 = 1.2
B = 0.75
_MERGE_AT = 8  # segments of one level that become one of the next

IntArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays over all rows that were ever committed: position r - 1 belongs to row r."""

    lengths: IntArray  # terms in the chunk, -1 when it was deleted
    document_rows: IntArray

    @property
    def count(self) -> int:
        return len(self.lengths)

    @property
    def live(self) -> NDArray[np.bool_]:
        return np.asarray(self.lengths >= 0)


def read_rows(connection: sqlite3.Connection) -> Rows:
    segments = connection.execute("SELECT lengths, document_rows FROM segments ORDER BY first_row").fetchall()
    lengths = b"".join(lengths for lengths, _ in segments)
    documents = b"".join(documents for _, documents in segments)
    return Rows(np.frombuffer(lengths, dtype="<i4"), np.frombuffer(documents, dtype="<i4"))


def score(connection: sqlite3.Connection, rows: Rows, query: Sequence[str]) -> NDArray[np.float64]:
    """BM25 of every row for distinct `query` terms; 0 for rows without any of them and for deleted ones."""
    scores = np.zeros(rows.count)
    live = rows.live
    total = int(live.sum())
    if not total:
        return scores
    average = float(rows.lengths[live].mean()) or 1.0
    norms = K1 * (1 - B + B * rows.lengths / average)
    for term in query:
        found = connection.execute(
            "SELECT rows, frequencies FROM postings WHERE term = ? ORDER BY segment", (term,)
        ).fetchall()
        if not found:
            continue
        positions = np.frombuffer(b"".join(posting for posting, _ in found), dtype="<i4") - 1
        frequencies = np.frombuffer(b"".join(counts for _, counts in found), dtype="<u2").astype(np.float64)
        kept = live[positions]
        positions, frequencies = positions[kept], frequencies[kept]
        if len(positions):
            idf = np.log((total + 1) / len(positions))
            scores[positions] += idf * frequencies * (K1 + 1) / (frequencies + norms[positions])
    return scores


def inverse_frequencies(connection: sqlite3.Connection, rows: Rows, query: Sequence[str]) -> dict[str, float]:
    """idf(t) of each term; one that occurs nowhere counts as occurring once."""
    live = rows.live
    total = int(live.sum())
    found = {}
    for term in query:
        postings = connection.execute("SELECT rows FROM postings WHERE term = ?", (term,)).fetchall()
        positions = np.frombuffer(b"".join(entry[0] for entry in postings), dtype="<i4") - 1
        found[term] = float(np.log((total + 1) / max(1, int(live[positions].sum()))))
    return found


def add_segment(
    connection: sqlite3.Connection, first_row: int, texts: Sequence[str], document_rows: Sequence[int]
) -> None:
    """Index `texts` as rows first_row, first_row + 1, …"""
    postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    lengths = []
    for row, text in enumerate(texts, start=first_row):
        counts = Counter(terms(text))
        lengths.append(sum(counts.values()))
        for term, count in counts.items():
            postings[term].append((row, min(count, 65535)))
    segment = _insert_segment(
        connection,
        0,
        first_row,
        np.array(lengths, dtype="<i4").tobytes(),
        np.array(document_rows, dtype="<i4").tobytes(),
    )
    connection.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?)",
        (
            (
                term,
                segment,
                np.array([row for row, _ in entries], dtype="<i4").tobytes(),
                np.array([count for _, count in entries], dtype="<u2").tobytes(),
            )
            for term, entries in sorted(postings.items())
        ),
    )


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


def _merge(connection: sqlite3.Connection, segments: list[int], level: int, first_row: int) -> None:
    marks = ",".join("?" * len(segments))
    arrays = connection.execute(
        f"SELECT lengths, document_rows FROM segments WHERE segment IN ({marks}) ORDER BY first_row", segments
    ).fetchall()
    lengths = b"".join(entry[0] for entry in arrays)
    dead = np.frombuffer(lengths, dtype="<i4") < 0
    merged = _insert_segment(connection, level, first_row, lengths, b"".join(entry[1] for entry in arrays))
    order = {segment: position for position, segment in enumerate(segments)}
    gathered: defaultdict[str, list[tuple[int, bytes, bytes]]] = defaultdict(list)
    for term, segment, rows, counts in connection.execute(
        f"SELECT term, segment, rows, frequencies FROM postings WHERE segment IN ({marks})", segments
    ):
        gathered[term].append((order[segment], rows, counts))
    connection.execute(f"DELETE FROM postings WHERE segment IN ({marks})", segments)
    connection.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?)",
        (
            (term, merged, rows, counts)
            for term, parts in sorted(gathered.items())
            for rows, counts in [_live_postings(sorted(parts), dead, first_row)]
            if rows
        ),
    )
    connection.execute(f"DELETE FROM segments WHERE segment IN ({marks})", segments)


def _live_postings(
    parts: list[tuple[int, bytes, bytes]], dead: NDArray[np.bool_], first_row: int
) -> tuple[bytes, bytes]:
    rows = np.frombuffer(b"".join(part[1] for part in parts), dtype="<i4")
    counts = np.frombuffer(b"".join(part[2] for part in parts), dtype="<u2")
    kept = ~dead[rows - first_row]
    return rows[kept].tobytes(), counts[kept].tobytes()
