"""Chooses the units that answer a question, and says how likely they do.

Two linear models, one after the other: the first weighs what costs nothing (`features.py`) and keeps the best few dozen
units, the second adds how near the words of the question are to each unit in its passage (`likeness.py`). The answer is the
unit, or the pair of units of different places, that most probably holds what is asked within the length of an answer.
`confidence.py` says how likely it does. `benchmarks/fit_answers.py` fits all models; `weights.py` holds them."""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ragcli.datatypes import QueryWord
from ragcli.generation.announced import completed
from ragcli.generation.confidence import CONFIDENCE, confidence_row
from ragcli.generation.features import NAMES, asked, features
from ragcli.generation.likeness import LATE, late_features
from ragcli.generation.pieces import Choice
from ragcli.generation.scored import Scored, overlaps
from ragcli.generation.units import LONGEST, Unit, units_of
from ragcli.generation.weights import Models, shipped
from ragcli.protocols import SentenceCosines, TokenEmbedder
from ragcli.results import Hit
from ragcli.text.analyzer import terms
from ragcli.text.asking import Form, wanted
from ragcli.text.followup import without_context
from ragcli.text.query import STOP_WORDS, Query, parse_query
from ragcli.text.subquestions import sub_questions
from ragcli.text.titles import bare_title

if TYPE_CHECKING:
    from ragcli.datatypes import Vector

PASSAGES = 5  # that a question is answered from; those after them are for parts of it
MOST = 3  # units of an answer
SHORTLIST = 24  # units that the second model sees
ROOM = 2000  # characters of passages that are read token by token for one question
_WHOLE = frozenset({"list", "steps", "comparison", "reason"})  # answers of which a part is not enough
_BESIDE = 0.1  # of the probability of the first; .1 costs no right answer of 150 natural questions, .2 does
_NEARLY = 0.5  # of the score, that a shorter unit inside a chosen one may lack; right of 734: .6 506, .5 511, .2 519 but longer
_LONGEST_TITLE = 200  # characters
_NEIGHBOURS = 100  # characters at most between units that are read in the order of the text
_LENGTH = 0.2  # what 600 characters more cost, as a share of the score
_PART = LONGEST // 2  # characters that answer a part of a question
_A_QUESTION = 2  # terms of its own that make a part of a question one that is answered by itself
_SAID = 0.6  # share of a part's own terms, from which on an answer speaks of it


class Words(Protocol):
    """Resolves a question's words in an index; see `ragcli.index.sqlite.words`."""

    def __call__(self, query: Query) -> Sequence[QueryWord]: ...


@dataclass(slots=True)
class Chooser:
    """Chooses among the units of hits. `embed_tokens` is None when the embedder gives no token states; the first model then
    decides alone. Each thread's last choice is remembered, since an answer is judged first and written afterwards: both are of
    the same state of the index."""

    words: Words
    embed_query: Callable[[str], Vector]
    sentence_cosines: SentenceCosines
    embed_tokens: TokenEmbedder | None = None
    models: Models = field(default_factory=shipped)
    _thread: threading.local = field(default_factory=threading.local, init=False)  # `last`: question, hits and choice

    def __call__(self, question: str, hits: Sequence[Hit]) -> Choice:
        """The choice within the length of an answer; a single unit may be longer. Ties go to the better hit, then to what
        stands first. A part of the question that the choice says little of (see `sub_questions`) adds the best unit for
        it where there is room."""
        last: tuple[str, tuple[Hit, ...], Choice] | None = getattr(self._thread, "last", None)
        if last and last[0] == question and len(last[1]) == len(hits) and all(map(operator.is_, last[1], hits)):
            return last[2]
        whole = choice_of(self.models, self.scored(question, hits[:PASSAGES]), LONGEST, wanted(question).form)
        parts = self._with_parts(question, hits, whole)
        choice = Choice(tuple(map(completed, parts.units)), parts.confidence)
        self._thread.last = (question, tuple(hits), choice)
        return choice

    def _with_parts(self, question: str, hits: Sequence[Hit], choice: Choice) -> Choice:
        units = list(choice.units)
        for part in sub_questions(question) if units else ():
            own = _own_terms(part, question)
            if len(own) < _A_QUESTION or _share_said(own, units) >= _SAID:
                continue
            found = choice_of(self.models, self.scored(part, hits), _PART)
            best = [unit for unit in found.units[:1] if not any(overlaps(unit, other) for other in units)]
            kept = units[:1] if len(units) > 1 else units
            fits = sum(len(unit.shown) for unit in [*kept, *best]) <= LONGEST
            if best and fits and _share_said(own, best) > _share_said(own, units):
                units = [*kept, *best]
        return Choice(tuple(units[:MOST]), choice.confidence)

    def scored(self, question: str, hits: Sequence[Hit]) -> Scored:
        """The best units of the hits."""
        units = _saying([unit for hit in hits for unit in units_of(hit)])
        if not units:
            return Scored((), np.zeros(0), np.zeros((0, len(NAMES))), NAMES)
        query = parse_query(question)
        words = self.words(query)
        ids = list(dict.fromkeys(i for hit in hits for i in hit.whole.chunk_ids))
        cosines = self.sentence_cosines(ids, self.embed_query(query.text or question))
        table = features(asked(question, words), units, cosines)
        scores = self.models.scores("first", table, NAMES)
        order = np.argsort(-scores, kind="stable")[:SHORTLIST]
        if self.embed_tokens is None:
            return Scored(tuple(units[i] for i in order), scores[order], table[order], NAMES)
        weights = [(token, word.idf) for token, word in zip(query.tokens, words, strict=False)]
        kept, late = late_features(question, weights, [units[i] for i in order], self.embed_tokens, room=ROOM)
        if not kept:
            return Scored(tuple(units[i] for i in order), scores[order], table[order], NAMES)
        order = order[kept]
        table = np.hstack([table[order], late])
        scores = self.models.scores("second", table, NAMES + LATE)
        best = np.argsort(-scores, kind="stable")
        return Scored(tuple(units[i] for i in order[best]), scores[best], table[best], NAMES + LATE)


