"""The blocks of a passage: where they lie in its text, and what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ragcli.datatypes import BlockKind, Extent
from ragcli.text import rst
from ragcli.text.admonitions import TAB, inside_fence, opens_indented
from ragcli.text.items import has_mark, is_list, marks, trimmed

_FENCED = re.compile(r"[ \t]*(?:```|~~~)")
_WHOLE_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n(?:[^\n]*\n)*?[ \t]*\1[ \t]*$", re.MULTILINE)
_BLANKS = re.compile(r"[ \t]*")
_LONGEST_CODE = 1800  # characters of indented code that empty lines do not cut
_GAP = re.compile(r"\n[ \t]*\n")
_DIRECTIVE = re.compile(r"[ \t]*\.\. ")
_TABLE_ROW = re.compile(r"[^\n]*\S[ \t]*\|[ \t]*\S|[ \t]*\|")
_HEADING = re.compile(r"#{1,6}[ \t]+\S[^\n]*$")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:[^\n]*\n){0,40}?---[ \t]*(?:\n|$)")
PLAIN = frozenset({"markdown", "rst", "org", "asciidoc", "text"})  # types in which an indented block need not be code


class Part(NamedTuple):
    """A block of a passage: a place in its text, end exclusive, and what it is."""

    start: int
    end: int
    kind: BlockKind


def parts_of(text: str, base: int, extents: Sequence[Extent], type_: str) -> list[Part]:
    """The blocks of the passage `text` that begins at the offset `base` of its document, in order, cut at its edges. The items
    of one list that are blocks of their own become one; indented text in formats without marks for code is no code; lines with
    the marks of items at the end of a paragraph are a list. Without `extents` the blocks are read from the text."""
    length = len(text)
    known = [
        Part(max(0, start - base), min(length, end - base), kind)
        for start, end, kind in dict.fromkeys(extents)
        if end > base and start < base + length
    ]
    parts: list[Part] = []
    blocks = known or _guessed(text, type_)
    for part in _lists_apart(text, _opened(text, blocks) if type_ == "markdown" else blocks, type_):
        kind = _kind(text, part, parts, type_)
        span = trimmed(text, part.start, part.end)
        if span is None:
            continue
        if (kind == "list" and _goes_on(text, parts, span[0])) or (kind == "code" and _is_more_code(text, parts, span)):
            parts[-1] = Part(parts[-1].start, span[1], kind)
        else:
            parts.append(Part(*span, kind))
    return parts


def _opened(text: str, parts: Iterable[Part]) -> Iterator[Part]:
    """The parts of Markdown, those inside notes and tabs of its dialects in the place of what CommonMark takes for code."""
    inside = False
    for part in parts:
        block = text[part.start : part.end]
        code = part.kind == "code"
        if code and (span := inside_fence(block)):
            yield from _held(text, part.start + span[0], part.start + span[1])
        elif TAB.match(block) or (code and indentation(text, part.start) and (inside or opens_indented(block))):
            inside = True
            yield from _held(text, part.start, part.end)
        else:
            inside = opens_indented(block)
            yield part


def _held(text: str, start: int, end: int) -> Iterator[Part]:
    """The blocks of the note or tab text[start:end]: cut at empty lines, unless they stand in fenced code, and below the
    lines that open tabs."""
    line = text.rfind("\n", 0, start) + 1
    fenced = [match.span() for match in _WHOLE_FENCE.finditer(text, line, end)]
    gaps = [gap.start() for gap in _GAP.finditer(text, start, end)]
    tabs = [tab.end() for tab in TAB.finditer(text, line, end)]
    edges = [edge for edge in gaps + tabs if not any(first < edge < last for first, last in fenced)]
    return _cut(text, start, sorted({*edges, end}), "")


def _lists_apart(text: str, parts: Iterable[Part], type_: str) -> Iterator[Part]:
    """The parts, paragraphs that end with a list cut before its first item. In Markdown only an empty line or the parser
    begins a list, so that its paragraphs stay as they are."""
    for part in parts:
        found = [] if part.kind != "paragraph" or type_ in ("markdown", "code") else marks(text, part.start, part.end)
        if len(found) < 2 or has_mark(text[part.start : found[0].end()]):
            yield part
        else:
            yield Part(part.start, found[0].start(), "paragraph")
            yield Part(found[0].start(), part.end, "list")


def _goes_on(text: str, parts: Sequence[Part], start: int) -> bool:
    """Whether a list that begins at `start` belongs to the one before it, which is no question."""
    if not parts or parts[-1].kind != "list" or text[parts[-1].end : start].strip():
        return False
    return not _is_question(text[parts[-1].start : parts[-1].end])


def _is_more_code(text: str, parts: Sequence[Part], span: tuple[int, int]) -> bool:
    """Whether indented code goes on after an empty line."""
    if not parts or parts[-1].kind != "code" or span[1] - parts[-1].start > _LONGEST_CODE:
        return False
    start, end = parts[-1].start, parts[-1].end
    return (
        0 < len(indentation(text, start)) <= len(indentation(text, span[0]))
        and not text[end : span[0]].strip()
        and not _DIRECTIVE.match(text, start)
        and not _DIRECTIVE.match(text, span[0])
        and not _FENCED.match(text, start)
    )


def indentation(text: str, start: int) -> str:
    """The white space between the beginning of a line and the block that begins at `start`, or that the block begins with;
    empty where other text stands before it."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    if before.strip():
        return ""
    blanks = _BLANKS.match(text, start)
    return before + (blanks[0] if blanks else "")


