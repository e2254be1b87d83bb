"""What speaks for a unit as the answer to a question, as numbers that a linear model weighs.

Nothing is embedded here but the question: units are compared through the sentence vectors that the index holds, through the
terms that they share with the question, weighted by idf, and through what they show of the kind of thing that is asked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ragcli.datatypes import QueryWord
from ragcli.generation.units import LONGEST, Unit
from ragcli.results import Hit
from ragcli.text.analyzer import stem, terms, tokens
from ragcli.text.asking import Form, Wanted, shows, wanted
from ragcli.text.query import STOP_WORDS

SentenceCosines = Mapping[str, Sequence[tuple[int, int, float]]]
_FIGURE = re.compile(r"\d[\d.,:]*\d|\d")
_NAME = re.compile(r"(?<!^)\b[A-Z][\w.-]+")
_NEGATED = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|cannot|without|neither|nor|prohibited|forbidden|must not|may not|"
    r"don't|doesn't|isn't|aren't|won't|can't|unless|except|only|nicht|kein\w*|nie|pas|jamais)\b|n['’]t\b",
    re.IGNORECASE,
)
_OPENS_YES_NO = re.compile(r"\W*(?:yes|no|not|nope|sure|absolutely|it depends|never)\b", re.IGNORECASE)
_DEFINES = re.compile(
    r"\b(?:is|are|means?|refers? to|stands? for|is called|defined as|describes?)\b|[:–—=]", re.IGNORECASE
)
_KINDS = ("sentence", "item", "row", "list", "run", "code", "paragraph")
_LISTS = ("list", "table")
_LINES = ("list", "run", "table")
_SINGLE = ("sentence", "item", "row")
NAMES = tuple("""
    rank score hit_dense found first
    own context headings title lead_own missing density pairs names_kept figures_kept figures_lost row_key
    dense dense_mean
    shows shows_new lacks
    log_length long over
    is_sentence is_item is_row is_list is_run is_code is_paragraph
    lists_list lists_run lists_single steps_lines steps_single steps_code yes_no_opens yes_no_negated defines code_code
    short_single comparison_run negation
""".split())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the features read it."""

    words: Sequence[QueryWord]  # content words, none of them corrected
    wanted: Wanted
    figures: frozenset[str]
    names: frozenset[str]
    pairs: frozenset[tuple[str, str]]  # content words that stand next to each other
    negated: bool

    @property
    def weight(self) -> float:
        """The idf of all words together."""
        return sum(word.idf for word in self.words) or 1.0

    def share(self, present: frozenset[str]) -> float:
        """The share of the words' idf that is among some terms, 0 to 1."""
        return sum(word.idf for word in self.words if not present.isdisjoint(word.forms)) / self.weight

    def missing(self, present: frozenset[str]) -> float:
        """The idf of the rarest word that is not among some terms, as a share of that of the rarest word."""
        absent = max((word.idf for word in self.words if present.isdisjoint(word.forms)), default=0.0)
        return absent / (max((word.idf for word in self.words), default=1.0) or 1.0)


def asked(question: str, words: Sequence[QueryWord]) -> Asked:
    """`words` are what the index knows of the question's words, those that it does not hold included."""
    content = [stem(token, "en") for token in tokens(question) if token not in STOP_WORDS]
    return Asked(
        words=words,
        wanted=wanted(question),
        figures=frozenset(_FIGURE.findall(question)),
        names=frozenset(stem(token.lower(), "en") for token in _NAME.findall(question)),
        pairs=frozenset(pairwise(content)),
        negated=_NEGATED.search(question) is not None,
    )


