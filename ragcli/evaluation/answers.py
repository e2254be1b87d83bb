"""How good an answer is, by comparison with reference answers and with its own citations. Each function is 0 to 1."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from ragcli.text.folding import contains_quote, fold_quote

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without punctuation, articles and extra white space: as in SQuAD's evaluation (Rajpurkar et al. 2016)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 if the answer equals a reference after `normalise`."""
    return float(any(normalise(answer) == normalise(reference) for reference in references))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of shared words with the best reference (SQuAD)."""
    return max(_f1(normalise(answer).split(), normalise(reference).split()) for reference in references)


def _f1(answer: Sequence[str], reference: Sequence[str]) -> float:
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2 * shared / (len(answer) + len(reference)) if answer or reference else 1.0


def rouge_l(answer: str, references: Sequence[str]) -> float:
    """F-measure (β = 1) of the longest common subsequence of words with the best reference (Lin 2004). Words are runs of
    letters and digits in lower case, unstemmed."""
    words = _words(answer)
    return max(_rouge_l(words, _words(reference)) for reference in references)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _rouge_l(answer: Sequence[str], reference: Sequence[str]) -> float:
    if not answer or not reference:
        return 0.0
    row = [0] * (len(reference) + 1)
    for word in answer:
        diagonal = 0
        for i, other in enumerate(reference, start=1):
            diagonal, row[i] = row[i], diagonal + 1 if word == other else max(row[i], row[i - 1])
    common = row[-1]
    precision, recall = common / len(answer), common / len(reference)
    return 2 * precision * recall / (precision + recall) if common else 0.0


def contains(answer: str, references: Sequence[str]) -> float:
    """1 if a reference stands in the answer, case, typography and white space aside."""
    return float(any(contains_quote(answer, reference) for reference in references))


def contains_all(answer: str, needed: Sequence[str]) -> float:
    """1 if every needed text stands in the answer."""
    folded = fold_quote(answer)
    return float(all(fold_quote(text) in folded for text in needed))


def citation_precision(cited: Sequence[bool]) -> float | None:
    """Share of the citations that hold gold evidence; None without citations."""
    return sum(cited) / len(cited) if cited else None


def citation_recall(found: Sequence[bool]) -> float | None:
    """Share of the gold evidence that is cited; None without evidence."""
    return sum(found) / len(found) if found else None
