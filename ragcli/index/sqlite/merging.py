"""Making one segment of the word lists of several, in steps that keep no reader waiting.

A transaction that changes more pages than the writer keeps in memory shuts readers out until it ends. So a merge is many
small ones. The new segment is written beside the old ones with the level `UNSEEN`, which readers pass over; one short
transaction lets it take their place; then they go, a piece at a time. What a writer that was killed left unseen, the next one
removes.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ragcli.index.sqlite.catalog import transaction
from ragcli.index.sqlite.checksums import checked, seal, seal_segment
from ragcli.index.sqlite.lexical import INSERT_POSTING, insert_segment
from ragcli.index.sqlite.termlists import UNSEEN

STEP = 1_000_000  # bytes of postings that are written, or removed, in one transaction
_MERGE_AT = 8  # segments of one level that become one of the next
_PAGE = 1000  # postings that are read at once
_POSTING = 100  # bytes beside the lists, of a posting in a step
_CHUNK = 500  # bytes of the postings of a chunk, about: a merge that is no more than a step is one transaction

Posting = tuple[str, int, bytes, bytes, int]


def merge_segments(
    connection: sqlite3.Connection,
    *,
    everything: bool = False,
    advance: Callable[[], object] = lambda: None,
    step: int = STEP,
) -> bool:
    """Merge one run of neighbouring segments if there is one worth it; returns whether it did.

    Segments form levels as in a log-structured merge tree, so each posting is rewritten a logarithmic number of times.
    With `everything`, all segments become one. `advance` is called in the transaction in which readers see the new segment.
    """
    query = "SELECT segment, level, first_row FROM segments WHERE level >= 0 ORDER BY first_row"
    segments = connection.execute(query).fetchall()
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
    level = max(entry[1] for entry in run) + 1
    _rewrite(connection, [entry[0] for entry in run], level, run[0][2], advance=advance, step=step)
    return True


def purge_deleted(connection: sqlite3.Connection, *, advance: Callable[[], object] = lambda: None) -> None:
    """Write the segments anew that still hold postings of deleted rows, without these. The rows keep their places; that their
    documents are called 0, which no document is, says that nothing is left of them."""
    query = "SELECT segment, level, first_row, lengths, document_rows FROM segments WHERE level >= 0"
    for segment, level, first, lengths, document_rows in connection.execute(query).fetchall():
        dead = np.frombuffer(lengths, dtype="<i4") < 0
        if np.frombuffer(document_rows, dtype="<i4")[dead].any():
            _rewrite(connection, [segment], level, first, advance=advance, nameless=True)


def remove_unseen(connection: sqlite3.Connection, *, step: int = STEP) -> None:
    """Remove what merges left behind: the segments that are unseen, with their postings."""
    for (segment,) in connection.execute("SELECT segment FROM segments WHERE level = ?", (UNSEEN,)).fetchall():
        after: str | None = ""
        while after is not None:
            after = _end_of_step(connection, segment, after, step)
            with _transaction(connection):
                if after is None:
                    connection.execute("DELETE FROM postings WHERE segment = ?", (segment,))
                    connection.execute("DELETE FROM segments WHERE segment = ?", (segment,))
                else:
                    connection.execute("DELETE FROM postings WHERE segment = ? AND term <= ?", (segment, after))


def _end_of_step(connection: sqlite3.Connection, segment: int, after: str, step: int) -> str | None:
    """The last term of as many postings of a segment as make a step; None when what is left is less."""
    query = "SELECT term, length(rows) + length(frequencies) FROM postings WHERE segment = ? AND term > ? ORDER BY term"
    for term, size in connection.execute(query, (segment, after)):
        step -= size + _POSTING
        if step <= 0:
            return str(term)
    return None


def _transaction(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """One of the caller's, if there is one."""
    return nullcontext() if connection.in_transaction else transaction(connection, write=True)


def _rewrite(
    connection: sqlite3.Connection,
    segments: Sequence[int],
    level: int,
    first_row: int,
    *,
    advance: Callable[[], object],
    step: int = STEP,
    nameless: bool = False,
) -> None:
    """Make one segment of several, without the postings of deleted rows; `nameless` takes their documents from these."""
    marks = ",".join("?" * len(segments))
    arrays = connection.execute(
        f"SELECT lengths, document_rows FROM segments WHERE segment IN ({marks}) ORDER BY first_row", segments
    ).fetchall()
    lengths = b"".join(entry[0] for entry in arrays)
    dead = np.frombuffer(lengths, dtype="<i4") < 0
    documents = np.frombuffer(b"".join(entry[1] for entry in arrays), dtype="<i4").copy()
    if nameless:
        documents[dead] = 0
    with _transaction(connection) if len(dead) * _CHUNK <= step else nullcontext():
        with _transaction(connection):
            merged = insert_segment(connection, UNSEEN, first_row, b"", b"")
            seal_segment(connection, merged)
        for part in _steps(_merged_postings(connection, segments, dead, first_row), step):
            with _transaction(connection):
                connection.executemany(INSERT_POSTING, ((term, merged, rows, counts) for term, rows, counts in part))
        with _transaction(connection):
            values = (level, lengths, documents.tobytes(), merged)
            connection.execute(
                "UPDATE segments SET level = ?, lengths = ?, document_rows = ? WHERE segment = ?", values
            )
            seal_segment(connection, merged)
            for segment in segments:
                connection.execute("UPDATE segments SET level = ? WHERE segment = ?", (UNSEEN, segment))
                seal(connection, "segments", "segment", segment)
            advance()
        remove_unseen(connection, step=step)


def _steps(postings: Iterator[tuple[str, bytes, bytes]], step: int) -> Iterator[list[tuple[str, bytes, bytes]]]:
    part, size = list[tuple[str, bytes, bytes]](), 0
    for entry in postings:
        part.append(entry)
        size += len(entry[1]) + len(entry[2]) + _POSTING
        if size >= step:
            yield part
            part, size = [], 0
    if part:
        yield part


def _merged_postings(
    connection: sqlite3.Connection, segments: Sequence[int], dead: NDArray[np.bool_], first_row: int
) -> Iterator[tuple[str, bytes, bytes]]:
    """Term, rows and frequencies of the live rows of several segments, in the order of terms."""
    streams = [_postings_of(connection, segment) for segment in segments]
    for term, parts in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        rows, counts = _live_postings(list(parts), dead, first_row)
        if rows:
            yield term, rows, counts


def _postings_of(connection: sqlite3.Connection, segment: int) -> Iterator[Posting]:
    """Those of a segment in the order of terms. No statement is open between two of them, while others may be written."""
    query = (
        "SELECT term, segment, rows, frequencies, checksum FROM postings WHERE segment = ? AND term > ? "
        "ORDER BY term LIMIT ?"
    )
    after = ""
    while found := connection.execute(query, (segment, after, _PAGE)).fetchall():
        yield from found
        after = found[-1][0]


def _live_postings(parts: Sequence[Posting], dead: NDArray[np.bool_], first_row: int) -> tuple[bytes, bytes]:
    for *values, stored in parts:
        checked(stored, f"the postings of {values[0]!r}", *values)
    rows = np.frombuffer(b"".join(part[2] for part in parts), dtype="<i4")
    counts = np.frombuffer(b"".join(part[3] for part in parts), dtype="<u2")
    kept = ~dead[rows - first_row]
    return rows[kept].tobytes(), counts[kept].tobytes()
