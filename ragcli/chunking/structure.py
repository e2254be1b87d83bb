"""Chunks along the structure of a document, which is the default, and its variants.

Units are sentences, list items, table rows and lines of code. A new chunk begins with a section, unless the chunk so far is
shorter than `min_tokens`: then the small section is kept with what follows it, under the headings that both share. There is no
overlap. A table that is cut repeats its first row in the header of the later parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ragcli.chunking.packing import Breaks, Draft, PackingChunker, Unit
from ragcli.datatypes import Block, Document
from ragcli.protocols import TokenCounter
from ragcli.text.sentences import sentence_spans, trim
from ragcli.text.tables import html_rows, is_html

MIN_TOKENS = 48
_CLAUSE = re.compile(
    r"""[ \t]*(?P<number>
        (?:article|section|clause|schedule|annex|appendix|part|artikel)[ \t]+(?:\d+(?:\.\d+)*|[ivxlc]+\b|[a-z]\b)
        | §+[ \t]*\d+\w? | \d{1,3}(?:\.\d{1,3})+\.? | \d{1,3}[.)] | \([a-z]{1,4}\) | [a-z]\)
    )(?=[ \t.:)–-]|$)[ \t.:–-]*(?P<title>[^\n]{0,80})""",
    re.IGNORECASE | re.VERBOSE,
)


def structure(counter: TokenCounter, max_tokens: int) -> PackingChunker:
    """The default."""
    least = min(MIN_TOKENS, max_tokens // 4)
    parameters = {"strategy": "structure", "min_tokens": least}
    return PackingChunker(counter, max_tokens, parameters, structural_units, lambda _d, _u: _at_sections(least))


def hierarchical(counter: TokenCounter, max_tokens: int) -> PackingChunker:
    """Chunks of half the size for the search; a passage then grows to its section (see `ragcli.retrieval.stitching`)."""
    half = max(16, max_tokens // 2)
    least = min(MIN_TOKENS, half) // 2
    chunker = PackingChunker(counter, half, {}, structural_units, lambda _d, _u: _at_sections(least))
    chunker.parameters = {"strategy": "hierarchical", "min_tokens": least, "max_tokens": max_tokens}
    return chunker


def clauses(counter: TokenCounter, max_tokens: int) -> PackingChunker:
    """Numbered sections of contracts and laws: a chunk begins with each numbered clause, whose number is its heading; clauses
    within clauses stay together as far as they fit."""
    parameters = {"strategy": "clauses"}
    return PackingChunker(counter, max_tokens, parameters, _clause_units, lambda _d, _u: _at_sections(0, depth=2))


def _at_sections(least: int, depth: int | None = None) -> Breaks:
    """Break where a section opens, or one of the outermost `depth` clauses, once there are `least` tokens."""

    def breaks(draft: Draft, unit: Unit) -> bool:
        if not unit.opens_section or draft.tokens < least:
            return False
        return depth is None or unit.headings[:depth] != draft.units[-1].headings[:depth]

    return breaks


def structural_units(document: Document) -> list[Unit]:
    """Sentences, items, rows and lines, in order."""
    units: list[Unit] = []
    previous: tuple[str, ...] | None = None
    for block in document.blocks:
        table_header = ""
        for i, (start, end) in enumerate(_unit_spans(document.text, block)):
            opens = previous is not None and block.headings != previous and i == 0
            units.append(Unit(start, end, block.headings, opens, table_header))
            if block.kind == "table" and i == 0:
                table_header = _first_row(document.text, start, end)
        previous = block.headings
    return units


def _first_row(text: str, start: int, end: int) -> str:
    """The first row of a table on one line; of one in HTML the words of its cells between bars."""
    if is_html(text, start):
        return " | ".join(cell for row in html_rows(text, start, end)[:1] for cell in row.cells)
    return " ".join(text[start:end].split())


def _unit_spans(text: str, block: Block) -> list[tuple[int, int]]:
    if block.kind == "heading":
        return [(block.start, block.end)]
    if block.kind == "paragraph":
        return sentence_spans(text, block.start, block.end)
    if block.kind == "table" and is_html(text, block.start):
        cuts = [block.start, *(row.start for row in html_rows(text, block.start, block.end)[1:]), block.end]
        return [span for cut in pairwise(cuts) if (span := trim(text, *cut))]
    spans, position = [], block.start
    while position < block.end:
        newline = text.find("\n", position, block.end)
        line_end = block.end if newline < 0 else newline
        span = trim(text, position, line_end)
        if span:  # keep the indentation of code: a unit starts where its line does
            spans.append((position if block.kind == "code" else span[0], span[1]))
        position = line_end + 1
    return spans


def _clause_units(document: Document) -> list[Unit]:
    """Structural units, cut at lines that begin with a clause's number, under the numbers of the clauses they lie in."""
    open_clauses: list[tuple[int, str]] = []
    units: list[Unit] = []
    outer: tuple[str, ...] = ()
    for unit in _cut_at_clauses(document, structural_units(document)):
        match = _CLAUSE.match(document.text, unit.start, unit.end)
        if unit.headings != outer:
            outer, open_clauses = unit.headings, []
        if match:
            level = _clause_level(match.group("number"))
            open_clauses = [entry for entry in open_clauses if entry[0] < level]
            open_clauses.append((level, f"{match.group('number')} {match.group('title')}".strip()[:100]))
        headings = (*outer, *(title for _, title in open_clauses if title not in outer))
        units.append(replace(unit, headings=headings, opens_section=match is not None or unit.opens_section))
    return units


def _cut_at_clauses(document: Document, units: Sequence[Unit]) -> list[Unit]:
    """A sentence that runs across the line where a clause begins is cut there."""
    cut: list[Unit] = []
    for unit in units:
        start = unit.start
        for line in re.finditer(r"\n", document.text[unit.start : unit.end]):
            place = unit.start + line.end()
            if place < unit.end and _CLAUSE.match(document.text, place, unit.end):
                span = trim(document.text, start, place)
                if span:
                    cut.append(replace(unit, start=span[0], end=span[1], opens_section=unit.opens_section and not cut))
                start = place
        span = trim(document.text, start, unit.end)
        if span:
            cut.append(
                replace(unit, start=span[0], end=span[1], opens_section=unit.opens_section and start == unit.start)
            )
    return cut


def _clause_level(number: str) -> int:
    """1 for articles, one more for each part of a decimal number, then letters, then roman numerals."""
    number = number.strip().lower()
    if number[0] == "(" or number.endswith(")"):
        inner = number.strip("()")
        if inner.isdigit():
            return 20
        return 30 if re.fullmatch(r"[ivx]+", inner) and inner not in ("v", "x") else 25
    if re.match(r"\d", number):
        return 2 + number.rstrip(".").count(".")
    return 1
