"""The sentences of hits that an answer may consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragcli.generation.citations import headings_at
from ragcli.results import Hit, Passage
from ragcli.text.analyzer import terms
from ragcli.text.query import STOP_WORDS
from ragcli.text.tables import DELIMITED, is_header, row_pairs
from ragcli.text.units import LINED, is_heading, unit_spans

MAX_CANDIDATES = 80


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence, list item, table row or line of code of a hit; `start` and `end` are places in its document, `terms` its
    distinct index terms without stop words. A row below a header is understood as its `meaning`, which names the section and
    the columns; for everything else that is the text."""

    hit: Hit
    start: int
    end: int
    text: str
    terms: frozenset[str]
    meaning: str

    @property
    def is_row(self) -> bool:
        return self.meaning != self.text


def _meaning(hit: Hit, start: int, end: int) -> str:
    """A row with its columns and the heading above it, unless that is the document's title: that says nothing of one row."""
    passage = hit.passage
    kind = passage.document.type
    pairs = row_pairs(passage.text, start, end, delimited=kind in DELIMITED) if kind != "code" else ()
    if not pairs:
        return passage.text[start:end]
    above = headings_at(hit, passage.span.start + start)[1:]
    return ": ".join([*above[-1:], "; ".join(f"{column}: {cell}" for column, cell in pairs)])


def _is_title(passage: Passage, start: int, end: int) -> bool:
    """Whether the unit only names what follows: a heading, or the header of a table."""
    kind = passage.document.type
    header = kind != "code" and is_header(passage.text, start, end, delimited=kind in DELIMITED)
    return header or is_heading(passage.text, start, end)


def candidates(hits: Sequence[Hit], *, limit: int = MAX_CANDIDATES) -> list[Candidate]:
    """The first `limit` sentences of `hits` in their order, each text once; no headings, no headers of tables, nothing of a
    single word."""
    found: list[Candidate] = []
    seen: set[str] = set()
    for hit in hits:
        passage = hit.passage
        for start, end in unit_spans(passage.text, lines=passage.document.type in LINED):
            text = passage.text[start:end]
            words = frozenset(terms(text, passage.document.language)) - STOP_WORDS
            if len(words) < 2 or text in seen or _is_title(passage, start, end):
                continue
            seen.add(text)
            place = (passage.span.start + start, passage.span.start + end)
            found.append(Candidate(hit, *place, text, words, _meaning(hit, start, end)))
    return found[:limit]
