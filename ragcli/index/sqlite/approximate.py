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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragcli.errors import CopyFailed
from ragcli.index.sqlite.catalog import CHROMA
from ragcli.index.sqlite.chroma import COLLECTION, client, translated_errors

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
    """Searches of the collection of one index directory, by any number of threads.

    Opening it takes a second and more, for which nobody waits: while one thread does it, the others compare all vectors. After
    the first time it is opened by `refresh`, outside of every snapshot, so that a commit need not wait either.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / CHROMA
        self._lock = threading.Lock()  # around `_open` and how many use it
        self._opening = threading.Lock()  # held while a collection is opened
        self._open: _Open | None = None
        self._wanted: tuple[Mapping[str, Any], Vector] | None = (
            None  # the state to open, and a vector for the first search
        )

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
        collection, the graph gave fewer allowed rows than `k` and there are more, or the collection is yet to be opened.

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
        if found is None:
            return None
        known = _known_rows(connection, found)
        allowed = known[mask[known - 1]]
        if len(allowed) < min(k, inside):
            return None
        return np.union1d(allowed, newer)

    def refresh(self) -> None:
        """Open the collection as it is now if a search found it changed since it was opened. Called outside of snapshots:
        should a writer change it meanwhile, it is of a state that no later search is of. What goes wrong is left to the next
        search."""
        wanted = self._wanted
        if wanted is None or not self._opening.acquire(blocking=False):
            return
        try:
            self._wanted, opened = None, None
            with suppress(CopyFailed), translated_errors():
                opened = _searched_once(self._path, *wanted)
            with self._lock:
                self._replace(opened)
        finally:
            self._opening.release()

    def close(self) -> None:
        """Close the collection as soon as nobody searches in it; a later search opens it again."""
        with self._lock:
            self._wanted = None
            self._replace(None)

    def _found(self, state: Mapping[str, Any], vector: Vector, wanted: int) -> list[str] | None:
        """Ids of the nearest records, None while the collection is not open. A search that fails is repeated once over the
        collection opened anew: what Chroma keeps in memory of its files may be wrong while these are right."""
        failed: _Open | None = None
        with translated_errors(_UNREADABLE.format(self._path), _OTHERWISE.format(self._path)):
            for last in (False, True):
                with self._collection(state, vector, other_than=failed) as used:
                    if used is None:
                        return None
                    try:
                        return used.ids(vector, wanted)
                    except Exception:
                        if last:
                            raise
                        failed = used
        raise AssertionError("the second attempt returns or raises")

    @contextmanager
    def _collection(
        self, state: Mapping[str, Any], vector: Vector, *, other_than: _Open | None
    ) -> Iterator[_Open | None]:
        """The collection that `state` describes, other than one that failed; None when somebody else is opening it, and when it
        changed since it was opened, which `refresh` is told."""
        used = self._used(state, other_than)
        if used is None and self._open is not None and other_than is None:
            self._wanted = (state, vector)
        elif used is None and self._opening.acquire(blocking=False):
            try:
                opened = _searched_once(self._path, state, vector)
                with self._lock:
                    self._replace(opened)
                    opened.users += 1
                used = opened
            finally:
                self._opening.release()
        try:
            yield used
        finally:
            if used is not None:
                with self._lock:
                    used.users -= 1
                    used.close_if_left()

    def _used(self, state: Mapping[str, Any], other_than: _Open | None) -> _Open | None:
        """The open collection, with one more who uses it, if it is of this state."""
        with self._lock:
            found = self._open
            if found is None or found.state != state or found is other_than:
                return None
            found.users += 1
            return found

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


def _searched_once(path: Path, state: Mapping[str, Any], vector: Vector) -> _Open:
    """The collection, opened. Its first search, for `vector`, is over before a second one begins: it adds Chroma's log to the
    graph, and two that do so at once can find ids gone that the other one is replacing."""
    opened = _opened(path, state)
    try:
        opened.ids(vector, 1)
    except BaseException:
        opened.client.close()
        raise
    return opened


def _known_rows(connection: sqlite3.Connection, chunk_ids: Sequence[str]) -> NDArray[np.int64]:
    """Rows of those chunks that the catalog holds, in any order."""
    rows: list[int] = []
    for first in range(0, len(chunk_ids), _PARAMETERS):
        part = chunk_ids[first : first + _PARAMETERS]
        marks = ",".join("?" * len(part))
        query = f"SELECT row FROM chunks WHERE chunk_id IN ({marks})"
        rows += [int(entry[0]) for entry in connection.execute(query, part)]
    return np.array(rows, dtype=np.int64)