def features(
    question: Asked, units: Sequence[Unit], cosines: SentenceCosines
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """[len(units), len(NAMES)]; most of them lie between 0 and 1."""
    top = max((unit.hit.score for unit in units), default=0.0) or 1.0
    places = {id(unit.hit): _Place.of(unit.hit, top, cosines) for unit in units}
    rows = [_row(question, unit, places[id(unit.hit)]) for unit in units]
    table = np.array([[row[name] for name in NAMES] for row in rows], dtype=np.float64)
    return table.reshape(len(units), len(NAMES))


@dataclass(frozen=True, slots=True)
class _Place:
    """What the units of one hit have in common."""

    found: tuple[int, int]  # where the passage that was found stands in the document
    title: frozenset[str]
    sentences: Sequence[tuple[int, int, float]]
    score: float  # as a share of the best hit's
    dense: float

    @classmethod
    def of(cls, hit: Hit, top: float, cosines: SentenceCosines) -> _Place:
        document = hit.whole.document
        sentences = [entry for chunk_id in hit.whole.chunk_ids for entry in cosines.get(chunk_id, ())]
        measured = (dict(leg.parts).get("chunk", 0.0) for leg in hit.trace.legs if leg.leg == "dense")
        return cls(
            found=(hit.passage.span.start, hit.passage.span.end),
            title=_terms(f"{document.title} {document.path}", document.language),
            sentences=sentences,
            score=hit.score / top,
            # a lexical search has no dense leg
            dense=next(measured, max((cosine for _, _, cosine in sentences), default=0.0)),
        )


def _row(question: Asked, unit: Unit, place: _Place) -> dict[str, float]:
    form = question.wanted.form
    row = _of_place(unit, place) | _of_words(question, unit, place) | _of_thing(question, unit)
    row |= {f"is_{kind}": float(unit.form == kind) for kind in _KINDS}
    row |= _of_form(form, unit, own=row["own"])
    row["negation"] = float(question.negated and _NEGATED.search(unit.shown) is not None)
    return row


def _of_place(unit: Unit, place: _Place) -> dict[str, float]:
    size, (start, end) = len(unit.shown), place.found
    inside = [cosine for s, e, cosine in place.sentences if min(e, unit.end) - max(s, unit.start) > 0.5 * (e - s)]
    if not inside:
        inside = [cosine for s, e, cosine in place.sentences if s < unit.end and e > unit.start]
    return {
        "rank": 1 / unit.hit.rank,
        "score": place.score,
        "hit_dense": place.dense,
        "found": max(0, min(end, unit.end) - max(start, unit.start)) / max(1, unit.end - unit.start),
        "first": float(unit.start <= start + 200),
        "dense": max(inside, default=0.0),
        "dense_mean": sum(inside) / len(inside) if inside else 0.0,
        "log_length": math.log(max(size, 1)) / math.log(LONGEST),
        "long": max(0.0, size - 300) / LONGEST,
        "over": float(size > LONGEST),
    }


def _of_words(question: Asked, unit: Unit, place: _Place) -> dict[str, float]:
    language = unit.hit.whole.document.language
    said = _tokens(unit.shown)
    own = frozenset(stem(token, language) for token in said)
    lead, heads = _terms(unit.lead, language), _terms(" ".join(unit.headings), language)
    near = own | lead | heads
    own_share = question.share(own)
    return {
        "own": own_share,
        "context": question.share(near),
        "headings": question.share(heads),
        "title": question.share(place.title),
        "lead_own": question.share(lead),
        "missing": question.missing(near | place.title),
        "density": own_share / math.log(20 + len(unit.shown)),
        "pairs": _pairs_kept(question.pairs, said),
        "names_kept": len(question.names & (near | place.title)) / len(question.names) if question.names else 0.0,
        "row_key": float(bool(unit.row) and question.share(_terms(unit.row[0][1], language)) > 0),
        **_of_figures(question, unit),
    }


def _pairs_kept(pairs: frozenset[tuple[str, str]], said: Sequence[str]) -> float:
    if not pairs:
        return 0.0
    there = frozenset(pairwise(stem(token, "en") for token in said if token not in STOP_WORDS))
    return len(pairs & there) / len(pairs)


def _of_figures(question: Asked, unit: Unit) -> dict[str, float]:
    if not question.figures:
        return {"figures_kept": 0.0, "figures_lost": 0.0}
    own = frozenset(_FIGURE.findall(unit.shown))
    around = " ".join([unit.lead, *unit.headings, unit.hit.whole.document.title])
    kept = question.figures & (own | frozenset(_FIGURE.findall(around)))
    return {
        "figures_kept": len(kept) / len(question.figures),
        "figures_lost": float(not kept and bool(own)),
    }


def _of_thing(question: Asked, unit: Unit) -> dict[str, float]:
    thing = question.wanted.thing
    if thing == "any":
        return {"shows": 0.0, "shows_new": 0.0, "lacks": 0.0}
    new = unit.shown
    for figure in question.figures:
        new = new.replace(figure, " ")
    has = shows(thing, unit.shown)
    has_new = has and (new == unit.shown or shows(thing, new))
    return {"shows": float(has), "shows_new": float(has_new), "lacks": float(not has_new)}


def _of_form(form: Form, unit: Unit, *, own: float) -> dict[str, float]:
    """Whether the unit has the form that the answer should have."""
    lines, single = unit.form in _LINES and "\n" in unit.shown, unit.form in _SINGLE
    yes_no = form == "yes_no"
    return {
        "lists_list": float(form == "list" and unit.form in _LISTS),
        "lists_run": float(form == "list" and unit.form == "run" and lines),
        "lists_single": float(form == "list" and single),
        "steps_lines": float(form == "steps" and lines),
        "steps_single": float(form == "steps" and single),
        "steps_code": float(form == "steps" and (unit.form == "code" or "`" in unit.shown)),
        "yes_no_opens": float(yes_no and _OPENS_YES_NO.match(unit.shown) is not None),
        "yes_no_negated": float(yes_no and _NEGATED.search(unit.shown) is not None),
        "defines": float(form == "definition" and own > 0 and _DEFINES.search(unit.shown) is not None),
        "code_code": float(form == "code" and unit.form == "code"),
        "short_single": float(form == "any" and single),
        "comparison_run": float(form == "comparison" and not single),
    }


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(tokens(text))


@lru_cache(maxsize=4096)
def _terms(text: str, language: str) -> frozenset[str]:
    return frozenset(terms(text, language))
