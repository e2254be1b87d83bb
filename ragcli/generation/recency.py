"""Newest first: where a passage is an older version of another one, the newer one answers and the older one is named.

Both must have been found for the same question, and the newer one must hold about as much of it as the older one does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from ragcli.generation.citations import headings_at, narrow
from ragcli.generation.versions import Version
from ragcli.results import Citation, Dispute, Hit
from ragcli.text.analyzer import terms
from ragcli.text.dates import PartialDate, find_dates
from ragcli.text.figures import read_tokens
from ragcli.text.query import STOP_WORDS, content_tokens
from ragcli.text.units import unit_spans

_SENTENCE = 5  # terms, from which a unit is more than a heading
_AS_MUCH = 0.75  # of the question's words that the older passage holds
_PAST = re.compile(
    r"\b(?:previous(?:ly)?|former(?:ly)?|used to|old(?:er)?|earlier|originally|superseded|history|versions?|changed|changes|"
    r"differen(?:t|ce|ces)|compared?|früher|bisher|alte[nrs]?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Newest:
    """The hits with every older version behind its newer one, ranks from 1; `older` maps the rank of each older version to
    that of the passage that takes its place."""

    hits: tuple[Hit, ...]
    older: dict[int, int]

    @property
    def current(self) -> tuple[Hit, ...]:
        """The hits that nothing replaces, which are what an answer is written from."""
        return tuple(hit for hit in self.hits if hit.rank not in self.older)


def newest_first(question: str, hits: Sequence[Hit]) -> Newest:
    """The order in which the hits answer the question.

    Passage A takes the place of passage B of another document when A is not older than B and

    * A says that it replaces B, by name, by quoting it or by a figure of it; or
    * A is newer, and the two contradict each other in a figure (see `conflicts`); or
    * A is newer, or has a date where B has none, both are versions of one document by their names, and A speaks of a change,
      has the higher number of a version, or B is marked as old.

    Records of a series, each with its day in its name, do not replace each other unless one says so. Nothing is replaced in a
    question about the past, and nothing by what is later than the dates in the question. Hits that are not replaced keep their
    order. The order is not that of the scores any more.
    """
    if _PAST.search(question):
        return Newest(tuple(hits), {})
    asked = [found.date for found in find_dates(question)]
    by: dict[int, int] = {}
    openings = {hit.passage.document.path: hit.passage.text for hit in hits if hit.passage.span.start == 0}
    versions = [Version(hit, openings.get(hit.passage.document.path, "")) for hit in hits]
    for a, b in permutations(versions, 2):
        old, new = b.hit.rank, a.hit.rank
        if a.document.path == b.document.path or old in by or by.get(new) == old:
            continue
        if _replaces(a, b) and _applies(a, asked) and _covers(question, a.hit, b.hit):
            by[old] = new
    ordered = _behind(hits, by)
    ranks = {hit.rank: rank for rank, hit in enumerate(ordered, start=1)}
    older = {ranks[old]: ranks[new] for old, new in by.items()}
    return Newest(tuple(replace(hit, rank=ranks[hit.rank]) for hit in ordered), older)


def older_versions(question: str, citations: Sequence[Citation], newest: Newest) -> list[Dispute]:
    """For each document of which an older version was found, the sentence that is out of date, with the citation that takes its
    place.

    The sentence is one with a figure that the newer version calls a former one, else the one that is nearest to what changed:
    it shares most terms with the question and the sentences of the newer version that speak of a change (or, without such, with
    the citation), divided by the root of its own number of terms. The citation is the first of such a sentence, else the first
    of the newer version.
    """
    found: list[Dispute] = []
    hits = {hit.rank: hit for hit in newest.hits}
    told: set[str] = set()
    for old, new in sorted(newest.older.items()):
        document, newer = hits[old].passage.document, Version(hits[new])
        citation = _citation_of(newer, citations)
        if citation is None or document.path in told:
            continue
        told.add(document.path)
        start, end = _out_of_date(question, hits[old], newer, citation)
        base = hits[old].passage.span.start
        span = narrow(hits[old], base + start, base + end)
        quote = hits[old].passage.text[start:end]
        found.append(Dispute(citation.marker, document, span, headings_at(hits[old], span.start), quote, older=True))
    return found


def _citation_of(newer: Version, citations: Sequence[Citation]) -> Citation | None:
    own = [citation for citation in citations if citation.hit_rank == newer.hit.rank]
    base = newer.hit.passage.span.start
    for citation in own:
        start, end = citation.span.start - base, citation.span.end - base
        if any(start < last and first < end for first, last in newer.changed):
            return citation
    return own[0] if own else None


def _out_of_date(question: str, old: Hit, newer: Version, citation: Citation) -> tuple[int, int]:
    """The place in the older passage."""
    text, language = old.passage.text, old.passage.document.language
    changed = [newer.hit.passage.text[start:end] for start, end in newer.changed] or [citation.quote]
    wanted = _terms(" ".join([question, *changed]), language)

    def nearness(span: tuple[int, int]) -> tuple[bool, float, int]:
        sentence = text[slice(*span)]
        figures = {token.text for token in read_tokens(sentence, language) if token.kind == "figure"}
        own = _terms(sentence, language)
        return bool(figures & newer.former_figures), len(wanted & own) / math.sqrt(len(own) or 1), -span[0]

    spans = unit_spans(text) or [(0, len(text))]
    sentences = [span for span in spans if len(_terms(text[slice(*span)], language)) >= _SENTENCE]
    return max(sentences or spans, key=nearness)


def _replaces(a: Version, b: Version) -> bool:
    later = a.newer(b)
    if later is False:
        return False
    if a.changes and a.says_it_replaces(b):
        return True
    if a.named.daily and b.named.daily:
        return False
    if a.same_name(b):
        if later and (a.changes or a.named.version > b.named.version or b.named.retired):
            return True
        if later is None and a.date and not b.date and a.changes and not b.changes:
            return True
    return bool(later) and a.contradicts(b)


def _applies(a: Version, asked: Sequence[PartialDate]) -> bool:
    """Whether the document is not later than the question speaks of."""
    own = a.date
    return not asked or own is None or not all(date.before(own.date) for date in asked)


def _covers(question: str, a: Hit, b: Hit) -> bool:
    return _held(question, a) >= _AS_MUCH * _held(question, b)


def _held(question: str, hit: Hit) -> int:
    passage = hit.passage
    language = passage.document.language
    above = " ".join([passage.document.title, *passage.headings])
    asked = {term for token in content_tokens(question) for term in terms(token, language)}
    return len(asked & set(terms(f"{above} {passage.text}", language)))


def _behind(hits: Sequence[Hit], by: dict[int, int]) -> list[Hit]:
    """The hits in their order, but each behind the one that replaces it."""
    known = {hit.rank: hit for hit in hits}
    placed: dict[int, None] = {}
    for hit in hits:
        waiting = [hit.rank]
        while waiting[-1] in by and by[waiting[-1]] not in waiting:
            waiting.append(by[waiting[-1]])
        placed.update(dict.fromkeys(reversed(waiting)))
    return [known[rank] for rank in placed]


def _terms(text: str, language: str) -> frozenset[str]:
    return frozenset(terms(text, language)) - STOP_WORDS
