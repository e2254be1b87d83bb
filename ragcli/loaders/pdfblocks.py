"""The text of a PDF → its blocks: headings of an outline, and paragraphs and tables below them."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace
from typing import NamedTuple

from ragcli.datatypes import Block, BlockKind
from ragcli.loaders.structure import HeadingPath

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_QUOTE = re.compile(r"[\"'“”„‘’‚`´]")  # an outline has other ones than the page
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z|[^\n]+")


class Bookmark(NamedTuple):
    """An entry of the outline: page index, level from 1, title."""

    page: int
    level: int
    title: str


def blocks_of(text: str, starts: list[int], outline: list[Bookmark], rows: Set[str]) -> list[Block]:
    """Headings, paragraphs, and tables where consecutive lines are `rows`."""
    anchors = _heading_anchors(text, starts, outline)
    headings, blocks, upcoming = HeadingPath(), list[Block](), 0
    for match in _PARAGRAPH.finditer(text):
        position = match.start()
        while upcoming < len(anchors) and anchors[upcoming].start < match.end():
            start, end, level, title = anchors[upcoming]
            if start > position:
                blocks += _tables_apart(text, position, start, headings.titles, rows)
                position = start
            headings.enter(level, title)
            if position < end <= match.end():
                blocks.append(Block(position, end, "heading", headings.titles))
                position = end
            upcoming += 1
        blocks += _tables_apart(text, position, match.end(), headings.titles, rows)
    return blocks


def _tables_apart(text: str, start: int, end: int, titles: tuple[str, ...], rows: Set[str]) -> list[Block]:
    """text[start:end] as one paragraph, or as paragraphs and tables."""
    blocks: list[Block] = []
    for line in _LINE.finditer(text, start, end):
        kind: BlockKind = "table" if line.group().rstrip("\n") in rows else "paragraph"
        if blocks and blocks[-1].kind == kind:
            blocks[-1] = replace(blocks[-1], end=line.end())
        else:
            blocks.append(Block(line.start(), line.end(), kind, titles))
    return blocks


class _Anchor(NamedTuple):
    """Where a section begins, and where the lines end that hold its title and nothing else; `end` is `start` when none do."""

    start: int
    end: int
    level: int
    title: str


def _heading_anchors(text: str, starts: list[int], outline: list[Bookmark]) -> list[_Anchor]:
    """Where each bookmark's title stands on its page, else where the page begins."""
    anchors: list[_Anchor] = []
    for page, level, title in outline:
        page_start = starts[min(page, len(starts) - 1)]
        start = max(page_start, anchors[-1].start + 1) if anchors and anchors[-1].start >= page_start else page_start
        end = starts[page + 1] if page + 1 < len(starts) else len(text)
        pattern = r"\s+".join(_QUOTE.sub(_QUOTE.pattern, re.escape(word)) for word in title.split())
        found = re.search(rf"(?m)^[^\S\n]*(?:[\d.]+\s+)?{pattern}", text[start:end], re.IGNORECASE) if pattern else None
        if found is None:
            anchors.append(_Anchor(page_start, page_start, level, title))
            continue
        begins, ends = start + found.start(), start + found.end()
        rest = text[ends : (text.find("\n", ends) + 1 or len(text) + 1) - 1]
        anchors.append(_Anchor(begins, begins if rest.strip() else ends, level, title))
    return sorted(anchors, key=lambda anchor: anchor.start)
