"""How sure a number is. Everything is seeded: the same values give the same interval and the same p."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ragcli.measurements import ReliabilityBin

RESAMPLES = 2_000
PERMUTATIONS = 10_000
_EXACT_UP_TO = 12  # differences that are not zero: 4,096 sign patterns are counted rather than drawn
_SEED = 20_240_229
_AT_ONCE = 20_000  # values that are drawn together


def bootstrap_interval(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float] | None:
    """Percentile bootstrap interval of the mean (Efron & Tibshirani 1993); None for fewer than two values."""
    if len(values) < 2:
        return None
    data = np.asarray(values, dtype=np.float64)
    random = np.random.default_rng(_SEED)
    rows = max(1, _AT_ONCE // len(data))
    sizes = [min(rows, RESAMPLES - first) for first in range(0, RESAMPLES, rows)]
    means = np.concatenate([data[random.integers(0, len(data), (size, len(data)))].mean(axis=1) for size in sizes])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def randomisation_p(one: Sequence[float], other: Sequence[float]) -> float:
    """Two-sided p of the paired randomisation test on the difference of means (Smucker, Allan & Carterette, CIKM 2007).

    `one` and `other` run parallel. 1.0 when nothing differs.
    """
    differences = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    observed = abs(math.fsum(differences)) - 1e-12
    if len(differences) <= _EXACT_UP_TO:
        signs: NDArray[np.float64] = np.array(list(product((1.0, -1.0), repeat=len(differences))))
        return float((np.abs(signs @ differences) >= observed).mean())
    random = np.random.default_rng(_SEED)
    extreme = 0
    for _ in range(PERMUTATIONS // 1_000):
        signs = random.choice((1.0, -1.0), size=(1_000, len(differences)))
        extreme += int((np.abs(signs @ differences) >= observed).sum())
    return (extreme + 1) / (PERMUTATIONS + 1)


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Probability that a positive scores higher than a negative, ties counting half (Mann–Whitney); None without either."""
    above = [score for score, is_positive in zip(scores, positive, strict=True) if is_positive]
    below = [score for score, is_positive in zip(scores, positive, strict=True) if not is_positive]
    if not above or not below:
        return None
    order = np.sort(np.asarray(below))
    smaller = np.searchsorted(order, above, side="left") + np.searchsorted(order, above, side="right")
    return float(smaller.sum()) / (2 * len(above) * len(below))


def risk_coverage(scores: Sequence[float], wrong: Sequence[bool]) -> list[tuple[float, float]]:
    """(coverage, risk) when only the surest are answered, from one answer to all (El-Yaniv & Wiener, JMLR 2010).

    Answers of equal confidence come in together.
    """
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    points, errors = [], 0
    for count, i in enumerate(order, start=1):
        errors += wrong[i]
        if count == len(order) or scores[order[count]] != scores[i]:
            points.append((count / len(order), errors / count))
    return points


def reliability(scores: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> list[ReliabilityBin]:
    """Scores in `bins` equal intervals of [0, 1] with what became of them, empty ones left out (DeGroot & Fienberg 1983)."""
    members: dict[int, list[int]] = {}
    for i, score in enumerate(scores):
        members.setdefault(min(bins - 1, int(score * bins)), []).append(i)
    return [
        ReliabilityBin(
            low=b / bins,
            high=(b + 1) / bins,
            questions=len(inside),
            confidence=sum(scores[i] for i in inside) / len(inside),
            right=sum(right[i] for i in inside) / len(inside),
        )
        for b, inside in sorted(members.items())
    ]


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Expected calibration error: mean distance of confidence and share right, weighted by questions (Naeini et al. 2015)."""
    total = sum(entry.questions for entry in bins)
    return sum(entry.questions * abs(entry.confidence - entry.right) for entry in bins) / total if total else 0.0


def platt(scores: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """Slope and intercept of σ(slope·z + intercept), z the log-odds of a score, that fit what was right best (Platt 1999).

    Targets are (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2) rather than 1 and 0, and Newton's method finds the one minimum (Lin, Lin & Weng
    2007). (1, 0), which changes nothing, when only one kind occurs or when right answers have the lower scores.
    """
    labels = np.asarray(right, dtype=bool)
    positive, negative = int(labels.sum()), int((~labels).sum())
    if not positive or not negative:
        return 1.0, 0.0
    bounded = np.clip(np.asarray(scores, dtype=np.float64), 1e-9, 1 - 1e-9)
    design = np.stack([np.log(bounded / (1 - bounded)), np.ones(len(bounded))], axis=1)
    targets = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(weights: NDArray[np.float64]) -> float:
        z = design @ weights
        return float(np.logaddexp(0, z).sum() - targets @ z)

    weights = np.array([0.0, math.log((positive + 1) / (negative + 1))])
    for _ in range(100):
        p = np.exp(-np.logaddexp(0, -(design @ weights)))
        gradient = design.T @ (p - targets)
        if float(np.abs(gradient).max()) < 1e-9:
            break
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(2)
        step, size = np.linalg.solve(hessian, gradient), 1.0
        while size > 1e-6 and loss(weights - size * step) > loss(weights):
            size /= 2
        weights = weights - size * step
    slope, intercept = float(weights[0]), float(weights[1])
    return (slope, intercept) if slope > 0 else (1.0, 0.0)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
