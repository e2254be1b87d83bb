"""The items of lists: marked ones, terms with their definitions, and fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[-*•+–◦▪]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|#\.|\(?[ivx]{1,4}[.)])(?P<gap>[ \t]+)(?=\S)"
)
_TERM = re.compile(r"(?=\S)[^\n]{1,80}\n:[ \t]+\S")  # Markdown's definition lists
_RST_TERM = re.compile(r"(?=\w|[`*])[^\n]{0,79}[^\n.,;:?!]\n(?:[ \t]+\S[^\n]*(?:\n|\Z))+\Z")
_FIELD = re.compile(r":[A-Za-z][^:`\n]{0,60}:(?=\s|\Z)")
_FIELD_LINE = re.compile(rf"^{_FIELD.pattern}", re.MULTILINE)
_LINE = re.compile(r"^", re.MULTILINE)


def item_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The items of the list text[start:end], each with what is indented below it, trimmed; one when there are no marks. The
    outermost items are those with the least indentation. Without marks, terms with their definitions and fields are items."""
    begins = _outermost(text, start, end) or _terms(text, start, end)
    edges = [start, *(begin for begin in begins if begin > start), end]
    return [span for one, other in pairwise(edges) if (span := trimmed(text, one, other))]


def nested_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The items of a list inside the item text[start:end], as `item_spans` gives them; empty when there is none."""
    newline = text.find("\n", start, end)
    begins = _outermost(text, newline + 1, end) if newline >= 0 else []
    return item_spans(text, begins[0], end) if begins else []


def _outermost(text: str, start: int, end: int) -> list[int]:
    """Where the least indented items begin, at their marks' lines."""
    marks = list(_line_matches(text, start, end))
    least = min((len(match["indent"].expandtabs(4)) for match in marks), default=0)
    return [match.start() for match in marks if len(match["indent"].expandtabs(4)) <= least + 1]


def _terms(text: str, start: int, end: int) -> list[int]:
    """Where the terms of a definition list begin, or the fields of a list of fields."""
    first = text[start : start + len(text[start:end].partition("\n\n")[0])]
    if not any(pattern.match(first) for pattern in (_FIELD, _TERM, _RST_TERM)):
        return []
    return [
        begin
        for begin in (match.start() for match in _LINE.finditer(text, start, end))
        if begin == start or _FIELD.match(text, begin, end) or _TERM.match(text, begin, end) or _opens(text, begin)
    ]


def _opens(text: str, begin: int) -> bool:
    """Whether a line that is not indented follows an empty one."""
    return text[begin - 2 : begin] == "\n\n" and text[begin] not in " \t\n"


def defined(item: str) -> str:
    """An item that is a term with its definition as "term: definition", any other as it is."""
    if has_mark(item):
        return item
    if _TERM.match(item) or _RST_TERM.match(item):
        term, _, definition = item.partition("\n")
        return f"{term.rstrip(' :')}: {definition.lstrip().removeprefix(':').lstrip()}"
    return item[1:] if _FIELD.match(item) else item


def has_mark(text: str) -> bool:
    """Whether the text begins as the item of a list does."""
    return _ITEM.match(text) is not None


def _line_matches(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    position = start
    while position < end:
        match = _ITEM.match(text, position, end)
        if match:
            yield match
        newline = text.find("\n", position, end)
        position = end if newline < 0 else newline + 1


def marks(text: str, start: int, end: int) -> list[re.Match[str]]:
    """The marks of items in text[start:end]: those of the same sort as the last one, since a wrapped line may begin with
    anything."""
    found = list(_line_matches(text, start, end))
    return [match for match in found if _sort(match["mark"]) == _sort(found[-1]["mark"])]


def _sort(mark: str) -> str:
    """Bullets by themselves, numbers and letters by what stands around them."""
    return re.sub(r"[a-zA-Z]+", "a", re.sub(r"\d+", "1", mark))


def is_list(block: str, type_: str) -> bool:
    """Whether a paragraph is an item, a term with its definition, or a list of fields."""
    if has_mark(block[:200]) or (type_ == "markdown" and _TERM.match(block)):
        return True
    if type_ != "rst":
        return False
    fields = _FIELD.match(block) is not None and sum(1 for _ in _FIELD_LINE.finditer(block)) > 1
    return fields or _RST_TERM.match(block) is not None


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without the white space at its end; None when nothing else is in it."""
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if text[start:end].strip() else None
