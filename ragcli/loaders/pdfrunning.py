"""Running titles and page numbers of a PDF: lines at the edge of a page that belong to no text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcli.loaders.pdfblocks import Bookmark
from ragcli.loaders.pdflines import Line

_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")
_EDGE_LINES = 3  # at the top and at the bottom of a page, where running titles and page numbers stand
_RUNNING = 0.6  # of the pages nearby
_NEARBY = 10  # pages to either side
_CUT = re.compile(r"…|\.{3,}")
_APART = re.compile(r"\s*(?:…|\.{3,}|\s{3,}|\|)\s*")
_NUMBER = re.compile(
    r"^(?:(?:chapter|section|part|appendix|kapitel|abschnitt|chapitre)\s+)?(?:[\divxlc]+(?:\.\d+)*[.:)]?\s+)?|\W*\d*$"
)
_LEAST = 8  # characters of a title that is cut off


def without_running(pages: Sequence[list[Line]], outline: Sequence[Bookmark]) -> list[list[Line]]:
    """The lines without those at the edge of a page that stand there on most pages nearby, numbers aside, or that consist of
    titles of the outline whose sections begin elsewhere."""
    if len(pages) < 3:
        return list(pages)
    tops = [[_shape(line) for line in page[:_EDGE_LINES]] for page in pages]
    bottoms = [[_shape(line) for line in page[-_EDGE_LINES:]] for page in pages]
    titles = [(entry.page, _bare(entry.title)) for entry in outline]
    kept = []
    for number, page in enumerate(pages):
        first, last = max(0, number - _NEARBY), number + _NEARBY + 1
        cut_top = _running_lines(tops[number], tops[first:last])
        cut_bottom = _running_lines(bottoms[number][::-1], [shapes[::-1] for shapes in bottoms[first:last]])
        rest = page[cut_top : len(page) - cut_bottom]
        if rest and titles:
            top = _names_sections(rest[0].text, rest[1:], number, titles)
            bottom = len(rest) > 1 and _names_sections(rest[-1].text, rest[:-1], number, titles)
            rest = rest[top : len(rest) - bottom]
        kept.append(rest if any(line.text.strip() for line in rest) else page)
    return kept


def _running_lines(own: Sequence[str], others: Sequence[Sequence[str]]) -> int:
    """How many of the first lines recur at the same edge of most of the other pages."""
    written = [shapes for shapes in others if shapes]
    count = 0
    for depth, shape in enumerate(own):
        holding = sum(shape in shapes for shapes in written)
        if shape and holding < max(3, _RUNNING * len(written)):
            break
        count = depth + 1 if shape else count
    return count


def _shape(line: Line) -> str:
    return _DIGITS.sub("#", " ".join(line.text.lower().split()))


def _names_sections(text: str, others: Sequence[Line], number: int, titles: Sequence[tuple[int, str]]) -> bool:
    """Whether a line consists of titles, some cut off, of sections that do not begin with it: none of a title begins on this
    page but elsewhere on it, and one has begun."""
    parts = [bare for part in _APART.split(text) if (bare := _bare(part))]
    cut = _CUT.search(text) is not None
    said = {_bare(line.text) for line in others}

    def runs(part: str) -> bool:
        named = [
            (page, title)
            for page, title in titles
            if page <= number and (title == part or (cut and len(part) >= _LEAST and title.startswith(part)))
        ]
        return bool(named) and all(title in said for page, title in named if page == number)

    return bool(parts) and all(runs(part) for part in parts)


def _bare(title: str) -> str:
    """In lower case without the number of a section before it and that of a page at either end."""
    return _NUMBER.sub("", " ".join(title.lower().split()))
