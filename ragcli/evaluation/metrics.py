"""Retrieval metrics of one question, as trec_eval defines them. Averages are the caller's.

A ranking is given by its gains: `gains[i]` is the relevance found at rank i + 1, 0 for nothing (or nothing new).
`ideal` holds the grades of everything relevant, in any order, never empty. `k` is at least 1; a ranking shorter than `k`
counts as followed by zeros.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple


def hit(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """1 if anything relevant is in the first `k`, else 0 (trec_eval: success)."""
    return float(any(gain > 0 for gain in gains[:k]))


def precision(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """Share of the first `k` that is relevant."""
    return sum(gain > 0 for gain in gains[:k]) / k


def recall(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """Share of the total relevance that is in the first `k`; with binary judgements, of the relevant items."""
    return min(1.0, sum(gains[:k]) / sum(ideal))


def reciprocal_rank(gains: Sequence[float], ideal: Sequence[float], k: int | None = None) -> float:
    """1 / rank of the first relevant item, 0 if there is none (in the first `k`, if given)."""
    return next((1 / rank for rank, gain in enumerate(gains[:k], start=1) if gain > 0), 0.0)


def average_precision(gains: Sequence[float], ideal: Sequence[float], k: int | None = None) -> float:
    """Mean of the precision at each relevant rank, over all that is relevant; 0 for what is not found (trec_eval: map)."""
    found, total = 0, 0.0
    for rank, gain in enumerate(gains[:k], start=1):
        if gain > 0:
            found += 1
            total += found / rank
    return total / len(ideal)


def ndcg(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """DCG / ideal DCG with linear gains and discount 1 / log2(rank + 1) (Järvelin & Kekäläinen, ACM TOIS 2002)."""
    best = _dcg(sorted(ideal, reverse=True)[:k])
    return min(1.0, _dcg(gains[:k]) / best) if best > 0 else 0.0


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


_OVER_ALL = {"mrr": reciprocal_rank, "map": average_precision}
_AT_K = {"hit": hit, "precision": precision, "recall": recall, "ndcg": ndcg}
_NAME = re.compile(r"(hit|precision|recall|ndcg)@([1-9]\d{0,3})$")
DEFAULT_METRICS = ("hit@1", "hit@5", "hit@10", "recall@5", "recall@10", "precision@5", "mrr", "map", "ndcg@10")


class Measure(NamedTuple):
    """A metric by its name, `mrr`, `map` or `NAME@K`; `depth` is how far down it looks (0: as far as the ranking goes)."""

    name: str
    depth: int

    def of(self, gains: Sequence[float], ideal: Sequence[float]) -> float:
        if self.depth == 0:
            return _OVER_ALL[self.name](gains, ideal)
        return _AT_K[self.name.partition("@")[0]](gains, ideal, self.depth)


def parse_measure(name: str) -> Measure | None:
    """The retrieval metric of that name, or None."""
    if name in _OVER_ALL:
        return Measure(name, 0)
    match = _NAME.match(name)
    return Measure(name, int(match.group(2))) if match else None


def mean_of(per_question: Sequence[Mapping[str, float]], name: str) -> float | None:
    """Mean over the questions that have the metric, or None when none has; summed exactly, so order does not matter."""
    values = [scores[name] for scores in per_question if name in scores]
    return math.fsum(values) / len(values) if values else None
