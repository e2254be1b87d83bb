"""One ranking out of several.

Convex combination of min-max normalised scores, after Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval" (ACM TOIS 2023): score(d) = Σ w_leg · max(0, (s - low) / (high - low)). `high` is the leg's best score and `low` the
leg's floor (see `Leg`); a document that a leg did not retrieve gets 0 from it.

Reciprocal rank fusion, after Cormack, Clarke & Büttcher (SIGIR 2009): score(d) = Σ w_leg / (60 + rank), ranks from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragcli.datatypes import Candidate
from ragcli.scores import LegTrace, ScoreTrace

RRF_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class Leg:
    """One retriever's ranking, best first. `floor` is the score that counts as 0; None takes the last one."""

    name: str
    ranking: Sequence[Candidate]
    weight: float
    floor: float | None = None


def normalise(leg: Leg) -> dict[int, float]:
    """Key → score in [0, 1]; 1 for the best, also when all scores are equal."""
    if not leg.ranking:
        return {}
    high = leg.ranking[0].score
    low = leg.ranking[-1].score if leg.floor is None else leg.floor
    if high <= low:
        return {entry.key: 1.0 for entry in leg.ranking}
    return {entry.key: max(0.0, (entry.score - low) / (high - low)) for entry in leg.ranking}


def fuse(legs: Sequence[Leg], *, method: str = "convex") -> list[tuple[int, ScoreTrace]]:
    """(key, trace) best first; `trace.total` is the score. Ties are in the order of keys."""
    scaled: Mapping[str, dict[int, float]]
    if method == "rrf":
        scaled = {
            leg.name: {entry.key: 1 / (RRF_CONSTANT + rank) for rank, entry in enumerate(leg.ranking, 1)}
            for leg in legs
        }
    else:
        scaled = {leg.name: normalise(leg) for leg in legs}
    places = {leg.name: {entry.key: (rank, entry) for rank, entry in enumerate(leg.ranking, 1)} for leg in legs}
    traces = []
    for key in {entry.key for leg in legs for entry in leg.ranking}:
        parts = []
        for leg in legs:
            rank, entry = places[leg.name].get(key, (None, None))
            value = scaled[leg.name].get(key, 0.0)
            score, numbers = (entry.score, entry.parts) if entry else (None, ())
            parts.append(LegTrace(leg.name, rank, score, value, leg.weight, leg.weight * value, numbers))
        traces.append((key, ScoreTrace(method, tuple(parts), sum(part.contribution for part in parts))))
    return sorted(traces, key=lambda entry: (-entry[1].total, entry[0]))
