"""Fusion written as the arithmetic, and passages: stitched, and grown to their sections."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.datatypes import Candidate, Chunk, DocumentRecord, Filter, QueryWord, Span
from ragcli.index.entries import Candidates, StoredChunk
from ragcli.index.ranking import top
from ragcli.index.statistics import Statistics
from ragcli.results import Hit, ScoredChunk, Understood
from ragcli.retrieval.fusion import Leg, fuse
from ragcli.retrieval.retriever import RetrievalOptions, Retriever
from ragcli.retrieval.stitching import grow, stitch
from ragcli.scores import LegTrace, ScoreTrace
from ragcli.text.query import Query
from ragcli.tracing import Trace

if TYPE_CHECKING:
    from ragcli.datatypes import Vector

LEXICAL = Leg("lexical", [Candidate(1, 8.0), Candidate(2, 4.0)], 0.5, floor=0.0)
DENSE = Leg("dense", [Candidate(2, 0.9), Candidate(3, 0.5), Candidate(1, 0.1)], 0.5)


def test_convex_fusion_is_the_weighted_sum_of_scores_scaled_to_their_range() -> None:
    fused = dict(fuse([LEXICAL, DENSE]))
    assert fused[1].total == pytest.approx(0.5 * (8 / 8) + 0.5 * 0)
    assert fused[2].total == pytest.approx(0.5 * (4 / 8) + 0.5 * 1)
    assert fused[3].total == pytest.approx(0.5 * 0 + 0.5 * (0.5 - 0.1) / (0.9 - 0.1))
    assert [row for row, _ in fuse([LEXICAL, DENSE])] == [2, 1, 3]


def test_reciprocal_rank_fusion_counts_ranks_from_one() -> None:
    fused = dict(fuse([LEXICAL, DENSE], method="rrf"))
    assert fused[2].total == pytest.approx(0.5 / (60 + 2) + 0.5 / (60 + 1))


def test_equal_scores_all_count_as_the_best() -> None:
    assert [trace.total for _, trace in fuse([Leg("dense", [Candidate(4, 0.3), Candidate(5, 0.3)], 1.0)])] == [1.0, 1.0]


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=30), st.lists(st.floats(-1, 1), max_size=30), st.floats(0, 1),
    st.sampled_from(["convex", "rrf"]),
)  # fmt: skip
def test_the_trace_adds_up_to_the_score(lexical: list[float], dense: list[float], weight: float, method: str) -> None:
    legs = [
        Leg("lexical", [Candidate(*e) for e in enumerate(sorted(lexical, reverse=True))], 1 - weight, floor=0.0),
        Leg("dense", [Candidate(*e) for e in enumerate(sorted(dense, reverse=True), start=5)], weight),
    ]
    totals = [trace.total for _, trace in fuse(legs, method=method)]
    assert totals == sorted(totals, reverse=True)
    for _, trace in fuse(legs, method=method):
        assert trace.total == pytest.approx(sum(leg.weight * leg.normalised for leg in trace.legs))


def scored(ordinal: int, score: float, heading: str = "A", document: str = "d") -> ScoredChunk:
    text = f"chunk {ordinal}"
    chunk = Chunk(
        f"{document}{ordinal}", document, ordinal, text, "\n", Span(ordinal * 8, ordinal * 8 + 7, None, None, ordinal, ordinal),
        (heading,), "", 2,
    )  # fmt: skip
    record = DocumentRecord(document, document, "", "text", document, 9, True)
    return ScoredChunk(ordinal, chunk, record, score, ScoreTrace("convex", (LegTrace("l", 1, 1, 1, 1, score),), score))


def test_neighbours_of_a_section_become_one_passage_with_the_score_of_the_best() -> None:
    hits = stitch([scored(2, 0.9), scored(7, 0.8), scored(1, 0.5), scored(3, 0.4)], 5)
    assert [hit.passage.text for hit in hits] == ["chunk 1\nchunk 2\nchunk 3", "chunk 7"]
    assert (hits[0].score, hits[0].passage.span.start, hits[0].passage.span.end) == (0.9, 8, 31)
    assert (hits[0].passage.span.line_start, hits[0].passage.span.line_end) == (1, 3)
    assert [hit.rank for hit in hits] == [1, 2]


def test_other_sections_documents_and_full_groups_stay_apart() -> None:
    assert len(stitch([scored(1, 0.9), scored(2, 0.8, heading="B")], 5)) == 2
    assert len(stitch([scored(1, 0.9), scored(2, 0.8, document="e")], 5)) == 2
    assert len(stitch([scored(i, 1 - i / 10) for i in range(1, 5)], 5)) == 2


def test_what_lies_below_the_floor_of_a_leg_counts_as_nothing_and_not_as_less() -> None:
    fused = dict(fuse([Leg("dense", [Candidate(1, 1.0), Candidate(2, 0.2)], 1.0, floor=0.6)]))
    assert (fused[1].total, fused[2].total) == (1.0, 0.0)


@pytest.mark.parametrize("method", ["convex", "rrf"])
def test_equal_totals_are_in_the_order_of_rows(method: str) -> None:
    legs = [
        Leg("a", [Candidate(9, 2.0), Candidate(4, 1.0)], 0.5),
        Leg("b", [Candidate(4, 2.0), Candidate(9, 1.0)], 0.5),
    ]
    assert [row for row, _ in fuse(legs, method=method)] == [4, 9]
    assert top(np.array([0.5, 0.9, 0.5, 0.5]), 3) == [(2, 0.9), (1, 0.5), (3, 0.5)]


class Rankings:
    """An index of chunks 1, 2, 3 …, whose rankings are given: their dense scores in order, and no lexical ones."""

    def __init__(self, dense: Sequence[float]) -> None:
        self._dense = [Candidate(row, score) for row, score in enumerate(dense, 1)]

    def statistics(self, words: Sequence[QueryWord]) -> Statistics:
        return Statistics(len(self._dense), 1, 0, ())

    def candidates(
        self,
        words: Sequence[QueryWord] | None,
        vector: Vector | None,
        k: int,
        where: Filter,
        statistics: Statistics | None = None,
    ) -> Candidates:
        return Candidates([], self._dense[:k], self._dense[:k], {"lexical": 0.0, "dense": 0.0})

    def generation(self) -> int:
        return 0

    def resolve(self, query: Query) -> list[QueryWord]:
        return []

    def understand(self, question: str) -> Understood:
        return Understood(question)

    def fetch(self, keys: Sequence[int], *, vectors: bool = False) -> dict[int, StoredChunk]:
        return {key: StoredChunk(entry.chunk, entry.document) for key in keys for entry in [scored(key, 0.0)]}

    def surroundings(self, chunk_ids: Sequence[str], before: int, after: int) -> Sequence[Chunk]:
        return []

    def sentence_cosines(self, chunk_ids: Sequence[str], vector: Vector) -> dict[str, list[tuple[int, int, float]]]:
        return {}

    def document_chunks(self, document_id: str) -> Sequence[Chunk]:
        return []

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()


def test_asking_for_more_hits_than_candidates_does_not_move_the_floor() -> None:
    options = RetrievalOptions(mode="dense", depth=3)
    retriever = Retriever(Rankings([0.9, 0.7, 0.5, 0.3, 0.1]), lambda _: np.zeros(1, dtype=np.float32), options)
    few, many = ([e.score for e in retriever.rank("pump", limit, Filter(), Trace())] for limit in (3, 5))
    assert few == pytest.approx([1.0, 0.5, 0.0])
    assert many == pytest.approx([1.0, 0.5, 0.0, 0.0, 0.0])


def test_a_passage_has_no_more_tokens_than_allowed() -> None:
    neighbours = [scored(1, 0.9), scored(2, 0.8), scored(3, 0.7)]  # of two tokens each
    assert [hit.passage.tokens for hit in stitch(neighbours, 5, max_tokens=6)] == [6]
    assert [hit.passage.tokens for hit in stitch(neighbours, 5, max_tokens=5)] == [4, 2]


def section(*headings: str) -> list[Chunk]:
    """The chunks of a document, one under each heading."""
    return [scored(ordinal, 0.0, heading).chunk for ordinal, heading in enumerate(headings)]


def hit_on(*ordinals: int, heading: str = "A") -> list[Hit]:
    """A hit on each of these chunks, the first the best."""
    return stitch([scored(ordinal, 1 - i / 10, heading) for i, ordinal in enumerate(ordinals)], 9, max_chunks=1)


def test_a_passage_grows_to_its_section_and_no_further() -> None:
    chunks = section("A", "B", "B", "B", "C")
    grown = grow(hit_on(2, heading="B"), 5, lambda _: chunks)
    assert [hit.passage.text for hit in grown] == ["chunk 1\nchunk 2\nchunk 3"]
    assert (grown[0].passage.span.start, grown[0].passage.span.end) == (8, 31)


def test_a_passage_grows_as_far_as_its_tokens_allow_what_follows_first() -> None:
    chunks = section(*"AAAAAA")
    assert [hit.passage.text for hit in grow(hit_on(2), 5, lambda _: chunks, max_tokens=4)] == ["chunk 2\nchunk 3"]
    assert [hit.passage.text for hit in grow(hit_on(5), 5, lambda _: chunks, max_tokens=4)] == ["chunk 4\nchunk 5"]


def test_a_growing_passage_takes_nothing_that_a_better_one_has() -> None:
    chunks = section(*"AAAAAAAA")
    grown = grow(hit_on(2, 4, 3), 5, lambda _: chunks, max_tokens=6)
    assert [hit.passage.text for hit in grown] == ["chunk 1\nchunk 2\nchunk 3", "chunk 4\nchunk 5\nchunk 6"]
    assert [hit.rank for hit in grown] == [1, 2]
    assert len(grow(hit_on(2, 4), 1, lambda _: chunks, max_tokens=6)) == 1
