"""Claims → sentences with verified citations. The source decides: a quotation is copied from it, never from the draft."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ragcli.datatypes import Span
from ragcli.drafts import Claim
from ragcli.generation.entailment import decided, premise_of, widened
from ragcli.generation.fieldnames import field_terms, named_share
from ragcli.generation.support import Support, judge, undecorated
from ragcli.generation.suspicion import suspicions
from ragcli.protocols import Judge
from ragcli.results import Citation, CitationStatus, Hit, Judgement, Sentence
from ragcli.text.analyzer import terms
from ragcli.text.query import STOP_WORDS
from ragcli.text.tables import DELIMITED, row_pairs
from ragcli.text.units import LINED, unit_spans

Verify = Literal["warn", "drop", "fail"]
_ORDER: dict[CitationStatus, int] = {"exact": 0, "normalised": 1, "paraphrase": 2, "misattributed": 3, "unsupported": 4}
_GOES_ON = re.compile(r"(?:>\s*)?[a-z0-9]+[ ,]")
_TOGETHER = 3  # neighbouring units that one sentence may summarise


@dataclass(frozen=True, slots=True)
class _Found:
    """A place for a sentence, and how the sentence stands in it."""

    hit: Hit
    start: int
    end: int
    support: Support


class Citer:
    """Holds claims against the hits, one after the other, and numbers the citations in order of first use.

    Sentences share a citation only when they cite the same place with the same status and judgement: a wrong sentence must
    not pass under the citation of a right one. Claimed evidence that lies outside the hits is ignored. A claim that its own
    evidence does not support is looked for in the other hits: where it is found, the citation shows that place as
    misattributed. Words of `question` count as given; see `support.judge`. The value of a field is cited from a place that
    names the field, where there is one; when only the line of something else holds it, nothing does (see `fieldnames`). A
    `judge` decides on sentences, not on fields, where the rules leave the verdict open (see `entailment`); a place that it
    alone supports is cited with the neighbours that it read.
    """

    def __init__(self, hits: Sequence[Hit], question: str = "", judge: Judge | None = None) -> None:
        self._question = question
        self._judge = judge
        self._hits = {hit.rank: hit for hit in hits}
        self._markers: dict[tuple[int, int, int, CitationStatus, Judgement | None], int] = {}
        self._units: dict[int, list[tuple[int, int, frozenset[str]]]] = {}
        self.citations: list[Citation] = []

    def add(self, claim: Claim, *, keep_unsupported: bool = True) -> Sentence | None:
        """The claim as a sentence with the markers of its citations, which are in `citations` afterwards; None when nothing
        supports it and it is not to be kept."""
        if not claim.text:
            return Sentence("", (), claim.lead, claim.field, claim.value)
        if claim.field:
            return self._field(claim, keep_unsupported=keep_unsupported)
        found = [self._judged(claim.text, self._hits[rank], start, end) for rank, start, end in self._valid(claim)]
        found = self._decided(claim.text, found)
        if not any(place.support.holds for place in found):
            elsewhere = self._elsewhere(claim.text)
            if elsewhere is not None and (not found or elsewhere.support.holds):
                wrong = claim.named and found and elsewhere.hit.rank not in {place.hit.rank for place in found}
                status: CitationStatus = "misattributed" if wrong else elsewhere.support.status
                found = [replace(elsewhere, support=replace(elsewhere.support, status=status))]
        if not keep_unsupported and not any(place.support.holds for place in found):
            return None
        markers = tuple(dict.fromkeys(self._marker(place) for place in found))
        if claim.shown:
            return Sentence(claim.shown, markers, claim.lead, claim.field, claim.value, claim.row, claim.code)
        if found and _copies_lines(claim.text, found[0]):
            return Sentence(claim.text, markers, claim.lead, claim.field, claim.value, code=True)
        row = _row(found[0]) if found else ()
        return Sentence(" ".join(claim.text.split()), markers, claim.lead, claim.field, claim.value, row)

    def _field(self, claim: Claim, *, keep_unsupported: bool) -> Sentence:
        """The value with the place that supports it and names most of the field; ties go to the better support, then to the
        better hit, then to the earlier place. A value is unsupported when no place that supports it names the field, and some
        other place names all of it."""
        field = claim.field or ""
        best: tuple[bool, float, _Found] | None = None
        named_elsewhere = False
        for hit in self._hits.values():
            language = hit.passage.document.language
            wanted = field_terms(field, language)
            for start, end, held in self._units_of(hit):
                named_elsewhere |= wanted <= held
                share = named_share(wanted, "\n".join(self._context_of(hit, start, end)), language)
                found = self._judged(claim.text, hit, start, end)
                rank = (found.support.holds, share)
                if best is None or rank > best[:2] or (rank == best[:2] and _preferred(found, best[2])):
                    best = (*rank, found)
        if best is None:
            return Sentence("", (), claim.lead, field)
        place = best[2]
        if place.support.holds and best[1] < 1.0 and named_elsewhere and not self._names(place, field):
            problem = f"it stands where the source does not speak of {field}"
            place = replace(place, support=Support("unsupported", place.support.score, (problem,)))
        if not keep_unsupported and not place.support.holds:
            return Sentence("", (), claim.lead, field)
        text = " ".join(claim.text.split())
        return Sentence(text, (self._marker(place),), claim.lead, field, claim.value, _row(place))

    def _names(self, place: _Found, field: str) -> bool:
        """Whether the place itself, rather than its headings, holds a word of the field's name."""
        passage, base = place.hit.passage, place.hit.passage.span.start
        text, language = passage.text[place.start - base : place.end - base], passage.document.language
        return named_share(field_terms(field, language), text, language) > 0

    def _context_of(self, hit: Hit, start: int, end: int) -> list[str]:
        """What a unit is read with: its own text, the headings above it, and the columns of a row."""
        passage, base = hit.passage, hit.passage.span.start
        columns = row_pairs(passage.text, start - base, end - base, delimited=passage.document.type in DELIMITED)
        names = [column for column, _ in columns]
        return [passage.text[start - base : end - base], *headings_at(hit, start), *names]

    def _valid(self, claim: Claim) -> list[tuple[int, int, int]]:
        return [
            (rank, start, end)
            for rank, start, end in claim.evidence
            if rank in self._hits
            and self._hits[rank].whole.span.start <= start < end <= self._hits[rank].whole.span.end
        ]

    def _judged(self, text: str, hit: Hit, start: int, end: int) -> _Found:
        passage = hit.whole
        base = passage.span.start
        title, headings = passage.document.title, passage.headings
        support = judge(
            text,
            passage.text[start - base : end - base],
            around="\n".join([title, *headings, passage.text]),
            language=passage.document.language,
            question=self._question,
            context="\n".join([title, re.sub(r"[-_./]", " ", passage.document.path), *headings_at(hit, start)]),
        )
        return _Found(hit, start, end, support)

    def _decided(self, text: str, places: list[_Found]) -> list[_Found]:
        """The places in their order, those that the rules leave open as the judge decides them."""
        read = {i: self._read_at(place) for i, place in enumerate(places) if place.support.open}
        if self._judge is None or not read:
            return places
        said = self._judge.entails([(premise, undecorated(text)) for _, premise in read.values()])
        found = list(places)
        for (i, (span, _)), probabilities in zip(read.items(), said, strict=True):
            before, support = places[i], decided(places[i].support, self._judge.name, *probabilities)
            start, end = span if support.holds and not before.support.holds else (before.start, before.end)
            found[i] = _Found(before.hit, start, end, support)
        return found

    def _read_at(self, place: _Found) -> tuple[tuple[int, int], str]:
        """Where the text that the judge reads for a place stands, and this text with its heading."""
        units = [(start, end) for start, end, _ in self._units_of(place.hit)]
        span = widened(place.hit, units, place.start, place.end)
        return span, premise_of(place.hit, headings_at(place.hit, place.start), *span)

    def place(self, text: str, rank: int) -> tuple[int, int, int]:
        """Where hit `rank` says what `text` says, as evidence for a claim: the unit, or up to three neighbouring ones, that
        supports it best; ties go to the shorter, then to the earlier one."""
        found = self._best(text, self._hits[rank])
        return rank, found.start, found.end

    def _best(self, text: str, hit: Hit) -> _Found:
        said = frozenset(terms(text, hit.whole.document.language)) - STOP_WORDS
        units = self._units_of(hit)
        ranked = sorted(range(len(units)), key=lambda i: (-len(said & units[i][2]), i))[:3]
        best: _Found | None = None
        for i in ranked:
            for before in range(_TOGETHER):
                for after in range(_TOGETHER - before):
                    low, high = i - before, i + after
                    if low < 0 or high >= len(units):
                        continue
                    found = self._judged(text, hit, units[low][0], units[high][1])
                    if best is None or _preferred(found, best):
                        best = found
                if best is not None and best.support.status in ("exact", "normalised"):
                    return best
        assert best is not None
        return best

    def _units_of(self, hit: Hit) -> list[tuple[int, int, frozenset[str]]]:
        if hit.rank not in self._units:
            passage = hit.whole
            lined = passage.document.type in LINED
            spans = unit_spans(passage.text, lines=lined) or [(0, len(passage.text))]
            spans = spans if lined else _whole_sentences(passage.text, spans)
            self._units[hit.rank] = [
                (
                    passage.span.start + start,
                    passage.span.start + end,
                    frozenset(terms(passage.text[start:end], passage.document.language)),
                )
                for start, end in spans
            ]
        return self._units[hit.rank]

    def _elsewhere(self, text: str) -> _Found | None:
        """The hit that supports `text` best; without any that does, the one that shares most of its terms."""
        best: _Found | None = None
        for found in self._decided(text, [self._best(text, hit) for hit in self._hits.values()]):
            if best is None or _preferred(found, best):
                best = found
        return best

    def _marker(self, place: _Found) -> int:
        key = (place.hit.rank, place.start, place.end, place.support.status, place.support.judgement)
        if key not in self._markers:
            self._markers[key] = len(self.citations) + 1
            self.citations.append(_citation(self._markers[key], place))
        return self._markers[key]


