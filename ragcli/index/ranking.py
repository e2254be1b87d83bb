"""Scores of many vectors, and the best of many scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ragcli.datatypes import Vector


def cosines(matrix: NDArray[np.floating[Any]], vector: Vector) -> NDArray[np.float32]:
    """The cosine of each row of `matrix` [rows, dimension] with `vector` [dimension]; all are of length 1.

    Not `matrix @ vector`: BLAS shares such a product among threads of its own, which spin while they wait for the next one, and
    takes more CPU time; see docs/pages/decisions.md.
    """
    return np.asarray(np.einsum("ij,j->i", matrix, vector), dtype=np.float32)


def top(scores: NDArray[Any], k: int) -> list[tuple[int, float]]:
    """The `k` largest as (row, score); ties go to the smaller row, also at the cut."""
    k = min(k, len(scores))
    if k <= 0:
        return []
    threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
    above = np.flatnonzero(scores > threshold)
    level = np.flatnonzero(scores == threshold)[: k - len(above)]
    chosen = np.concatenate([above, level])
    order = np.lexsort((chosen, -scores[chosen]))
    return [(int(i) + 1, float(scores[i])) for i in chosen[order]]


def scored_rows(rows: NDArray[np.int64], scores: NDArray[Any], k: int) -> list[tuple[int, float]]:
    """The `k` best of `rows`, whose scores stand beside them, as (row, score); ties go to the smaller row."""
    order = np.lexsort((rows, -scores))[:k]
    return [(int(rows[i]), float(scores[i])) for i in order]
