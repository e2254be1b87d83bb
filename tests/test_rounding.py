"""The nearest vectors by a copy in 8 bits are those that comparing all of them gives, down to the last bit of the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ragcli.index.ranking import cosines, top
from ragcli.index.sqlite import rounding
from ragcli.index.sqlite.rounding import AFTER, BLOCK, RoundedVectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

ROWS = 2 * BLOCK + 700
DIMENSION = 24
CHANCE = np.random.default_rng(4)


def unit(vectors: NDArray[Any]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def noise(rows: int) -> NDArray[np.float64]:
    return CHANCE.standard_normal((rows, DIMENSION))


def clustered() -> Vectors:
    return unit(noise(50)[CHANCE.integers(50, size=ROWS)] + 0.4 * noise(ROWS))


def with_ties() -> Vectors:
    """Each vector a dozen times, far from each other."""
    return np.tile(unit(noise(ROWS // 12 + 1)), (12, 1))[:ROWS]


def nearly_equal() -> Vectors:
    """Groups whose vectors differ in the last bits only."""
    return unit(np.repeat(noise(ROWS // 40 + 1), 40, axis=0)[:ROWS] + 1e-7 * noise(ROWS))


def uneven() -> Vectors:
    """Single entries that are large, so that all the others are lost in rounding; also vectors of deleted rows, which are 0."""
    vectors = noise(ROWS) * 1e-3
    vectors[np.arange(ROWS), CHANCE.integers(DIMENSION, size=ROWS)] = CHANCE.choice([-1.0, 1.0], size=ROWS)
    found = unit(vectors)
    found[::7] = 0
    return found


def in_one_place() -> Vectors:
    """All within a step of rounding: the copy tells nothing."""
    return unit(np.ones((ROWS, DIMENSION)) + 1e-3 * noise(ROWS))


def all_blocks(matrix: Vectors) -> RoundedVectors:
    found = RoundedVectors()
    for _ in range(AFTER + ROWS // BLOCK):
        found.nearest(matrix, matrix[0], 1, None)
    return found


@pytest.mark.parametrize("make", [clustered, with_ties, nearly_equal, uneven, in_one_place])
def test_rows_and_scores_are_those_of_comparing_all(make: Callable[[], Vectors]) -> None:
    matrix = make()
    rounded, answered = all_blocks(matrix), 0
    masks = [None, CHANCE.random(ROWS) < 0.5, np.arange(ROWS) % 3 == 0]
    for number in range(30):
        k, mask = (1, 10, 100)[number % 3], masks[number // 3 % 3]
        of = matrix[CHANCE.integers(ROWS)]
        question = of if number % 4 == 0 and of.any() else unit(of + 0.3 * unit(noise(1)[0]))
        found = rounded.nearest(matrix, question, k, mask)
        scores = cosines(matrix, question)
        expected = top(scores if mask is None else np.where(mask, scores, -np.inf), k)
        assert found in (expected, None)
        answered += found is not None
    assert answered >= (20 if make is not in_one_place else 0)


def test_where_rounding_tells_nothing_all_are_compared() -> None:
    matrix = in_one_place()
    assert all_blocks(matrix).nearest(matrix, unit(np.ones(DIMENSION)), 10, None) is None


def test_where_fewer_are_allowed_than_wanted_all_are_compared() -> None:
    matrix = clustered()
    assert all_blocks(matrix).nearest(matrix, matrix[5], 10, np.arange(ROWS) < 9) is None


def test_rows_that_came_later_are_found_before_they_are_rounded() -> None:
    matrix = clustered()
    rounded = RoundedVectors()
    for _ in range(AFTER + 1):
        rounded.nearest(matrix[:BLOCK], matrix[0], 1, None)
    for row in (3, BLOCK + 1, ROWS - 1):
        found = rounded.nearest(matrix, matrix[row], 1, None)
        assert found == top(cosines(matrix, matrix[row]), 1)
        assert found[0][0] == row + 1


def test_the_first_searches_of_a_process_round_nothing() -> None:
    matrix, rounded = clustered(), RoundedVectors()
    assert [rounded.nearest(matrix, matrix[0], 1, None) for _ in range(AFTER)] == [None] * AFTER
    assert rounded.nearest(matrix, matrix[0], 1, None) is not None


def test_the_bound_holds_for_every_row() -> None:
    for make in (clustered, nearly_equal, uneven):
        matrix = make()[:BLOCK]
        block = rounding.rounded_block(matrix)
        for _ in range(5):
            question = unit(noise(1)[0])
            near, upper = block.bounds(rounding.rounded_question(question))
            exact = matrix.astype(np.float64) @ question.astype(np.float64)
            assert (exact <= upper).all()
            assert (cosines(matrix, question) <= upper).all()
            assert np.abs(near - exact).max() < 0.2


def test_the_product_is_exact_for_the_largest_numbers() -> None:
    """Where pairs are added in 16 bits, larger ones would overflow."""
    for vector in (np.ones(DIMENSION), -np.ones(DIMENSION), np.resize([1.0, -1.0], DIMENSION)):
        matrix = np.tile(unit(vector), (BLOCK, 1))
        near, _ = rounding.rounded_block(matrix).bounds(rounding.rounded_question(unit(vector)))
        assert near == pytest.approx(1, abs=1e-5)


def test_the_model_is_one_product_of_whole_numbers() -> None:
    onnx = pytest.importorskip("onnx")
    [node] = onnx.load_from_string(rounding.MODEL).graph.node
    assert (node.op_type, list(node.input), list(node.output)) == ("MatMulInteger", ["A", "B"], ["Y"])
