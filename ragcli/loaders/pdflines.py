"""A line of a PDF's page, and whether the words of lines are apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_TOGETHER = re.compile(
    r"[^\W\d_][A-Za-zÀ-ɏ’'”,.;:()-]{29,}"
)  # no language written in Latin letters has many such words
_MANY = 0.1  # of the characters
_MORE = 1.2  # times the words


class Line(NamedTuple):
    """One line of a page and the size, in points, in which most of it is set; 0 when that is not known. `row` says that it is a
    row of a table, its cells apart by ` | `."""

    text: str
    size: float
    row: bool = False


def run_together(lines: Sequence[Line]) -> bool:
    """Whether the spaces between many words of Latin script are missing: some PDFs move the pen instead of writing one."""
    together = sum(len(found) for line in lines for found in _TOGETHER.findall(line.text) if "://" not in found)
    return together > _MANY * sum(len(line.text) for line in lines)


def better_apart(read: Sequence[Line], other: Sequence[Line]) -> bool:
    """Whether `other`, a second reading of the page, has more words out of nearly the same characters."""
    return words(other) >= _MORE * words(read) and _written(other) >= 0.9 * _written(read)


def words(lines: Sequence[Line]) -> int:
    return sum(len(line.text.split()) for line in lines)


def _written(lines: Sequence[Line]) -> int:
    return sum(len("".join(line.text.split())) for line in lines)
