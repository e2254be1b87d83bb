"""The text of a PDF → its blocks: paragraphs and tables, below the headings of an outline."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace
from typing import NamedTuple

from ragcli.datatypes import Block, BlockKind
from ragcli.loaders.structure import HeadingPath

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z|[^\n]+")


class Bookmark(NamedTuple):
    """An entry of the outline: page index, level from 1, title."""

    page: int
    level: int
    title: str


def blocks_of(text: str, starts: list[int], outline: list[Bookmark], rows: Set[str]) -> list[Block]:
    """Paragraphs, and tables where consecutive lines are `rows`."""
    anchors = _heading_anchors(text, starts, outline)
    headings, blocks, upcoming = HeadingPath(), list[Block](), 0
    for match in _PARAGRAPH.finditer(text):
        position = match.start()
        while upcoming < len(anchors) and anchors[upcoming][0] < match.end():
            start, level, title = anchors[upcoming]
            if start > position:
                blocks += _tables_apart(text, position, start, headings.titles, rows)
                position = start
            headings.enter(level, title)
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


def _heading_anchors(text: str, starts: list[int], outline: list[Bookmark]) -> list[tuple[int, int, str]]:
    """(offset, level, title): where the bookmark's title stands on its page, else where the page begins."""
    anchors: list[tuple[int, int, str]] = []
    for page, level, title in outline:
        page_start = starts[min(page, len(starts) - 1)]
        start = max(page_start, anchors[-1][0] + 1) if anchors and anchors[-1][0] >= page_start else page_start
        end = starts[page + 1] if page + 1 < len(starts) else len(text)
        pattern = r"\s+".join(re.escape(word) for word in title.split())
        found = re.search(rf"(?m)^[^\S\n]*(?:[\d.]+\s+)?{pattern}", text[start:end], re.IGNORECASE) if pattern else None
        anchors.append((start + found.start() if found else page_start, level, title))
    return sorted(anchors, key=lambda anchor: anchor[0])
