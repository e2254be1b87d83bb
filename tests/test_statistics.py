"""Intervals, tests and curves: against closed forms, exact counts and scikit-learn."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ragcli.evaluation.answers import contains_all, exact_match, rouge_l, token_f1
from ragcli.evaluation.statistics import (
    auroc,
    bootstrap_interval,
    calibration_error,
    percentile,
    platt,
    randomisation_p,
    reliability,
    risk_coverage,
)
from ragcli.generation.abstention import scaled

SHARES = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=8)


def test_the_interval_of_a_share_is_about_that_of_the_normal_approximation() -> None:
    values = [1.0] * 60 + [0.0] * 40
    low, high = bootstrap_interval(values) or (0, 0)
    assert low == pytest.approx(0.6 - 1.96 * math.sqrt(0.24 / 100), abs=0.02)
    assert high == pytest.approx(0.6 + 1.96 * math.sqrt(0.24 / 100), abs=0.02)
    assert bootstrap_interval(values) == (low, high)
    assert bootstrap_interval([1.0]) is None


@settings(max_examples=60, deadline=None)
@given(SHARES, st.data())
def test_few_differences_give_the_exact_p(one: list[float], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(one), max_size=len(one)))
    differences = [a - b for a, b in zip(one, other, strict=True) if a != b]
    observed = abs(sum(differences))
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = sum(total >= observed - 1e-9 for total in sums) / len(sums)
    assert randomisation_p(one, other) == pytest.approx(expected)


def test_many_equal_differences_are_significant_and_noise_is_not() -> None:
    assert randomisation_p([1.0] * 40, [0.8] * 40) < 0.001
    noise = [0.1 if i % 2 else -0.1 for i in range(40)]
    assert randomisation_p([0.5 + d for d in noise], [0.5] * 40) > 0.5


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.9]), st.booleans()), min_size=2, max_size=30))
def test_auroc_is_that_of_scikit_learn(samples: list[tuple[float, bool]]) -> None:
    scores, labels = [s for s, _ in samples], [label for _, label in samples]
    if len(set(labels)) < 2:
        assert auroc(scores, labels) is None
    else:
        assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_risk_grows_with_coverage_when_the_unsure_are_wrong() -> None:
    assert risk_coverage([0.9, 0.8, 0.8, 0.1], [False, False, True, True]) == [(0.25, 0.0), (0.75, 1 / 3), (1.0, 0.5)]


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile([5, 1, 3, 2, 4], share) for share in (0.5, 0.95, 0.0)] == [3, 5, 1]


def test_answers_are_compared_as_squad_and_rouge_do() -> None:
    assert exact_match("The 28 days.", ["28 days"]) == 1
    assert token_f1("28 days of leave", ["28 days"]) == pytest.approx(2 * 2 / (4 + 2))
    assert rouge_l("police killed the gunman", ["police kill the gunman"]) == pytest.approx(0.75)
    assert rouge_l("", ["x"]) == token_f1("", ["x"]) == 0
    assert contains_all("28 days, until March", ["28", "march"]) == 1
    assert contains_all("28 days", ["28", "march"]) == 0


def test_reliability_says_how_often_each_confidence_was_right() -> None:
    bins = reliability([0.05, 0.15, 0.15, 0.95, 1.0], [False, True, False, True, True])
    assert [(b.low, b.questions, b.right) for b in bins] == [(0.0, 1, 0.0), (0.1, 2, 0.5), (0.9, 2, 1.0)]
    assert [b.confidence for b in bins] == pytest.approx([0.05, 0.15, 0.975])
    assert calibration_error(bins) == pytest.approx((0.05 + 2 * 0.35 + 2 * 0.025) / 5)
    assert calibration_error([]) == 0.0


def test_platt_scaling_finds_the_logistic_that_made_the_outcomes() -> None:
    random = np.random.default_rng(3)
    z = random.normal(size=20_000)
    right = random.random(len(z)) < 1 / (1 + np.exp(-(2.5 * z - 0.7)))
    slope, intercept = platt((1 / (1 + np.exp(-z))).tolist(), right.tolist())
    assert slope == pytest.approx(2.5, abs=0.1)
    assert intercept == pytest.approx(-0.7, abs=0.1)


def test_platt_scaling_of_certain_scores_stays_finite_and_agrees_with_the_smoothed_shares() -> None:
    slope, intercept = platt([0.0, 0.0, 1.0, 1.0], [False, False, True, True])
    assert scaled(1.0, slope, intercept) == pytest.approx(3 / 4, abs=1e-6)
    assert scaled(0.0, slope, intercept) == pytest.approx(1 / 4, abs=1e-6)


@pytest.mark.parametrize(("scores", "right"), [([0.2, 0.9], [True, True]), ([0.1, 0.9], [True, False]), ([], [])])
def test_platt_scaling_changes_nothing_where_there_is_nothing_to_learn(scores, right) -> None:
    assert platt(scores, right) == (1.0, 0.0)
    assert scaled(0.3, 1.0, 0.0) == pytest.approx(0.3)
