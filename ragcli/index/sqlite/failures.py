"""Sources that were not indexed, with the reason and the version of the reader that gave up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from ragcli.datatypes import SourceFile
from ragcli.index.sqlite.preparing import now
from ragcli.reports import Failure


def record(connection: sqlite3.Connection, failed: Sequence[tuple[SourceFile, Failure]], reader: str) -> None:
    """Remember failures, in place of earlier ones of the same sources."""
    connection.executemany(
        "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                source.document_id,
                source.path,
                source.root,
                failure.reason,
                source.size,
                source.mtime_ns,
                source.ctime_ns,
                failure.skipped,
                now(),
                reader,
            )
            for source, failure in failed
        ],
    )


def forget(connection: sqlite3.Connection, document_ids: Iterable[str]) -> None:
    """Forget the failures of these sources, if there are any."""
    connection.executemany(
        "DELETE FROM failures WHERE document_id = ?", [(document_id,) for document_id in document_ids]
    )
