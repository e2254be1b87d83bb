"""The sentences of hits that an answer may consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ragcli.generation.citations import headings_at
from ragcli.results import Hit, Passage
from ragcli.text.analyzer import terms
from ragcli.text.folding import fold_quote
from ragcli.text.query import STOP_WORDS
from ragcli.text.tables import DELIMITED, is_header, row_pairs
from ragcli.text.units import LINED, is_heading, unit_spans

MAX_CANDIDATES = 80
_BLOCK = 12  # lines of code that are shown together


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


def twins(candidate: Candidate, hits: Sequence[Hit], *, most: int = 2) -> list[tuple[int, int, int]]:
    """Where other hits say the same, white space, case and typography aside: at most `most` of (rank, start, end), in the order
    of the hits, one in each."""
    said, found = fold_quote(candidate.text), list[tuple[int, int, int]]()
    for hit in hits:
        passage = hit.passage
        if hit.rank == candidate.hit.rank or said not in fold_quote(passage.text):
            continue
        for start, end in unit_spans(passage.text, lines=passage.document.type in LINED):
            if fold_quote(passage.text[start:end]) == said:
                found.append((hit.rank, passage.span.start + start, passage.span.start + end))
                break
    return found[:most]


def lines_around(candidate: Candidate) -> tuple[int, int]:
    """Of a line of source code, the place of what it is read with: the whole passage if that has at most 12 lines, else 12
    lines from the last less indented one of the 4 above it."""
    passage = candidate.hit.passage
    lines = passage.text.splitlines(keepends=True)
    starts = [0, *accumulate(len(line) for line in lines)]
    at = max(i for i, start in enumerate(starts[:-1]) if start <= candidate.start - passage.span.start)
    first = 0
    if len(lines) > _BLOCK:
        above = [i for i in range(max(0, at - 4), at) if lines[i].strip() and _indent(lines[i]) < _indent(lines[at])]
        first = above[-1] if above else at
    begin, end = starts[first], starts[min(len(lines), first + _BLOCK)]
    return passage.span.start + begin, passage.span.start + begin + len(passage.text[begin:end].rstrip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


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
