"""Metrics written as the arithmetic, and what counts as found."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from ragcli.datatypes import DocumentRecord, Span
from ragcli.errors import GoldError, UsageError
from ragcli.evaluation.gating import parse_threshold
from ragcli.evaluation.gold import Evidence, GoldQuestion, load_gold
from ragcli.evaluation.matching import gains
from ragcli.evaluation.metrics import hit, mean_of, ndcg, parse_measure, precision, recall, reciprocal_rank
from ragcli.results import Hit, Passage
from ragcli.scores import ScoreTrace

GAINS = [0, 1, 0, 1]
IDEAL = [1, 1, 1]


def test_each_metric_is_its_formula() -> None:
    assert hit(GAINS, IDEAL, 1) == 0
    assert hit(GAINS, IDEAL, 2) == 1
    assert precision(GAINS, IDEAL, 4) == 2 / 4
    assert precision(GAINS, IDEAL, 10) == 2 / 10
    assert recall(GAINS, IDEAL, 4) == 2 / 3
    assert reciprocal_rank(GAINS, IDEAL) == 1 / 2
    dcg = 1 / math.log2(3) + 1 / math.log2(5)
    assert ndcg(GAINS, IDEAL, 4) == pytest.approx(dcg / (1 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)))


def test_graded_gains_are_linear() -> None:
    assert ndcg([1, 2], [1, 2], 2) == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_nothing_found_is_zero() -> None:
    for metric in (hit, precision, recall, ndcg):
        assert metric([], [1.0], 5) == 0
    assert reciprocal_rank([], [1.0]) == 0


def test_a_mean_does_not_depend_on_the_order_and_is_absent_without_values() -> None:
    rows = [{"mrr": 0.1}, {"mrr": 0.2}, {"mrr": 0.3}, {}]
    assert mean_of(rows, "mrr") == mean_of(rows[::-1], "mrr") == pytest.approx(0.2)
    assert mean_of(rows, "hit@1") is None


@pytest.mark.parametrize("name", ["hit@0", "recall", "map@5", "ndcg@x", ""])
def test_unknown_metrics_are_not_parsed(name: str) -> None:
    assert parse_measure(name) is None


@pytest.mark.parametrize("text", ["ndcg@10", "nope=1", "ndcg@10=high", "=1"])
def test_a_malformed_threshold_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_threshold(text)


def passage_hit(path: str, text: str, rank: int, page: int | None = None) -> Hit:
    record = DocumentRecord(path, path, "", "text", path, 1, False)
    return Hit(
        Passage(record, ("c",), text, Span(0, len(text), page, page), ()), 1.0, rank, ScoreTrace("convex", (), 1.0)
    )


def question(*evidence: Evidence) -> GoldQuestion:
    return GoldQuestion("q", "?", True, evidence=evidence, grades=(1.0,) * len(evidence))


def test_a_quotation_must_stand_in_a_passage_of_the_right_document() -> None:
    hits = [passage_hit("b.md", "we have 28 days", 1), passage_hit("a.md", "We have\n28 days of leave", 2)]
    assert gains(question(Evidence("a.md", "28 Days")), hits, lambda path: path) == [0, 1]
    assert gains(question(Evidence("a.md", "30 days")), hits, lambda path: path) == [0, 0]


def test_evidence_found_before_adds_nothing_again() -> None:
    hits = [passage_hit("a.md", "28 days", 1), passage_hit("a.md", "28 days", 2), passage_hit("a.md", "31 March", 3)]
    wanted = question(Evidence("a.md", "28 days"), Evidence("a.md", "31 March"))
    assert gains(wanted, hits, lambda path: path) == [1, 0, 1]


def test_without_quotations_ranks_count_documents() -> None:
    hits = [passage_hit("b.md", "x", 1), passage_hit("b.md", "y", 2), passage_hit("a.md", "z", 3)]
    assert gains(question(Evidence("a.md")), hits, lambda path: path) == [0, 1]


def test_a_page_must_be_the_right_one() -> None:
    hits = [passage_hit("a.pdf", "x", 1, page=2), passage_hit("a.pdf", "y", 2, page=3)]
    assert gains(question(Evidence("a.pdf", page=3)), hits, lambda path: path) == [0, 1]


def test_a_path_that_is_not_indexed_finds_nothing() -> None:
    assert gains(question(Evidence("a.md")), [passage_hit("a.md", "x", 1)], lambda _: None) == [0]


def test_gold_files_of_others_are_read(write: Callable[[str, str], Path]) -> None:
    rows = [
        {"id": "1", "question": "A?", "files": ["a.md"], "answers": ["x"], "answerable": True},
        {"question": "B?", "relevant": ["b.md"]},
        {"id": "3", "question": "C?", "answerable": False},
        {"id": "4", "query": "D?", "evidence": [{"path": "d.pdf", "page": 2}], "answer": "y"},
    ]
    loaded = load_gold(write("gold.jsonl", "\n".join(json.dumps(row) for row in rows)))
    assert [q.answerable for q in loaded] == [True, True, False, True]
    assert [q.evidence for q in loaded] == [(Evidence("a.md"),), (Evidence("b.md"),), (), (Evidence("d.pdf", "", 2),)]
    assert (loaded[1].id, loaded[3].answers) == ("2", ("y",))


def test_all_problems_of_a_gold_file_are_listed_with_their_lines(write: Callable[[str, str], Path]) -> None:
    path = write(
        "gold.jsonl", '{"question": ""}\nnot json\n\n{"id": 1, "question": "A?"}\n{"id": 1, "question": "B?"}\n[]\n'
    )
    with pytest.raises(GoldError) as caught:
        load_gold(path)
    assert [f"line {n}: " in caught.value.message for n in (1, 2, 4, 5, 6)] == [True, True, False, True, True]
