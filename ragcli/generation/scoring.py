"""Sentences of the hits, scored for a question. What extractive answers are made of, and what a prompt has room for.

Where the embedder gives token states, a sentence is read in its context: states come from a window of the passage, so that
"it" is near what it stands for. Its score is the weighted mean of the four kinds of late interaction in `context.py` (after
Khattab & Zaharia 2020), BM25 among the candidates (rank-bm25), the score of its passage, and whether it has a figure or name
where the question asks for one. Otherwise it is the mean of the cosine of its vector, of BM25, and of the score of its passage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragcli.generation.candidates import Candidate
from ragcli.generation.context import Column, in_context
from ragcli.protocols import SentenceCosines, TokenEmbedder
from ragcli.text.analyzer import stem, terms
from ragcli.text.figures import read_tokens
from ragcli.text.followup import without_context
from ragcli.text.query import content_tokens
from ragcli.text.questions import expected_answer

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

# Likeness of content, weakest word, focus and rest, BM25, passage, expected kind of answer: a listwise softmax regression on
# every second question of XQuAD; see benchmarks/sentences.py.
WEIGHTS = (4.3, 2.9, 4.9, 3.5, 2.3, 4.5, 1.7)


@dataclass(frozen=True, slots=True)
class SentenceScorer:
    """Scores sentences with the index's own embedder; `embed_tokens` is None when it gives no token states."""

    embed_documents: Callable[[Sequence[str]], Matrix]
    embed_query: Callable[[str], Vector]
    sentence_cosines: SentenceCosines
    embed_tokens: TokenEmbedder | None = None

    def __call__(self, question: str, found: Sequence[Candidate]) -> list[float]:
        """A score for each candidate, 0 to 1, in their order.

        For a follow-up with words of the questions before it (see `text/followup.py`) the score without them counts twice and
        that with them once: they say what the question is about, and not what it asks.
        """
        asked = without_context(question)
        if asked != question:
            pairs = zip(self._scores(question, found), self._scores(asked, found), strict=True)
            return [(one + 2 * other) / 3 for one, other in pairs]
        return self._scores(question, found)

    def _scores(self, question: str, found: Sequence[Candidate]) -> list[float]:
        if not found:
            return []
        best = max((c.hit.score for c in found), default=0.0) or 1.0
        passage = np.array([max(0.0, c.hit.score / best) for c in found])
        lexical = _bm25(question, found)
        if self.embed_tokens is None:
            cosine = np.clip(self._cosines(question, found), 0.0, 1.0)
            return [float(score) for score in (cosine + lexical + passage) / 3]
        parts = (*in_context(question, found, self.embed_tokens), lexical, passage, expected(question, found))
        total = sum(weight * part for weight, part in zip(WEIGHTS, parts, strict=True))
        return [float(score) for score in np.asarray(total) / sum(WEIGHTS)]

    def _cosines(self, question: str, found: Sequence[Candidate]) -> Column:
        vector = self.embed_query(question)
        ids = dict.fromkeys(i for c in found for i in c.hit.passage.chunk_ids)
        known = self.sentence_cosines(list(ids), vector)
        if not known:
            matrix = self.embed_documents([_with_context(c) for c in found])
            return np.asarray(matrix @ vector, dtype=np.float64)
        return np.array([_of_best_overlap(c, known) for c in found])


def expected(question: str, found: Sequence[Candidate]) -> Column:
    """1 for candidates with a figure or name that the question lacks, where it asks for one; else 0."""
    kind = {"number": "figure", "date": "figure", "person": "name", "place": "name"}.get(expected_answer(question))
    if kind is None:
        return np.zeros(len(found))
    asked = {token.text for token in read_tokens(question)}
    return np.array([float(any(t.kind == kind and t.text not in asked for t in read_tokens(c.text))) for c in found])


def _of_best_overlap(candidate: Candidate, known: Mapping[str, Sequence[tuple[int, int, float]]]) -> float:
    """The cosine of the embedded sentence that shares most characters with the candidate."""
    spans = [entry for chunk_id in candidate.hit.passage.chunk_ids for entry in known.get(chunk_id, ())]
    shared = [(min(end, candidate.end) - max(start, candidate.start), cosine) for start, end, cosine in spans]
    return max(shared, default=(0, 0.0))[1]


def _with_context(candidate: Candidate) -> str:
    """A sentence alone often lacks its subject; its section names it."""
    headings = candidate.hit.passage.headings
    return f"{headings[-1]}: {candidate.text}" if headings else candidate.text


def _bm25(question: str, found: Sequence[Candidate]) -> Column:
    """BM25 of each candidate, divided by the largest; zeros when no term of the question occurs."""
    from rank_bm25 import BM25Plus

    languages = [c.hit.passage.document.language for c in found]
    bm25 = BM25Plus([terms(c.meaning, language) for c, language in zip(found, languages, strict=True)], delta=0)
    asked = {stem(token, language): None for token in content_tokens(question) for language in dict.fromkeys(languages)}
    scores = np.asarray(bm25.get_scores(list(asked)), dtype=np.float64)
    top = float(scores.max())
    return scores / top if top > 0 and math.isfinite(top) else np.zeros(len(found))
