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
from ragcli.text.analyzer import stem, terms, tokens
from ragcli.text.asking import Wanted, shows, wanted
from ragcli.text.query import STOP_WORDS

SentenceCosines = Mapping[str, Sequence[tuple[int, int, float]]]
_FIGURE = re.compile(r"\d[\d.,:]*\d|\d")
_NEGATED = re.compile(r"\b(?:not|no|never|none|nobody|nothing|cannot|without|neither|nor|prohibited|forbidden|"
    r"must not|may not|don't|doesn't|isn't|aren't|won't|can't|"
                      r"unless|except|only|nicht|kein\w*|nie|pas|jamais)\b|n['’]t\b", re.IGNORECASE)  # fmt: skip
_OPENS_YES_NO = re.compile(r"\W*(?:yes|no|not|nope|sure|absolutely|it depends|never)\b", re.IGNORECASE)
_DEFINES = re.compile(
    r"\b(?:is|are|means?|refers? to|stands? for|is called|defined as|describes?)\b|[:–—=]", re.IGNORECASE
)
_LISTS = ("list", "table")
_LINES = ("list", "run", "table")
NAMES = (
    "rank", "score", "found", "own", "context", "headings", "title", "missing", "dense", "dense_mean", "pairs",
        "figures_kept",
    "figures_lost", "names_kept", "shows", "shows_new", "lacks", "log_length", "long", "over", "is_sentence",
        "is_item", "is_row", "is_list",
    "is_run", "is_code", "is_paragraph", "lists_list", "lists_run", "lists_single", "steps_lines", "steps_single",
        "steps_code", "yes_no_opens",
    "yes_no_negated", "defines", "code_code", "row_key", "lead_own", "first", "short_single", "comparison_run",
        "negation", "density", "hit_dense",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the features read it."""

    text: str
    words: Sequence[QueryWord]  # content words, none of them corrected
    wanted: Wanted
    figures: frozenset[str]
    names: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    negated: bool


def asked(question: str, words: Sequence[QueryWord]) -> Asked:
    """`words` are what the index knows of the question's words, those that it does not hold included."""
    found = list(tokens(question))
    content = [stem(token, "en") for token in found if token not in STOP_WORDS]
    return Asked(
        question,
        words,
        wanted(question),
        frozenset(_FIGURE.findall(question)),
        frozenset(stem(token.lower(), "en") for token in re.findall(r"(?<!^)\b[A-Z][\w.-]+", question)),
        frozenset(pairwise(content)),
        _NEGATED.search(question) is not None,
    )


@lru_cache(maxsize=4096)
def _terms(text: str, language: str) -> tuple[str, ...]:
    return tuple(terms(text, language))


def features(
    question: Asked, units: Sequence[Unit], cosines: SentenceCosines
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """[len(units), len(NAMES)]."""
    top = max((unit.hit.score for unit in units), default=0.0) or 1.0
    places = {id(unit.hit): _sentences(unit, cosines) for unit in units}
    table = np.array([_row(question, unit, top, places[id(unit.hit)]) for unit in units], dtype=np.float64)
    return table.reshape(len(units), len(NAMES))


def _sentences(unit: Unit, cosines: SentenceCosines) -> list[tuple[int, int, float]]:
    return [entry for chunk_id in unit.hit.whole.chunk_ids for entry in cosines.get(chunk_id, ())]


def _row(question: Asked, unit: Unit, top: float, sentences: Sequence[tuple[int, int, float]]) -> list[float]:
    passage = unit.hit.whole
    language = passage.document.language
    own = frozenset(_terms(unit.shown, language))
    lead = frozenset(_terms(unit.lead, language))
    heads = frozenset(_terms(" ".join(unit.headings), language))
    title = frozenset(_terms(f"{passage.document.title} {passage.document.path}", language))
    total = sum(word.idf for word in question.words) or 1.0
    own_share = _share(question.words, own) / total
    every = own | lead | heads | title
    missing = max((w.idf for w in question.words if every.isdisjoint(w.forms)), default=0.0)
    heaviest = max((w.idf for w in question.words), default=1.0) or 1.0
    inside = [c for s, e, c in sentences if min(e, unit.end) - max(s, unit.start) > 0.5 * (e - s)]
    if not inside:
        inside = [c for s, e, c in sentences if s < unit.end and e > unit.start]
    ordered = [stem(token, "en") for token in tokens(unit.shown) if token not in STOP_WORDS] if question.pairs else []
    there = frozenset(pairwise(ordered))
    figures = frozenset(_FIGURE.findall(unit.shown))
    context_figures = figures | frozenset(
        _FIGURE.findall(" ".join([unit.lead, *unit.headings, passage.document.title]))
    )
    kept = len(question.figures & context_figures)
    thing, form = question.wanted.thing, question.wanted.form
    new_text = unit.shown
    for figure in question.figures:
        new_text = new_text.replace(figure, " ")
    has = shows(thing, unit.shown) if thing != "any" else False
    has_new = has and shows(thing, new_text)
    size = len(unit.shown)
    lines = unit.form in _LINES and "\n" in unit.shown
    single = unit.form in ("sentence", "item", "row")
    found = unit.hit.passage.span.start, unit.hit.passage.span.end
    overlap = max(0, min(found[1], unit.end) - max(found[0], unit.start)) / max(1, unit.end - unit.start)
    pairs = len(question.pairs & there) / len(question.pairs) if question.pairs else 0.0
    names = len(question.names & (own | lead | heads | title)) / len(question.names) if question.names else 0.0
    key = bool(unit.row) and bool(
        frozenset(_terms(unit.row[0][1], language)) & {f for w in question.words for f in w.forms}
    )
    negated = _NEGATED.search(unit.shown) is not None
    measured = (dict(leg.parts).get("chunk", 0.0) for leg in unit.hit.trace.legs if leg.leg == "dense")
    dense = next(
        measured, max((cosine for _, _, cosine in sentences), default=0.0)
    )  # a lexical search has no dense leg
    return [
        1 / unit.hit.rank, unit.hit.score / top, overlap, own_share, _share(question.words, own | lead | heads) / total,
        _share(question.words, heads) / total, _share(question.words, title) / total, missing / heaviest, max(inside,
            default=0.0),
        sum(inside) / len(inside) if inside else 0.0, pairs, kept / len(question.figures) if question.figures else 0.0,
        float(bool(question.figures) and kept == 0 and bool(figures)), names, float(has), float(has_new),
        float(thing != "any" and not has_new), math.log(max(size, 1)) / math.log(LONGEST), max(0.0,
            size - 300) / LONGEST, float(size > LONGEST),
        float(unit.form == "sentence"), float(unit.form == "item"), float(unit.form == "row"), float(unit.form == "list"),
        float(unit.form == "run"), float(unit.form == "code"), float(unit.form == "paragraph"),
            float(form == "list" and unit.form in _LISTS),
        float(form == "list" and unit.form == "run" and lines), float(form == "list" and single),
            float(form == "steps" and lines),
        float(form == "steps" and single), float(form == "steps" and "code" in (unit.form,
            *(("code",) if "`" in unit.shown else ()))),
        float(form == "yes_no" and _OPENS_YES_NO.match(unit.shown) is not None), float(form == "yes_no" and negated),
        float(form == "definition" and own_share > 0 and _DEFINES.search(unit.shown) is not None),
            float(form == "code" and "code" in unit.form),
        float(key), _share(question.words, lead) / total, float(unit.start <= found[0] + 200),
            float(form == "any" and single),
        float(form == "comparison" and not single), float(question.negated and negated),
            own_share / math.log(20 + size), dense,
    ]  # fmt: skip


def _share(words: Sequence[QueryWord], present: frozenset[str]) -> float:
    return sum(word.idf for word in words if not present.isdisjoint(word.forms))
