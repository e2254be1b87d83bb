"""Titles in plain text, which has no marks for them: underlined, in capitals, or numbered lines that stand by themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ragcli.loaders.structure import Title

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_UNDERLINED = re.compile(r"(?P<words>[^\n]{2,80})\n[ \t]*(?P<line>={3,}|-{3,})[ \t]*(?:\n|\Z)")
_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})\.?[ \t]+(?=[A-Z])")
_CAPITALS = re.compile(r"[“\"‘'(]?\w(?:.*\w){3}.*")
_PART = re.compile(r"(?:ARTICLE|CHAPTER|SECTION|PART|BOOK|EXHIBIT|ANNEX|APPENDIX|SCHEDULE) [\w“”\"]{1,7}")
_COLUMNS = re.compile(r"\S(?:[ ]{2,}|[ ]*\t|[ ]*\|)[ ]*\S")
_SENTENCE = re.compile(r"[.,;:!?…]$|\.{3}")
_LONGEST, _MOST_WORDS = 60, 10
_RUNNING = 3  # times that a line in capitals must stand in a text to be taken for a running title


def titles_of(text: str) -> list[Title]:
    """The titles of a plain text, in order. A line with `===` or `---` below it, about as long as the line, is one of level 1
    or 2; a short line in capitals that is a paragraph by itself, of level 2, or 3 below "ARTICLE 1" and the like; a numbered
    one ("3.1. Overview") of a level for each number from 4 on, unless the paragraph above or below is a line numbered alike,
    as in a list. Nothing that ends as a sentence does, has columns or many words is a title, nor a line in capitals that comes
    again and again."""
    paragraphs = list(_PARAGRAPH.finditer(text))
    lines = Counter(match.group().strip() for match in paragraphs)
    return [title for i in range(len(paragraphs)) for title in _titles(paragraphs, i, lines)]


def _titles(paragraphs: Sequence[re.Match[str]], i: int, lines: Counter[str]) -> Iterator[Title]:
    """The title that begins the paragraph, if there is one. A title by itself needs something below."""
    whole = paragraphs[i]
    start, words = whole.start(), whole.group().rstrip()
    if match := _UNDERLINED.match(whole.group()):
        line, title = match["line"], match["words"].strip()
        if _is_short(title) and 0.6 * len(title) <= len(line) <= len(title) + 8:
            yield Title(start, start + match.end(), 1 if line[0] == "=" else 2, title)
        return
    title = words.strip()
    if "\n" in words or i + 1 == len(paragraphs) or len(title) > _LONGEST or not _is_short(title):
        return
    numbered = _NUMBERED.match(title)
    if numbered:
        depth = numbered["number"].count(".")
        if not any(_depth(paragraphs[j]) == depth for j in (i - 1, i + 1) if j >= 0):
            yield Title(start, whole.end(), 4 + depth, title)
    elif _CAPITALS.fullmatch(title) and title.isupper() and lines[title] < _RUNNING:
        names = i > 0 and _PART.fullmatch(paragraphs[i - 1].group().strip())
        yield Title(start, whole.end(), 3 if names else 2, title)


def _depth(paragraph: re.Match[str]) -> int | None:
    """The points in the number that a paragraph of one line begins with."""
    line = paragraph.group().strip()
    numbered = _NUMBERED.match(line) if "\n" not in line else None
    return numbered["number"].count(".") if numbered else None


def _is_short(title: str) -> bool:
    """Whether a line reads as a title: few words, no columns, no end of a sentence."""
    return (
        len(title.split()) <= _MOST_WORDS
        and any(c.isalpha() for c in title)
        and not _COLUMNS.search(title)
        and not _SENTENCE.search(title)
    )