def _is_question(text: str) -> bool:
    return text.rstrip("*_ ").endswith("?") and len(text) < 300


def _kind(text: str, part: Part, before: Sequence[Part], type_: str) -> BlockKind:
    """The kind of a block, where its format says too little: indentation alone makes no code."""
    if part.kind == "code" and type_ in PLAIN and not _FENCED.match(text, part.start):
        return _plain_kind(text, part, before, type_)
    if part.kind == "paragraph" and text.startswith("+-", part.start):
        return "table"
    if part.kind == "paragraph" and type_ in PLAIN and is_list(text[part.start : part.end], type_):
        return "list"
    return part.kind


def _plain_kind(text: str, part: Part, before: Sequence[Part], type_: str) -> BlockKind:
    """What an indented block of plain text is: code only below a line that ends with two colons, or under a directive."""
    above = text[before[-1].start : before[-1].end] if before else ""
    block = text[part.start : part.end]
    in_list = bool(before) and before[-1].kind == "list"
    if block.startswith("+-") or (_TABLE_ROW.match(block) and block.count("|") > 3):
        return "table"
    if has_mark(block) and in_list:
        return "list"
    if type_ == "rst" and rst.is_prose(block):
        return "paragraph"
    announced = rst.announces_code(above) or (bool(before) and before[-1].kind == "code" and not _reads_as_prose(block))
    announced = announced or (type_ == "rst" and _is_more_code(text, before, (part.start, part.end)))
    if announced or _DIRECTIVE.match(block):
        return "code"
    if in_list or has_mark(block):
        return "list"
    quoted = type_ == "rst" and bool(
        before
    )  # at the beginning of a passage, the line that announces code may be missing
    return "paragraph" if quoted or _reads_as_prose(block) else "code"


def _reads_as_prose(block: str) -> bool:
    words = block.split()
    plain = sum(word.strip(".,;:!?()'\"`*").isalpha() for word in words)
    return len(words) >= 3 and plain >= 0.7 * len(words)


def _guessed(text: str, type_: str) -> Iterator[Part]:
    """Blocks between empty lines, by how they begin."""
    position = 0
    if type_ == "markdown" and (front := _FRONT_MATTER.match(text)):
        yield Part(0, front.end(), "code")
        position = front.end()
    gaps = [match.start() for match in _GAP.finditer(text, position)]
    yield from _cut(text, position, [*gaps, len(text)], type_)


def _cut(text: str, position: int, edges: Sequence[int], type_: str) -> Iterator[Part]:
    """The blocks from `position` on that end at the edges, without empty lines around them."""
    for edge in edges:
        if span := trimmed(text, position, edge):
            start = span[1] - len(text[slice(*span)].lstrip("\n"))
            yield Part(start, span[1], _guessed_kind(text[slice(*span)].lstrip(), type_))
        position = edge


def _guessed_kind(block: str, type_: str) -> BlockKind:
    if type_ == "code":
        return "code"
    if _HEADING.match(block):
        return "heading"
    if type_ in ("csv", "tsv") or all(_TABLE_ROW.match(line) for line in block.split("\n")):
        return "table"
    if _FENCED.match(block):
        return "code"
    return "list" if has_mark(block) else "paragraph"
