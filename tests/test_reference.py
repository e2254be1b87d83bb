"""Metrics against trec_eval itself, on random runs."""

from __future__ import annotations

import random

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.evaluation.metrics import average_precision, hit, ndcg, precision, recall, reciprocal_rank

MEASURES = {"map", "recip_rank", "P_5", "recall_5", "recall_10", "ndcg_cut_10", "success_1", "success_5"}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_metrics_equal_those_of_trec_eval(seed: int, retrieved: int, relevant: int, graded: bool) -> None:
    chance = random.Random(seed)
    documents = [f"d{i}" for i in range(60)]
    grades = {name: chance.randint(1, 3) if graded else 1 for name in chance.sample(documents, relevant)}
    ranking = chance.sample(documents, retrieved)
    run = {name: float(len(ranking) - i) for i, name in enumerate(ranking)}
    reference = pytrec_eval.RelevanceEvaluator({"q": grades}, MEASURES).evaluate({"q": run})["q"]
    gains, ideal = [float(grades.get(name, 0)) for name in ranking], [float(grade) for grade in grades.values()]
    ours = {
        "map": average_precision(gains, ideal), "recip_rank": reciprocal_rank(gains, ideal), "P_5": precision(gains, ideal, 5),
        "ndcg_cut_10": ndcg(gains, ideal, 10), "success_1": hit(gains, ideal, 1), "success_5": hit(gains, ideal, 5),
    }  # fmt: skip
    if not graded:
        ours |= {"recall_5": recall(gains, ideal, 5), "recall_10": recall(gains, ideal, 10)}
    for name, value in ours.items():
        assert value == pytest.approx(reference[name], abs=1e-9), name
