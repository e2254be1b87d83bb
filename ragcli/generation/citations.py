"""Draft → sentences with verified citations. The source decides: a quotation is copied from it, never from the draft."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

from ragcli.datatypes import Span
from ragcli.results import Citation, CitationStatus, Draft, Hit, Sentence
from ragcli.text.analyzer import terms
from ragcli.text.folding import contains_quote
from ragcli.text.query import STOP_WORDS
from ragcli.text.units import unit_spans

_MARKER = re.compile(r"\s*\[(\d{1,4}(?:\s*[-–]\s*\d{1,4})?(?:\s*,\s*\d{1,4}(?:\s*[-–]\s*\d{1,4})?)*)\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PARAPHRASE = 0.6  # share of a sentence's terms that its source must hold


def cite(draft: Draft, hits: Sequence[Hit]) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The draft's sentences and their citations, markers counting from 1 in order of first use.

    Sentences share a marker only when they cite the same place with the same status: a wrong sentence must not pass under
    the citation of a right one. Claimed evidence that lies outside the hits is dropped. A citation is exact when the
    sentence stands in its quotation as it is, normalised when it does after folding, a paraphrase when the quotation holds
    most of its terms and all of its numbers, otherwise unsupported.
    """
    by_rank = {hit.rank: hit for hit in hits}
    citations: list[Citation] = []
    markers: dict[tuple[int, int, int, CitationStatus], int] = {}
    sentences: list[Sentence] = []
    for text, claims in draft.sentences:
        own: list[int] = []
        for rank, start, end in claims:
            hit = by_rank.get(rank)
            if hit is None or not hit.passage.span.start <= start < end <= hit.passage.span.end:
                continue
            base = hit.passage.span.start
            quote = hit.passage.text[start - base : end - base]
            key = (rank, start, end, _status(text, quote))
            if key not in markers:
                markers[key] = len(citations) + 1
                citations.append(_citation(markers[key], hit, start, end, quote, key[3]))
            own.append(markers[key])
        sentences.append(Sentence(" ".join(text.split()), tuple(own)))
    return tuple(sentences), tuple(citations)


def _citation(marker: int, hit: Hit, start: int, end: int, quote: str, status: CitationStatus) -> Citation:
    place = narrow(hit, start, end)
    return Citation(marker, hit.rank, hit.passage.document, place, _headings(hit, start), quote, status)


def _headings(hit: Hit, start: int) -> tuple[str, ...]:
    """The section that the offset lies in."""
    above = [section.headings for section in hit.passage.sections if section.start <= start]
    return above[-1] if above else hit.passage.headings


def _status(sentence: str, quote: str) -> CitationStatus:
    if sentence in quote:
        return "exact"
    if contains_quote(quote, sentence):
        return "normalised"
    said, there = set(terms(sentence)) - STOP_WORDS, set(terms(quote))
    numbers = {number for term in said for number in _NUMBER.findall(term)}
    known = {number for term in there for number in _NUMBER.findall(term)}
    supported = bool(said) and numbers <= known and len(said & there) >= _PARAPHRASE * len(said)
    return "paraphrase" if supported else "unsupported"


def parse_markers(sentence: str, hits: Sequence[Hit]) -> tuple[str, list[int]]:
    """A model's sentence without its markers, and the ranks that they name; numbers of no hit are dropped.

    Understands [1], [1, 3] and [1-3].
    """
    ranks: list[int] = []
    for match in _MARKER.finditer(sentence):
        for part in match.group(1).split(","):
            first, _, last = part.replace("–", "-").partition("-")
            low, high = int(first), int(last or first)
            ranks += [hit.rank for hit in hits if low <= hit.rank <= high and hit.rank not in ranks]
    return " ".join(_MARKER.sub("", sentence).split()), ranks


def closest(sentence: str, hits: Sequence[Hit]) -> list[int]:
    """The rank of the hit that shares most of the sentence's terms, ties to the better rank; empty without hits."""
    said = set(terms(sentence)) - STOP_WORDS
    shared = {hit.rank: len(said & set(terms(hit.passage.text))) for hit in hits}
    return [max(shared, key=lambda rank: (shared[rank], -rank))] if shared else []


def best_unit(sentence: str, hit: Hit) -> tuple[int, int]:
    """The span, in the document, of the unit of the passage that shares most of the sentence's terms; ties: the first."""
    passage = hit.passage
    said = set(terms(sentence)) - STOP_WORDS
    units = unit_spans(passage.text, lines=passage.document.type == "code") or [(0, len(passage.text))]
    start, end = max(units, key=lambda unit: (len(said & set(terms(passage.text[unit[0] : unit[1]]))), -unit[0]))
    return passage.span.start + start, passage.span.start + end


def narrow(hit: Hit, start: int, end: int) -> Span:
    """The place of a part of a passage, with its own pages and lines."""
    whole, text, pages = hit.passage.span, hit.passage.text, hit.passage.document.page_starts
    if pages:
        return Span(start, end, bisect.bisect_right(pages, start), bisect.bisect_right(pages, end - 1))
    if whole.line_start is None:
        return Span(start, end)
    breaks = [match.start() for match in re.finditer("\n", text)]
    first = whole.line_start + bisect.bisect_left(breaks, start - whole.start)
    last = whole.line_start + bisect.bisect_left(breaks, end - 1 - whole.start)
    return Span(start, end, whole.page_start, whole.page_end, first, last)
