"""`vectors.f32`: the embeddings of all chunks as one matrix of float32, row r at position r - 1, for exact search.

Append-only and derived: rows beyond the committed count are leftovers of a crash and are overwritten by the next writer;
a file that is missing or too short is rebuilt from the catalog.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ragcli.index.catalog import VECTORS
from ragcli.private import open_private

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector


def cosines(matrix: NDArray[np.floating[Any]], vector: Vector) -> NDArray[np.float32]:
    """The cosine of each row of `matrix` [rows, dimension] with `vector` [dimension]; all are of length 1.

    Not `matrix @ vector`: BLAS shares such a product among threads of its own, which spin while they wait for the next one, and
    takes more CPU time; see "Decisions" in ARCHITECTURE.md.
    """
    return np.asarray(np.einsum("ij,j->i", matrix, vector), dtype=np.float32)


class VectorFile:
    """The file of one index; `dimension` is that of its vectors."""

    def __init__(self, directory: Path, dimension: int) -> None:
        self._path = directory / VECTORS
        self._dimension = dimension

    def holds(self, rows: int) -> bool:
        """Whether the file is long enough for `rows` vectors."""
        try:
            return self._path.stat(follow_symlinks=False).st_size >= rows * self._dimension * 4
        except OSError:
            return False

    def read(self, rows: int) -> Matrix:
        """The first `rows` vectors [rows, dimension], memory-mapped."""
        if rows == 0:
            return np.zeros((0, self._dimension), dtype=np.float32)
        with os.fdopen(open_private(self._path, os.O_RDONLY), "rb") as file:
            return np.memmap(file, dtype="<f4", mode="r", shape=(rows, self._dimension))

    def write(self, first_row: int, matrix: Matrix) -> None:
        """Put `matrix` at `first_row` and wait until it is on the disk; whatever lay beyond is cut off."""
        descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
        try:
            offset = (first_row - 1) * self._dimension * 4
            data = memoryview(np.ascontiguousarray(matrix, dtype="<f4").tobytes())
            os.ftruncate(descriptor, offset)
            while data:
                written = os.pwrite(descriptor, data, offset)
                data, offset = data[written:], offset + written
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
