"""`vectors.f32`: the embeddings of all chunks as one matrix of float32, row r at position r - 1, for exact search.

Append-only and derived: rows beyond the committed count are leftovers of a crash and are overwritten by the next writer;
a file that is missing, too short or not what was written is not read, and is made again from the catalog by the next writer.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragcli.index.sqlite.catalog import VECTORS, transaction
from ragcli.private import open_private

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix


class VectorFile:
    """The file of one index; `dimension` is that of its vectors."""

    def __init__(self, directory: Path, dimension: int, *, name: str = VECTORS) -> None:
        self._path = directory / name
        self._dimension = dimension

    def holds(self, rows: int) -> bool:
        """Whether the file is long enough for `rows` vectors."""
        try:
            return self._path.stat(follow_symlinks=False).st_size >= rows * self._dimension * 4
        except OSError:
            return False

    def sound(self, connection: sqlite3.Connection, rows: int) -> bool:
        """Whether the file holds the first `rows` vectors as they were written, by the checksums of the catalog."""
        if not rows:
            return True
        if not self.holds(rows):
            return False
        after = 1
        with os.fdopen(open_private(self._path, os.O_RDONLY), "rb") as file:
            for first, count, stored in connection.execute("SELECT * FROM vector_runs ORDER BY first_row"):
                part = file.read(min(count, rows + 1 - after) * self._dimension * 4)
                if first != after or len(part) != count * self._dimension * 4 or _checksum(first, part) != stored:
                    return False
                after += count
        return bool(after == rows + 1)

    def blocks(self, rows: int, size: int) -> Iterator[tuple[int, Matrix]]:
        """The first `rows` vectors as matrices of at most `size`, each with its first row; nothing is mapped."""
        with os.fdopen(open_private(self._path, os.O_RDONLY), "rb") as file:
            for first in range(1, rows + 1, size):
                content = file.read(min(size, rows + 1 - first) * self._dimension * 4)
                yield first, np.frombuffer(content, dtype="<f4").reshape(-1, self._dimension)

    def read(self, rows: int) -> Matrix:
        """The first `rows` vectors [rows, dimension], memory-mapped."""
        if rows == 0:
            return np.zeros((0, self._dimension), dtype=np.float32)
        with os.fdopen(open_private(self._path, os.O_RDONLY), "rb") as file:
            return np.memmap(file, dtype="<f4", mode="r", shape=(rows, self._dimension))

    def restore(self, connection: sqlite3.Connection, matrices: Iterable[Matrix]) -> None:
        """Replace the file by one that holds `matrices`, one after the other, and the runs in the catalog by theirs. Who has
        mapped the file before keeps what it was."""
        beside = VectorFile(self._path.parent, self._dimension, name=f"{VECTORS}.new")
        first, runs = 1, []
        for matrix in matrices:
            runs.append(beside.write(first, matrix))
            first += len(matrix)
        with transaction(connection, write=True):
            connection.execute("DELETE FROM vector_runs")
            note_runs(connection, runs)
            beside._path.replace(self._path)

    def write(self, first_row: int, matrix: Matrix) -> tuple[int, int, int]:
        """Put `matrix` at `first_row` and wait until it is on the disk; whatever lay beyond is cut off. Returns the run, for
        `note_runs`."""
        descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
        try:
            offset = (first_row - 1) * self._dimension * 4
            content = np.ascontiguousarray(matrix, dtype="<f4").tobytes()
            data = memoryview(content)
            os.ftruncate(descriptor, offset)
            while data:
                written = os.pwrite(descriptor, data, offset)
                data, offset = data[written:], offset + written
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return first_row, len(matrix), _checksum(first_row, content)


def _checksum(first_row: int, vectors: bytes) -> int:
    """As `checksum` of both, without putting them together."""
    return zlib.crc32(vectors, zlib.crc32(f"{first_row}\x1f\0".encode()))


def note_runs(connection: sqlite3.Connection, runs: Iterable[tuple[int, int, int]]) -> None:
    """Remember the checksums of runs of vectors, inside the transaction that makes them part of the index."""
    connection.executemany("INSERT INTO vector_runs VALUES (?, ?, ?)", runs)
