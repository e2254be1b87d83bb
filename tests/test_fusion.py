"""Fusion written as the arithmetic, and stitching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.datatypes import Candidate, Chunk, DocumentRecord, Span
from ragcli.results import LegTrace, ScoredChunk, ScoreTrace
from ragcli.retrieval.fusion import Leg, fuse
from ragcli.retrieval.stitching import stitch

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
