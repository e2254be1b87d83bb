"""How a confidence is fitted to the questions of an index."""

from __future__ import annotations

import math


def scaled(probability: float, slope: float, intercept: float) -> float:
    """σ(`slope`·z + `intercept`) of a probability with log-odds z: Platt scaling."""
    bounded = min(1 - 1e-9, max(1e-9, probability))
    return (1 + math.tanh((slope * math.log(bounded / (1 - bounded)) + intercept) / 2)) / 2
