"""Where a score comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegTrace:
    """What one retriever said of a passage. `contribution` = `weight` × `normalised`; `score` is a weighted mean of `parts`."""

    leg: str
    rank: int | None
    score: float | None
    normalised: float
    weight: float
    contribution: float
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreTrace:
    """Where a score comes from: `total` is the sum of the legs' contributions."""

    fusion: str
    legs: tuple[LegTrace, ...]
    total: float