def _saying(units: Sequence[Unit]) -> list[Unit]:
    """The units without those that only name a section, as entries of a table of contents do."""
    titles = {bare_title(unit.headings[-1]) for unit in units if unit.headings} - {""}
    return [unit for unit in units if len(unit.shown) > _LONGEST_TITLE or bare_title(unit.shown) not in titles]


def choice_of(models: Models, scored: Scored, room: int, form: Form = "any") -> Choice:
    """The choice among scored units for a question that wants an answer of that form."""
    chosen = best_pair(scored, room)
    if not chosen:
        return Choice((), 0.0)
    confidence = models.confidence(scored.stage, confidence_row(scored, chosen), CONFIDENCE)
    shown = chosen if form in _WHOLE else [_shortest(scored, i) for i in chosen]
    return Choice(_as_written([scored.units[i] for i in shown]), confidence)


def _as_written(units: Sequence[Unit]) -> tuple[Unit, ...]:
    """The units, best first, or in the order of the text when they are neighbours in one section."""
    ordered = sorted(units, key=lambda unit: unit.start)
    beside = all(
        one.hit is other.hit and one.headings == other.headings and other.start - one.end <= _NEIGHBOURS
        for one, other in pairwise(ordered)
    )
    return tuple(ordered if beside else units)


def _own_terms(part: str, question: str) -> frozenset[str]:
    """The terms of a part of a question that the rest of it lacks, without stop words."""
    said = without_context(part)
    return frozenset(terms(said)) - frozenset(terms(question.replace(said, " "))) - STOP_WORDS


def _share_said(own: frozenset[str], units: Sequence[Unit]) -> float:
    """The share of the terms that some unit holds, headings and what leads in to it included."""
    there = {term for unit in units for term in (*unit.own_terms, *terms(" ".join([unit.lead, *unit.headings])))}
    return len(own & there) / len(own)


def best_pair(scored: Scored, room: int) -> list[int]:
    """Positions of the unit, or the two units of different places, with the largest sum of probabilities (softmax over the
    units), where length counts a little against them; the second has a tenth of the probability of the first at least."""
    units, scores = scored.units, scored.scores
    if not units:
        return []
    share = np.exp(scores - scores.max())
    best, chosen = -1.0, [0]
    for i, unit in enumerate(units):
        size = len(unit.shown)
        alone = float(share[i]) * math.exp(-_LENGTH * size / LONGEST) * (1.0 if size <= room else 0.5)
        if alone > best:
            best, chosen = alone, [i]
        for j in range(i + 1, len(units)):
            both = size + len(units[j].shown) + 2
            value = float(share[i] + share[j]) * math.exp(-_LENGTH * both / LONGEST)
            beside = share[j] >= _BESIDE * share[i] and not overlaps(unit, units[j])
            if both <= room and value > best and beside:
                best, chosen = value, [i, j]
    return chosen


def _shortest(scored: Scored, chosen: int) -> int:
    """The shortest unit inside the chosen one that scores nearly as well: what is said around an answer is left out."""
    whole = scored.units[chosen]
    inside = [
        i
        for i, unit in enumerate(scored.units)
        if unit.hit is whole.hit and whole.start <= unit.start and unit.end <= whole.end
        if scored.scores[i] >= scored.scores[chosen] - _NEARLY
    ]
    return min(inside, key=lambda i: (len(scored.units[i].shown), i))
