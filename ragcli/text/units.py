"""Passages → the pieces that an answer may consist of: sentences, list items, table rows and lines of code."""

from __future__ import annotations

import re

from ragcli.text.sentences import sentence_spans, trim

_LINE = re.compile(r"[^\n]+|\n(?=\n)")
_ITEM = re.compile(r"[ \t]*(?:[-*•+–][ \t]|\d{1,3}[.)][ \t]|>[ \t])")
_ROW = re.compile(r"[ \t]*\||[^\n]*\S[ \t]+\|[ \t]+\S")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_MARKUP_ONLY = re.compile(r"[-=|:*`~_ \t]*$")
_SHORTEST = 25
_LINES_TOGETHER = 200
_ENDS = ".!?:;。！？…)\"'”’»"


def unit_spans(text: str, *, lines: bool = False) -> list[tuple[int, int]]:
    """Spans of the units of `text` in order, trimmed. With `lines` (source code) every line is one.

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
    after). With `lines` (source code) neighbouring lines are joined up to 200 characters.
    """
    joined: list[tuple[int, int]] = []
    for start, end in unit_spans(text, lines=lines):
        first = joined[-1] if joined else None
        small = first is not None and (
            end - start < _SHORTEST or (len(joined) == 1 and first[1] - first[0] < _SHORTEST)
        )
        if first is not None and ((end - first[0] <= _LINES_TOGETHER) if lines else small):
            joined[-1] = (first[0], end)
        else:
            joined.append((start, end))
    return joined


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
