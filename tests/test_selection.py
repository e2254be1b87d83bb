"""Which of the ranked chunks are shown: near-duplicates once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ragcli.datatypes import Chunk, DocumentRecord, Span
from ragcli.results import ScoredChunk
from ragcli.retrieval.diversity import Selection, select
from ragcli.scores import ScoreTrace

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix

WORDS = [f"word{i}" for i in range(103)]  # 100 runs of four words


def ranked(*texts: str) -> list[ScoredChunk]:
    """A chunk of a document of its own for each text, the best first."""
    return [
        ScoredChunk(
            row,
            Chunk(f"c{row}", f"d{row}", 0, text, "", Span(0, len(text)), (), "", 9),
            DocumentRecord(f"d{row}", f"{row}.txt", "", "text", f"{row}", 9, True),
            1 / row,
            ScoreTrace("convex", (), 1 / row),
        )
        for row, text in enumerate(texts, 1)
    ]


def no_vectors(rows: Sequence[int]) -> Matrix:
    return np.zeros((len(rows), 1), dtype=np.float32)


@pytest.mark.parametrize(("shared", "shown"), [(89, 1), (88, 2)])
def test_two_chunks_are_near_duplicates_from_four_fifths_of_their_runs_of_words_on(shared: int, shown: int) -> None:
    """The second chunk differs from its end on: of 200 - `shared` runs of four words, both have `shared`."""
    other = WORDS[: shared + 3] + [f"other{i}" for i in range(100 - shared)]
    chosen, alike = select(ranked(" ".join(WORDS), " ".join(other)), Selection(), no_vectors)
    assert len(chosen) == shown
    assert sum(len(twins) for twins in alike.values()) == 2 - shown


def test_chunks_that_share_half_of_what_they_say_are_both_shown() -> None:
    half = WORDS[:70] + [f"other{i}" for i in range(33)]
    chosen, alike = select(ranked(" ".join(WORDS), " ".join(half)), Selection(), no_vectors)
    assert ([entry.key for entry in chosen], alike) == ([1, 2], {})
