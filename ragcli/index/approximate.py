"""The nearest chunks by the search graph of the Chroma collection, held against the catalog.

A graph search (HNSW) visits a part of the vectors and may miss some of the nearest. It is asked for more than is wanted; every
id that it gives is looked up in the catalog, which alone knows what is deleted and what a filter leaves; and chunks that are
newer than the collection are compared one by one. Scores are made of the exact vectors by the caller.
"""

from __future__ import annotations

import itertools
import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragcli.index.catalog import CHROMA
from ragcli.index.chroma import COLLECTION, client, translated_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragcli.datatypes import Vector

_MORE = 2  # times as many as are wanted
_LEAST = 200  # are asked for at the least
_SELECTIVE = 0.1  # the share of the collection below which the chunks that a filter leaves are compared one by one
_PARAMETERS = 500  # in one statement
_SPELLINGS = 1000
_UNREADABLE = "the Chroma collection at {} cannot be searched: {{}}"
_OTHERWISE = "delete {} and run: rag ingest (or answer without it: --engine exact)"


class ApproximateSearch:
    """Searches of the collection of one index directory, by any number of threads."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / CHROMA
        self._lock = threading.Lock()
        self._open: _Open | None = None

    def rows(
        self,
        connection: sqlite3.Connection,
        state: Mapping[str, Any],
        vector: Vector,
        k: int,
        mask: NDArray[np.bool_],
    ) -> NDArray[np.int64] | None:
        """Rows among which the `k` nearest to `vector` are looked for: distinct, all allowed by `mask` (by row - 1), in any
        order. None when the graph is no help, and all allowed rows must be compared: a filter leaves less than a tenth of the
        collection, or the graph gave fewer allowed rows than `k` and there are more.

        `connection` is inside the snapshot in which `state`, that of a usable collection, was read. Raises CopyFailed.
        """
        built, count = int(state["row"]), int(state["count"])
        inside = int(mask[:built].sum())
        newer = np.flatnonzero(mask[built:]) + built + 1
        if inside == 0:
            return newer
        share = inside / count
        if share < _SELECTIVE:
            return None
        wanted = min(count, math.ceil(max(_MORE * k, _LEAST) / min(share, 1.0)))
        found = self._found(state, vector, wanted)
        known = _known_rows(connection, found)
        allowed = known[mask[known - 1]]
        if len(allowed) < min(k, inside):
            return None
        return np.union1d(allowed, newer)

    def close(self) -> None:
        """Close the collection as soon as nobody searches in it; a later search opens it again."""
        with self._lock:
            self._replace(None)

    def _found(self, state: Mapping[str, Any], vector: Vector, wanted: int) -> list[str]:
        """Ids of the nearest records. A search that fails is repeated once over the collection opened anew: what Chroma keeps
        in memory of its files may be wrong while these are right."""
        failed: _Open | None = None
        with translated_errors(_UNREADABLE.format(self._path), _OTHERWISE.format(self._path)):
            for last in (False, True):
                with self._collection(state, vector, other_than=failed) as used:
                    try:
                        return used.ids(vector, wanted)
                    except Exception:
                        if last:
                            raise
                        failed = used
        raise AssertionError("the second attempt returns or raises")

    @contextmanager
    def _collection(self, state: Mapping[str, Any], vector: Vector, *, other_than: _Open | None) -> Iterator[_Open]:
        """The collection that `state` describes. One that was open before it was changed or made anew is closed, and so is
        `other_than`. The first search of a collection, for `vector`, is over before a second one begins: it adds Chroma's log
        to the graph, and two that do so at once can find ids gone that the other one is replacing."""
        with self._lock:
            if self._open is None or self._open.state != state or self._open is other_than:
                opened = _opened(self._path, state)
                try:
                    opened.ids(vector, 1)
                except BaseException:
                    opened.client.close()
                    raise
                self._replace(opened)
            used = self._open
            assert used is not None
            used.users += 1
        try:
            yield used
        finally:
            with self._lock:
                used.users -= 1
                used.close_if_left()

    def _replace(self, opened: _Open | None) -> None:
        before, self._open = self._open, opened
        if before is not None:
            before.left = True
            before.close_if_left()


@dataclass(slots=True, eq=False)
class _Open:
    """An open collection; `left` says that no further search begins in it."""

    state: Mapping[str, Any]
    client: Any
    collection: Any
    users: int = 0
    left: bool = False

    def ids(self, vector: Vector, count: int) -> list[str]:
        """Of the `count` records that the graph holds for the nearest to `vector`."""
        found: list[str] = self.collection.query(query_embeddings=[vector], n_results=count, include=["distances"])[
            "ids"
        ][0]
        return found

    def close_if_left(self) -> None:
        if self.left and not self.users:
            self.client.close()


_numbers = itertools.count()


def _opened(path: Path, state: Mapping[str, Any]) -> _Open:
    """Under a spelling of the path of its own: Chroma would give the database that somebody else in this process opened at an
    equal path, which may be one that was replaced since, or refuse because its settings are others."""
    made = client(str(path) + "/." * (1 + next(_numbers) % _SPELLINGS))
    try:
        return _Open(state, made, made.get_collection(COLLECTION, embedding_function=None))
    except BaseException:
        made.close()
        raise


def _known_rows(connection: sqlite3.Connection, chunk_ids: Sequence[str]) -> NDArray[np.int64]:
    """Rows of those chunks that the catalog holds, in any order."""
    rows: list[int] = []
    for first in range(0, len(chunk_ids), _PARAMETERS):
        part = chunk_ids[first : first + _PARAMETERS]
        marks = ",".join("?" * len(part))
        query = f"SELECT row FROM chunks WHERE chunk_id IN ({marks})"
        rows += [int(entry[0]) for entry in connection.execute(query, part)]
    return np.array(rows, dtype=np.int64)
