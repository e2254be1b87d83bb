"""Passages → the pieces that an answer may consist of: sentences, list items, table rows and lines of code."""

from __future__ import annotations

import re

from ragcli.text.sentences import sentence_spans, trim

LINED = frozenset({"code", "csv", "tsv"})  # types of documents whose lines are their units
_LINE = re.compile(r"[^\n]+|\n(?=\n)")
_ITEM = re.compile(r"[ \t]*(?:[-*•+–][ \t]|\d{1,3}[.)][ \t]|>[ \t])")
_ROW = re.compile(r"[ \t]*\||[^\n]*\S[ \t]+\|[ \t]+\S")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_MARKUP_ONLY = re.compile(r"[-=|:*`~_ \t]*$")
_SHORTEST = 25
_LINES_TOGETHER = 200
_LONGEST = 300
_ENDS = ".!?:;。！？…)\"'”’»"


def unit_spans(text: str, *, lines: bool = False) -> list[tuple[int, int]]:
    """Spans of the units of `text` in order, trimmed. With `lines` (for `LINED` documents) every line is one.

    Headings and table rows are units of their own; a list item begins one and is cut into sentences, as is running text.
    """
    spans: list[tuple[int, int]] = []
    begin: int | None = None
    for match in _LINE.finditer(text):
        start, end = match.span()
        alone = lines or bool(_HEADING.match(text, start, end) or _ROW.match(text, start, end))
        if begin is not None and (alone or text[start] == "\n" or _ITEM.match(text, start, end)):
            spans += sentence_spans(text, begin, start)
            begin = None
        if alone:
            span = trim(text, start, end)
            spans += [span] if span else []
        elif begin is None:
            begin = start
    return spans + (sentence_spans(text, begin, len(text)) if begin is not None else [])


def vector_spans(text: str, *, lines: bool = False) -> list[tuple[int, int]]:
    """Spans of the pieces of `text` that get vectors of their own, in order; they cover every unit.

    Running text gives its sentences, a piece of fewer than 25 characters joined to the one before it (the first to the one
    after). What is longer than 300 characters and has several lines is no sentence: it gives runs of lines of up to 200
    characters, and so does all of the text with `lines` (source code).
    """
    joined: list[tuple[int, int]] = []
    for start, end in unit_spans(text, lines=lines):
        several = end - start > _LONGEST and "\n" in text[start:end]
        for piece in _line_runs(text, start, end) if several else [(start, end)]:
            first = joined[-1] if joined else None
            if first is not None and _belong(first, piece, lines=lines, alone=len(joined) == 1):
                joined[-1] = (first[0], piece[1])
            else:
                joined.append(piece)
    return joined


def _belong(first: tuple[int, int], piece: tuple[int, int], *, lines: bool, alone: bool) -> bool:
    if lines:
        return piece[1] - first[0] <= _LINES_TOGETHER
    return piece[1] - piece[0] < _SHORTEST or (alone and first[1] - first[0] < _SHORTEST)


def _line_runs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for match in _LINE.finditer(text, start, end):
        span = trim(text, *match.span())
        if span and runs and span[1] - runs[-1][0] <= _LINES_TOGETHER:
            runs[-1] = (runs[-1][0], span[1])
        elif span:
            runs.append(span)
    return runs


def is_heading(text: str, start: int, end: int) -> bool:
    """Whether the unit only names what follows or is only markup: a Markdown heading, a rule, or a short line without
    closing punctuation before an empty line."""
    unit = text[start:end]
    if _HEADING.match(unit) or _MARKUP_ONLY.match(unit):
        return True
    short = (
        len(unit) <= 80 and len(unit.split()) <= 8 and "\n" not in unit and "|" not in unit and not _ITEM.match(unit)
    )
    return short and unit.rstrip("*_ ")[-1:] not in _ENDS and text[end : end + 2] == "\n\n"
