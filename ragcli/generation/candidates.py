"""The sentences of hits that an answer may consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragcli.results import Hit
from ragcli.text.analyzer import terms
from ragcli.text.query import STOP_WORDS
from ragcli.text.units import is_heading, unit_spans

MAX_CANDIDATES = 80


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence, list item, table row or line of code of a hit; `start` and `end` are places in its document, `terms` its
    distinct index terms without stop words."""

    hit: Hit
    start: int
    end: int
    text: str
    terms: frozenset[str]


def candidates(hits: Sequence[Hit], *, limit: int = MAX_CANDIDATES) -> list[Candidate]:
    """The first `limit` sentences of `hits` in their order, each text once; no headings, nothing of a single word."""
    found: list[Candidate] = []
    seen: set[str] = set()
    for hit in hits:
        passage = hit.passage
        for start, end in unit_spans(passage.text, lines=passage.document.type == "code"):
            text = passage.text[start:end]
            words = frozenset(terms(text, passage.document.language)) - STOP_WORDS
            if len(words) < 2 or is_heading(passage.text, start, end) or text in seen:
                continue
            seen.add(text)
            found.append(Candidate(hit, passage.span.start + start, passage.span.start + end, text, words))
    return found[:limit]
