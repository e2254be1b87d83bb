"""Connections to one catalog for many threads: each takes one for as long as it reads, and gives it back."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ragcli.datatypes import Access
from ragcli.index.sqlite.catalog import CATALOG, connect_reader
from ragcli.index.sqlite.restricting import restrict

_MOST = 16  # connections at the same time; more threads than that wait for one another, outside of any transaction


@dataclass(frozen=True, slots=True)
class Pooled:
    """An open connection, and which file it reads: (device, inode)."""

    connection: sqlite3.Connection
    file: tuple[int, int]
    epoch: int  # how often the pool had been closed when it was opened


class ConnectionPool:
    """Reading connections to the catalog in `directory`, for any number of threads: few enough at the same time that none lasts
    long, since a commit waits for those that are in use, and whoever comes then waits for it. With `access`, they see what that
    sees (see `ragcli.index.sqlite.restricting`)."""

    def __init__(self, directory: Path, access: Access | None = None) -> None:
        self._directory = directory
        self._access = access
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_MOST)
        self._idle: list[Pooled] = []
        self._epoch = 0

    @contextmanager
    def connection(self) -> Iterator[Pooled]:
        """A connection that nobody else uses until the block ends. It reads the file that is at the catalog's path now: one
        that was open before the index was deleted and made anew is closed. After an error in the block it is closed as well.

        Raises IndexNotFound, IndexIncompatible, IndexDamaged, IndexLocked.
        """
        with self._places:
            held = self._taken()
            try:
                yield held
            except BaseException:
                held.connection.close()
                raise
            self._give_back(held)

    def close(self) -> None:
        """Close every connection: idle ones at once, the others when they are given back. Connections that are asked for
        afterwards are opened anew."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._epoch += 1
        for held in idle:
            held.connection.close()

    def file(self) -> tuple[int, int]:
        """(device, inode) of the catalog that is at its path now; (0, 0) when there is none."""
        return _file_at(self._directory / CATALOG)

    def _taken(self) -> Pooled:
        file = self.file()
        while True:
            with self._lock:
                held, epoch = (self._idle.pop() if self._idle else None), self._epoch
            if held is None:
                return Pooled(self._opened(), file, epoch)
            if held.file == file:
                return held
            held.connection.close()

    def _opened(self) -> sqlite3.Connection:
        connection = connect_reader(self._directory)
        if self._access is not None:
            restrict(connection, self._access)
        return connection

    def _give_back(self, held: Pooled) -> None:
        with self._lock:
            kept = held.epoch == self._epoch and len(self._idle) < _MOST
            if kept:
                self._idle.append(held)
        if not kept:
            held.connection.close()


def _file_at(path: Path) -> tuple[int, int]:
    """(device, inode) of a file; (0, 0) when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
