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

_PASSAGES = 3
_SATURATION = (
    2.2  # k1 + 1 of the index's BM25: the most that one occurrence-saturated term can contribute per unit of idf
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """`coverage`: idf-weighted share of the question's terms in the best passage; `best_sentence`: the same for its best
    stretch of text between line or sentence ends; `lexical`: best BM25 score over the most that it could be; `cosine`: best
    cosine of a chunk with the question, 0 when nothing was embedded."""

    coverage: float
    lexical: float
    cosine: float


def evidence(question: str, hits: Sequence[Hit], inverse_frequencies: Mapping[str, float]) -> Evidence:
    """The features of a question and its hits; all zero without hits."""
    wanted = {term: inverse_frequencies.get(term, 0.0) for term in query_terms(question)}
    total = sum(wanted.values()) or 1.0
    coverage = max((_coverage(wanted, hit) for hit in hits[:_PASSAGES]), default=0.0) / total
    lexical = max((_raw(hit, "lexical") for hit in hits), default=0.0) / (total * _SATURATION)
    cosine = max((_raw(hit, "dense") for hit in hits), default=0.0)
    return Evidence(coverage, min(1.0, lexical), max(0.0, cosine))


def confidence(features: Evidence) -> float:
    """Probability that the answer is among the passages, by the fitted model."""
    if features.cosine > 0:
        bias, coverage, lexical, cosine = _WITH_COSINE
    else:
        (bias, coverage, lexical), cosine = _LEXICAL_ONLY, 0.0
    z = bias + coverage * features.coverage + lexical * features.lexical + cosine * features.cosine
    return 1 / (1 + math.exp(-z))


_WITH_COSINE = (-7.0, 5.0, 3.0, 6.0)
_LEXICAL_ONLY = (-5.0, 6.0, 4.0)


def _coverage(wanted: Mapping[str, float], hit: Hit) -> float:
    passage = hit.passage
    present = set(terms(" ".join([passage.document.title, *passage.headings, passage.text])))
    return sum(idf for term, idf in wanted.items() if term in present)


def _raw(hit: Hit, leg: str) -> float:
    return next((part.score for part in hit.trace.legs if part.leg == leg and part.score is not None), 0.0)
