"""The fitted models that choose an answer: what each feature weighs. `benchmarks/fit_answers.py` makes `weights.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[np.float64]
Stage = Literal["first", "second"]


class Models:
    """Two linear models that score units, `first` and `second`, and for each a logistic model of how likely the chosen ones
    answer: `confidence_first` and `confidence_second`, with `bias_first` and `bias_second`. A feature that a model does not
    name weighs nothing."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        self.weights = weights

    def scores(self, stage: Stage, table: Column, names: Sequence[str]) -> Column:
        """[units, features] → a score for each unit; only differences mean something."""
        return np.asarray(table @ self._vector(stage, names))

    def log_odds(self, stage: Stage, row: Column, names: Sequence[str]) -> float:
        """Of the question being answered, from the features in `row`."""
        return float(row @ self._vector(f"confidence_{stage}", names)) + self.weights[f"bias_{stage}"]["bias"]

    def confidence(self, stage: Stage, row: Column, names: Sequence[str]) -> float:
        """The probability that belongs to `log_odds`."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.log_odds(stage, row, names)))))

    def _vector(self, model: str, names: Sequence[str]) -> Column:
        weights = self.weights[model]
        return np.array([weights.get(name, 0.0) for name in names])


@lru_cache(maxsize=1)
def shipped() -> Models:
    """The models of this version."""
    return Models(json.loads(files("ragcli.generation").joinpath("weights.json").read_text(encoding="utf-8")))