def _whole_sentences(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, those joined that are lines of one sentence: one that ends without punctuation, and the next, which goes on in
    lower case on the following line (of a block quote, too)."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        before = text[joined[-1][0] : joined[-1][1]] if joined else ""
        between = text[joined[-1][1] : start] if joined else ""
        goes_on = _GOES_ON.match(text, start) and before[-1:] not in ".!?:;|" and between.count("\n") == 1
        if before and goes_on and not before.startswith(("#", "|")):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _copies_lines(text: str, place: _Found) -> bool:
    code = place.hit.whole.document.type == "code" and place.support.status == "exact"
    return code and "\n" in text.strip()


def _row(place: _Found) -> tuple[tuple[str, str], ...]:
    """The cells of a row that was copied whole, with their columns."""
    passage, base = place.hit.whole, place.hit.whole.span.start
    if place.support.status != "exact" or passage.document.type == "code":
        return ()
    return row_pairs(passage.text, place.start - base, place.end - base, delimited=passage.document.type in DELIMITED)


def _preferred(one: _Found, other: _Found) -> bool:
    def quality(found: _Found) -> tuple[int, float, int]:
        return -_ORDER[found.support.status], found.support.score, found.start - found.end

    return quality(one) > quality(other)


def supported(sentence: Sentence, citations: Sequence[Citation]) -> bool:
    """Whether some citation of the sentence bears it out; `citations` are in the order of their markers."""
    return any(citations[marker - 1].status != "unsupported" for marker in sentence.markers)


def _citation(marker: int, place: _Found) -> Citation:
    hit, start, end = place.hit, place.start, place.end
    base = hit.whole.span.start
    return Citation(
        marker,
        hit.rank,
        hit.whole.document,
        narrow(hit, start, end),
        headings_at(hit, start),
        hit.whole.text[start - base : end - base],
        place.support.status,
        place.support.score,
        place.support.problems,
        suspicions(hit.whole.text),
        place.support.judgement,
    )


def headings_at(hit: Hit, start: int) -> tuple[str, ...]:
    """The section that the offset lies in."""
    above = [section.headings for section in hit.whole.sections if section.start <= start]
    return above[-1] if above else hit.whole.headings


def narrow(hit: Hit, start: int, end: int) -> Span:
    """The place of a part of a passage, with its own pages and lines."""
    whole, text, pages = hit.whole.span, hit.whole.text, hit.whole.document.page_starts
    if pages:
        return Span(start, end, bisect.bisect_right(pages, start), bisect.bisect_right(pages, end - 1))
    if whole.line_start is None:
        return Span(start, end)
    breaks = [match.start() for match in re.finditer("\n", text)]
    first = whole.line_start + bisect.bisect_left(breaks, start - whole.start)
    last = whole.line_start + bisect.bisect_left(breaks, end - 1 - whole.start)
    return Span(start, end, whole.page_start, whole.page_end, first, last)
