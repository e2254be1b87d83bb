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


BIAS = "bias"  # the feature that is always 1


class Models:
    """Two linear models that score units, `first` and `second`, and for each the two logistic models whose product is the
    confidence: `there_…` of the answer being in the documents, `right_…` of the chosen units being it if so. A feature that a
    model does not name weighs nothing."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        self.weights = weights

    def scores(self, stage: Stage, table: Column, names: Sequence[str]) -> Column:
        """[units, features] → a score for each unit; only differences mean something."""
        return np.asarray(table @ self._vector(stage, names))

    def confidence(self, stage: Stage, row: Column, names: Sequence[str]) -> float:
        """The probability that the chosen units answer the question, from the features in `row`, which hold BIAS."""
        return self._probability(f"there_{stage}", row, names) * self._probability(f"right_{stage}", row, names)

    def _probability(self, model: str, row: Column, names: Sequence[str]) -> float:
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, float(row @ self._vector(model, names))))))

    def _vector(self, model: str, names: Sequence[str]) -> Column:
        weights = self.weights[model]
        return np.array([weights.get(name, 0.0) for name in names])


@lru_cache(maxsize=1)
def shipped() -> Models:
    """The models of this version."""
    return Models(json.loads(files("ragcli.generation").joinpath("weights.json").read_text(encoding="utf-8")))
