"""How likely the retrieved passages hold the answer, from what retrieval knows before anything is written.

A logistic model over a few features. Its weights were fitted by `benchmarks/fit_abstention.py`; README, "Figures", says on
what and how well they separate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ragcli.datatypes import QueryWord
from ragcli.results import Hit
from ragcli.text.analyzer import terms
from ragcli.text.units import unit_spans

_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an answer, each from 0 to 1.

    `coverage`: idf-weighted share of the question's terms in the best of the first passages; `sentence`: the same for the
    best single sentence of them; `cosine`: the best cosine of a chunk with the question, 0 when nothing was embedded.
    """

    coverage: float
    sentence: float
    cosine: float

    def features(self) -> tuple[float, float, float]:
        return self.coverage, self.sentence, self.cosine


def evidence(words: Sequence[QueryWord], hits: Sequence[Hit]) -> Evidence:
    """The features of a question, given as the words that it consists of (none of them corrected), and its hits; all zero
    without hits."""
    total = sum(word.idf for word in words) or 1.0
    coverage = sentence = 0.0
    for hit in hits[:_PASSAGES]:
        passage = hit.passage
        language = passage.document.language
        above = set(terms(" ".join([passage.document.title, *passage.headings]), language))
        units = [set(terms(passage.text[start:end], language)) for start, end in unit_spans(passage.text)]
        coverage = max(coverage, _weight(words, above.union(*units)))
        sentence = max(sentence, *(_weight(words, unit) for unit in units), 0.0)
    cosine = max((_cosine(hit) for hit in hits), default=0.0)
    return Evidence(coverage / total, sentence / total, min(1.0, max(0.0, cosine)))


# Bias, then one weight for each feature in the order of `Evidence.features`.
_WITH_COSINE = (-3.75, 2.76, 1.76, 2.04)
_LEXICAL_ONLY = (-2.83, 3.80, 1.09)


def confidence(found: Evidence) -> float:
    """Probability that the passages hold the answer, by the fitted model."""
    bias, *weights = _WITH_COSINE if found.cosine > 0 else _LEXICAL_ONLY
    z = bias + sum(weight * feature for weight, feature in zip(weights, found.features(), strict=False))
    return 1 / (1 + math.exp(-z))


def scaled(probability: float, slope: float, intercept: float) -> float:
    """σ(`slope`·z + `intercept`) of a probability with log-odds z: Platt scaling."""
    bounded = min(1 - 1e-9, max(1e-9, probability))
    return (1 + math.tanh((slope * math.log(bounded / (1 - bounded)) + intercept) / 2)) / 2


def _weight(words: Sequence[QueryWord], present: set[str]) -> float:
    return sum(word.idf for word in words if not present.isdisjoint(word.forms))


def _cosine(hit: Hit) -> float:
    """Of the hit's best chunk with the question; 0 when nothing was embedded."""
    return next((dict(leg.parts).get("chunk", 0.0) for leg in hit.trace.legs if leg.leg == "dense"), 0.0)
