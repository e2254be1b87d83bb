"""Draft → sentences with verified citations. The source decides: a quotation is copied from it, never from the draft."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

from ragcli.datatypes import Citation, CitationStatus, Draft, Hit, Sentence, Span
from ragcli.text.folding import contains_quote


def cite(draft: Draft, hits: Sequence[Hit]) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The draft's sentences and their citations, markers counting from 1 in order of first use.

    Claimed evidence that lies outside the hits is dropped. A citation is exact when the sentence stands in its quotation
    as it is, normalised when it does after folding, otherwise unsupported.
    """
    by_rank = {hit.rank: hit for hit in hits}
    citations: list[Citation] = []
    places: dict[tuple[int, int, int], int] = {}
    sentences: list[Sentence] = []
    for text, claims in draft.sentences:
        markers: list[int] = []
        for rank, start, end in claims:
            hit = by_rank.get(rank)
            if hit is None or not hit.passage.span.start <= start < end <= hit.passage.span.end:
                continue
            if (rank, start, end) not in places:
                places[rank, start, end] = len(citations) + 1
                citations.append(_citation(len(citations) + 1, hit, start, end, text))
            markers.append(places[rank, start, end])
        sentences.append(Sentence(text, tuple(markers)))
    return tuple(sentences), tuple(citations)


def _citation(marker: int, hit: Hit, start: int, end: int, sentence: str) -> Citation:
    passage = hit.passage
    quote = passage.text[start - passage.span.start : end - passage.span.start]
    return Citation(
        marker, hit.rank, passage.document, narrow(hit, start, end), passage.headings, quote, _status(sentence, quote)
    )


def _status(sentence: str, quote: str) -> CitationStatus:
    if sentence in quote:
        return "exact"
    return "normalised" if contains_quote(quote, sentence) else "unsupported"


def narrow(hit: Hit, start: int, end: int) -> Span:
    """The place of a part of a passage: lines are counted, pages are those of the whole passage."""
    whole, text = hit.passage.span, hit.passage.text
    if whole.line_start is None:
        return Span(start, end, whole.page_start, whole.page_end)
    breaks = [match.start() for match in re.finditer("\n", text)]
    first = whole.line_start + bisect.bisect_left(breaks, start - whole.start)
    last = whole.line_start + bisect.bisect_left(breaks, end - 1 - whole.start)
    return Span(start, end, whole.page_start, whole.page_end, first, last)
