"""Titles of sections where they only point at the sections: in tables of contents."""

from __future__ import annotations

import re
from itertools import pairwise

_LEADERS = re.compile(r"(?:\.{4,}|(?:\. ){3,}\.?|…{2,})\s*\|?\s*(?:\d{1,4}|[ivxlc]{1,7})?$", re.MULTILINE)
_NUMBERED = re.compile(r"^(?:[-*•]\s+)?\(?(?P<section>\d+(?:\.\d+)*)[.)]?\s+\S.*?[\s|](?P<page>\d{1,4})$")
_ANCHOR = re.compile(r"(?:[-*+•]|\d+[.)])\s+\[[^\]]+\]\(#[^)\s]*\)[.:]?$")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_MOST = 0.6  # share of the lines that have to look so
_FEWEST = 2


def is_contents(block: str) -> bool:
    """Whether most lines of a block are entries of a table of contents: a title with leaders or the number of its section
    before it and that of a page behind it, pages in order and some section inside another (a list of prices may look alike but
    for this); or, in Markdown, links to places of the same page."""
    lines = [line.strip() for line in block.split("\n") if line.strip()]
    enough = max(_FEWEST, _MOST * len(lines))
    if sum(_LEADERS.search(line) is not None for line in lines) >= enough:
        return True
    if sum(_ANCHOR.match(line) is not None for line in lines) >= enough:
        return True
    entries = [match for line in lines if (match := _NUMBERED.match(line))]
    pages = [int(match["page"]) for match in entries]
    nested = any("." in match["section"] for match in entries)
    return nested and len(pages) >= max(3, enough) and all(one <= other for one, other in pairwise(pages))


def bare_title(text: str) -> str:
    """`text` in lower case without numbers, signs and spaces at either end: equal for a title and an entry that names it. Empty
    for what has no letters."""
    return _EDGES.sub("", " ".join(text.split()).lower())
