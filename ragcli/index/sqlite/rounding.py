"""The nearest vectors by way of a copy in 8 bits: exactly those that comparing all of them gives, in a fraction of the time.

A vector v is kept as whole numbers c from -127 to 127 with v ≈ s·c, and with the length of the rounding error v - s·c; a
question q is rounded to whole numbers a with q ≈ t·a. Then, by Cauchy and Schwarz,

    |q·v - t·s·(a·c)|  ≤  |q|·|v - s·c| + |q - t·a|·|s·c|

so `t·s·(a·c)` plus the right side is an upper bound of the cosine. The `k` best by the rounded product are compared exactly;
the worst of their cosines bounds the k-th best from below, and whatever has an upper bound of at least that is compared as
well. Nothing else can be among the `k` best, and equal scores are all seen.

The products are those of ONNX Runtime, since numpy has none of whole numbers that is faster than its product of floats. Its
kernel for processors without VNNI adds pairs of products in 16 bits, which does not overflow when one factor has 7 bits:
2·127·127 < 2^15. So the question is rounded to 7 bits.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ragcli.index.ranking import cosines, scored_rows, top
from ragcli.localruntime import onnx_runtime

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

BLOCK = 16_384  # rows that are rounded together; fewer are compared exactly
AFTER = 4  # searches without rounded vectors: a process that searches once or twice is done before they pay
_AT_ONCE = 1024  # rows that are rounded in the processor's cache
_QUESTION, _VECTOR = 63, 127  # the largest whole numbers
_ZERO = 64  # what is added to those of a question, which the kernel takes without a sign
_MOST = 0.1  # the share of all vectors from which on comparing every one of them is faster
# An ONNX model (opset 13) of one node, Y = MatMulInteger(A, B): A of unsigned, B of signed bytes.
MODEL = base64.b64decode(
    "CAc6PgoYCgFBCgFCEgFZIg1NYXRNdWxJbnRlZ2VyEgFnWgkKAUESBAoCCAJaCQoBQhIECgIIA2IJCgFZEgQKAggGQgQKABAN"
)


@dataclass(frozen=True, slots=True)
class _Rounded:
    """A block of rows. `codes` [dimension, rows]; the other arrays [rows]."""

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    sums: NDArray[np.float32]  # of the codes, times `_ZERO`
    errors: NDArray[np.float32]  # lengths of what was lost
    longest: float  # of the rounded vectors

    def bounds(self, question: _Question) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The rounded cosine of each row, and the upper bound of the exact one."""
        products = _product().run(None, {"A": question.codes, "B": self.codes})[0][0].astype(np.float32)
        products -= self.sums
        products *= self.scales
        products *= question.scale
        return products, products + (self.errors * question.length + question.slack(self.longest))


@dataclass(frozen=True, slots=True)
class _Question:
    codes: NDArray[np.uint8]  # [1, dimension], `_ZERO` added
    scale: np.float32
    length: np.float32
    error: float

    def slack(self, longest: float) -> np.float32:
        """What rounding the question, and adding up floats of 24 bits in any order, may cost with a vector of that length."""
        floats = (self.codes.size + 8) * 2.0**-22 * float(self.length) * max(longest, 1.0)
        return np.float32(self.error * longest + floats)


def rounded_question(vector: Vector) -> _Question:
    exact = np.asarray(vector, dtype=np.float64)
    scale = float(np.abs(exact).max(initial=0.0)) / _QUESTION or 1.0
    codes = np.rint(exact / scale)
    error = float(np.linalg.norm(exact - np.float64(np.float32(scale)) * codes))
    return _Question(
        (codes + _ZERO).astype(np.uint8)[None], np.float32(scale), np.float32(np.linalg.norm(exact) * (1 + 1e-6)), error
    )


def rounded_block(matrix: Matrix) -> _Rounded:
    rows, dimension = matrix.shape
    codes = np.empty((dimension, rows), dtype=np.int8)
    scales, sums, errors, longest = (np.empty(rows, dtype=np.float32) for _ in range(4))
    for first in range(0, rows, _AT_ONCE):
        part = np.asarray(matrix[first : first + _AT_ONCE], dtype=np.float32)
        place = slice(first, first + len(part))
        scale = np.maximum(part.max(axis=1), -part.min(axis=1)) / np.float32(_VECTOR)
        scale[scale == 0] = 1
        whole = part / scale[:, None]
        np.rint(whole, out=whole)
        codes[:, place] = whole.astype(np.int8).T
        sums[place] = _ZERO * whole.sum(axis=1)
        whole *= scale[:, None]
        longest[place] = np.einsum("ij,ij->i", whole, whole)
        whole -= part
        errors[place] = np.sqrt(np.einsum("ij,ij->i", whole, whole)) * np.float32(1 + 1e-4)
        scales[place] = scale
    return _Rounded(codes, scales, sums, errors, float(np.sqrt(longest.max(initial=0.0))) * (1 + 1e-4))


class RoundedVectors:
    """The rounded copy of the vectors of an index, for any number of threads. From the first few searches on it grows by a
    block with each, so that none waits long; rows never change, so it outlives the state of the index in which it was made."""

    def __init__(self) -> None:
        self._blocks: list[_Rounded] = []
        self._searches = 0
        self._growing = threading.Lock()

    def nearest(
        self, matrix: Matrix, vector: Vector, k: int, mask: NDArray[np.bool_] | None
    ) -> list[tuple[int, float]] | None:
        """The `k` rows with the largest cosine, of those that `mask` (by row - 1) allows, as `top` gives them of all cosines;
        None when comparing all of them is faster."""
        blocks = self._grown(matrix)
        if not blocks or k >= _MOST * len(matrix):
            return None
        question = rounded_question(vector)
        near, upper = (np.empty(len(matrix), dtype=np.float32) for _ in range(2))
        for number, block in enumerate(blocks):
            place = slice(number * BLOCK, (number + 1) * BLOCK)
            near[place], upper[place] = block.bounds(question)
        rest = slice(len(blocks) * BLOCK, None)
        near[rest] = upper[rest] = cosines(matrix[rest], vector)
        if mask is not None:
            for bounds in (near, upper):
                np.copyto(bounds, -np.inf, where=~mask)
        first = [row - 1 for row, score in top(near, k) if score > -np.inf]
        if len(first) < k:
            return None
        chosen = np.flatnonzero(upper >= cosines(matrix[first], vector).min())
        if len(chosen) > _MOST * len(matrix):
            return None
        return scored_rows(chosen + 1, cosines(matrix[chosen], vector), k)

    def _grown(self, matrix: Matrix) -> Sequence[_Rounded]:
        """The blocks that lie in `matrix`, with one more if there is one to make and nobody else is making it."""
        self._searches += 1
        if self._searches > AFTER and self._growing.acquire(blocking=False):
            try:
                first = len(self._blocks) * BLOCK
                if first + BLOCK <= len(matrix):
                    self._blocks.append(rounded_block(matrix[first : first + BLOCK]))
            finally:
                self._growing.release()
        return self._blocks[: len(matrix) // BLOCK]


@cache
def _product() -> Any:
    """A session of ONNX Runtime that multiplies whole numbers."""
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
