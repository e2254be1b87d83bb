"""An answer without a language model: the sentences of the best passages that answer the question, word for word.

Each unit (sentence, list item, table row) of the first passages gets the mean of three scores in [0, 1]: the cosine of its
vector with the question's, its BM25 score for the question's terms among all candidates (rank-bm25), and the score of its
passage. Further sentences join the best one while they score nearly as well and add words that it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragcli.protocols import SentenceCosines
from ragcli.results import Draft, Hit
from ragcli.text.analyzer import stem, terms
from ragcli.text.query import STOP_WORDS, content_tokens
from ragcli.text.units import is_heading, unit_spans

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

_PASSAGES = 4
_MAX_CANDIDATES = 80
_MIN_RATIO = 0.8  # of the best sentence's score, for another to join it
_MAX_OVERLAP = 0.6  # share of a sentence's terms that the answer may already hold


@dataclass(frozen=True, slots=True)
class _Candidate:
    hit: Hit
    start: int
    end: int
    text: str
    terms: frozenset[str]


class ExtractiveGenerator:
    """A Generator that copies. Deterministic; equal scores go to the better passage, then to the earlier sentence."""

    def __init__(
        self,
        embed_documents: Callable[[Sequence[str]], Matrix],
        embed_query: Callable[[str], Vector],
        sentence_cosines: SentenceCosines,
        *,
        max_sentences: int = 3,
    ) -> None:
        self._embed_documents = embed_documents
        self._embed_query = embed_query
        self._sentence_cosines = sentence_cosines
        self._max_sentences = max_sentences

    @property
    def name(self) -> str:
        return "extractive"

    def generate(self, question: str, hits: Sequence[Hit]) -> Draft:
        candidates = _candidates(hits[:_PASSAGES])
        if not candidates:
            return Draft((), self.name)
        scores = self._score(question, candidates)
        order = sorted(range(len(candidates)), key=lambda i: (-scores[i], i))
        chosen: list[int] = []
        held: set[str] = set()
        for i in order:
            new = candidates[i].terms - held
            enough = scores[i] >= _MIN_RATIO * scores[order[0]]
            if chosen and not (enough and len(new) >= (1 - _MAX_OVERLAP) * len(candidates[i].terms)):
                continue
            chosen.append(i)
            held |= candidates[i].terms
            if len(chosen) == self._max_sentences:
                break
        picked = [candidates[i] for i in chosen]
        return Draft(tuple((c.text, ((c.hit.rank, c.start, c.end),)) for c in picked), self.name)

    def _score(self, question: str, candidates: Sequence[_Candidate]) -> list[float]:
        cosine = np.clip(self._cosines(question, candidates), 0.0, 1.0)
        lexical = _bm25(question, candidates)
        best = max((c.hit.score for c in candidates), default=0.0) or 1.0
        passage = np.array([max(0.0, c.hit.score / best) for c in candidates])
        return [float(score) for score in (cosine + lexical + passage) / 3]

    def _cosines(self, question: str, candidates: Sequence[_Candidate]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Of each candidate with the question: from the index where it holds sentence vectors, else embedded now."""
        vector = self._embed_query(question)
        ids = dict.fromkeys(i for c in candidates for i in c.hit.passage.chunk_ids)
        known = self._sentence_cosines(list(ids), vector)
        if not known:
            matrix = self._embed_documents([_with_context(c) for c in candidates])
            return np.asarray(matrix @ vector, dtype=np.float64)
        return np.array([_of_best_overlap(c, known) for c in candidates])


def _of_best_overlap(candidate: _Candidate, known: Mapping[str, Sequence[tuple[int, int, float]]]) -> float:
    """The cosine of the embedded sentence that shares most characters with the candidate."""
    spans = [entry for chunk_id in candidate.hit.passage.chunk_ids for entry in known.get(chunk_id, ())]
    shared = [(min(end, candidate.end) - max(start, candidate.start), cosine) for start, end, cosine in spans]
    return max(shared, default=(0, 0.0))[1]


def _candidates(hits: Sequence[Hit]) -> list[_Candidate]:
    found: list[_Candidate] = []
    seen: set[str] = set()
    for hit in hits:
        passage = hit.passage
        for start, end in unit_spans(passage.text, lines=passage.document.type == "code"):
            text = passage.text[start:end]
            words = frozenset(terms(text, passage.document.language)) - STOP_WORDS
            if len(words) < 2 or is_heading(passage.text, start, end) or text in seen:
                continue
            seen.add(text)
            found.append(_Candidate(hit, passage.span.start + start, passage.span.start + end, text, words))
    return found[:_MAX_CANDIDATES]


def _with_context(candidate: _Candidate) -> str:
    """A sentence alone often lacks its subject; its section names it."""
    headings = candidate.hit.passage.headings
    return f"{headings[-1]}: {candidate.text}" if headings else candidate.text


def _bm25(question: str, candidates: Sequence[_Candidate]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """BM25 of each candidate, divided by the largest; zeros when no term of the question occurs."""
    from rank_bm25 import BM25Plus

    languages = [c.hit.passage.document.language for c in candidates]
    bm25 = BM25Plus([terms(c.text, language) for c, language in zip(candidates, languages, strict=True)], delta=0)
    asked = {stem(token, language): None for token in content_tokens(question) for language in dict.fromkeys(languages)}
    scores = np.asarray(bm25.get_scores(list(asked)), dtype=np.float64)
    top = float(scores.max())
    return scores / top if top > 0 and math.isfinite(top) else np.zeros(len(candidates))
