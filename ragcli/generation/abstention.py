"""How likely the retrieved passages hold the answer, from what retrieval knows before anything is written.

A logistic model over a few features. Its weights were fitted by `benchmarks/fit_abstention.py`; README, "Figures", says on
what and how well they separate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragcli.datatypes import Hit
from ragcli.text.analyzer import query_terms, terms
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


def evidence(question: str, hits: Sequence[Hit], inverse_frequencies: Mapping[str, float]) -> Evidence:
    """The features of a question and its hits; all zero without hits."""
    wanted = {term: inverse_frequencies.get(term, 0.0) for term in query_terms(question)}
    total = sum(wanted.values()) or 1.0
    coverage = sentence = 0.0
    for hit in hits[:_PASSAGES]:
        passage = hit.passage
        above = set(terms(" ".join([passage.document.title, *passage.headings])))
        units = [set(terms(passage.text[start:end])) for start, end in unit_spans(passage.text)]
        coverage = max(coverage, _weight(wanted, above.union(*units)))
        sentence = max(sentence, *(_weight(wanted, unit) for unit in units), 0.0)
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


def _weight(wanted: Mapping[str, float], present: set[str]) -> float:
    return sum(idf for term, idf in wanted.items() if term in present)


def _cosine(hit: Hit) -> float:
    return next((leg.score for leg in hit.trace.legs if leg.leg == "dense" and leg.score is not None), 0.0)
