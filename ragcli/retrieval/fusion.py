"""One ranking out of several.

Convex combination of min-max normalised scores, after Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval" (ACM TOIS 2023): score(d) = Σ w_leg · max(0, (s - low) / (high - low)). `high` is the leg's best score and `low` the
leg's floor (see `Leg`); a document that a leg did not retrieve gets 0 from it.

Reciprocal rank fusion, after Cormack, Clarke & Büttcher (SIGIR 2009): score(d) = Σ w_leg / (60 + rank), ranks from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragcli.datatypes import LegTrace, ScoreTrace

RRF_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class Leg:
    """One retriever's ranking: (row, score), best first. `floor` is the score that counts as 0; None takes the score at
    rank `pool`, or the last one of a shorter ranking."""

    name: str
    ranking: Sequence[tuple[int, float]]
    weight: float
    floor: float | None = None
    pool: int = 100


def normalise(leg: Leg) -> dict[int, float]:
    """Row → score in [0, 1]; 1 for the best, also when all scores are equal."""
    if not leg.ranking:
        return {}
    high = leg.ranking[0][1]
    low = leg.ranking[: leg.pool][-1][1] if leg.floor is None else leg.floor
    if high <= low:
        return {row: 1.0 for row, _ in leg.ranking}
    return {row: max(0.0, (score - low) / (high - low)) for row, score in leg.ranking}


def fuse(legs: Sequence[Leg], *, method: str = "convex") -> list[tuple[int, ScoreTrace]]:
    """(row, trace) best first; `trace.total` is the score. Ties are in the order of rows."""
    scaled: Mapping[str, dict[int, float]]
    if method == "rrf":
        scaled = {
            leg.name: {row: 1 / (RRF_CONSTANT + rank) for rank, (row, _) in enumerate(leg.ranking, 1)} for leg in legs
        }
    else:
        scaled = {leg.name: normalise(leg) for leg in legs}
    places = {leg.name: {row: (rank, score) for rank, (row, score) in enumerate(leg.ranking, 1)} for leg in legs}
    traces = []
    for row in {row for leg in legs for row, _ in leg.ranking}:
        parts = []
        for leg in legs:
            rank, score = places[leg.name].get(row, (None, None))
            value = scaled[leg.name].get(row, 0.0)
            parts.append(LegTrace(leg.name, rank, score, value, leg.weight, leg.weight * value))
        traces.append((row, ScoreTrace(method, tuple(parts), sum(part.contribution for part in parts))))
    return sorted(traces, key=lambda entry: (-entry[1].total, entry[0]))
