"""Rows of tables in text: Markdown's, cells between bars, and lines of CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise
from typing import NamedTuple

DELIMITED = frozenset({"csv", "tsv"})  # types of documents that are one table
SHEETS = frozenset({"xlsx", "xlsm", "xlsb", "xls", "ods"})  # types whose rows end at their last cell with words
_RULE = re.compile(r":?-{2,}:?")
_HTML_TABLE = re.compile(r"\s*<(?:table|thead|tbody|tfoot|tr)\b", re.IGNORECASE)
_HTML_ROW = re.compile(r"<tr\b[^>]*>", re.IGNORECASE)
_HTML_CELL = re.compile(
    r"<t(?P<kind>[dh])\b[^>]*>(?P<words>.*?)(?=</?t[dhr]\b|</?t(?:able|head|body|foot)\b|\Z)", re.IGNORECASE | re.DOTALL
)
_HTML_ROW_END = re.compile(r"</tr\s*>", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[^<>]*>")
_YEAR = r"(?:19|20)\d\d"
_PERIOD = re.compile(
    rf"(?:(?:Q[1-4]|H[12]|FY|[A-Za-z]{{3,9}}\.?)[ /-]?)?{_YEAR}(?:[ /–-]+(?:{_YEAR}|\d\d|Q[1-4]|H[12]))?(?: ?\([^()]*\))?"
    r"|Q[1-4]|H[12]|(?:Week|Day|Month|Year|Quarter) \d{1,2}"
)
_BAR = re.compile(r"(?<!\\)\|")


def cells(row: str, *, delimited: bool = False) -> list[str]:
    """The cells of a row, trimmed; one when it is no row. `delimited` is for lines of CSV, by commas, semicolons or tabs."""
    if delimited:
        marks = {mark: row.count(mark) for mark in ",;\t"}
        try:
            found = next(csv.reader([row], delimiter=max(marks, key=lambda mark: marks[mark])), [])
        except csv.Error:  # such as a cell of more than 131,072 characters
            found = [row]
    else:
        found = _BAR.split(row.strip().removeprefix("|").removesuffix("|"))
    return [cell.strip() for cell in found]


def row_pairs(text: str, start: int, end: int, *, delimited: bool = False) -> tuple[tuple[str, str], ...]:
    """(column, cell) for each cell that holds something of the row text[start:end]; empty when that is no row below a header
    with as many cells. The header is the first line of the block of rows; see `names_columns`."""
    row = text[start:end]
    own = cells(row, delimited=delimited)
    if "\n" in row or len(own) < 2 or is_separator(row):
        return ()
    block = _lines_above(text, start, delimited=delimited)
    header = cells(block[0], delimited=delimited) if block else []
    if len(header) != len(own) or not names_columns(header):
        return ()
    return tuple((column, cell) for column, cell in zip(header, own, strict=True) if cell)


def names_columns(row: Sequence[str]) -> bool:
    """Whether the first row of a table without a line below it reads as the names of columns: there are no figures in it, or
    those behind the first cell are all years or parts of years."""
    if not any(character.isdigit() for character in "".join(row)):
        return True
    return (
        len(row) > 1
        and not any(character.isdigit() for character in row[0])
        and all(not cell or _PERIOD.fullmatch(cell) for cell in row[1:])
    )


def grid_rows(text: str, start: int, end: int) -> Iterator[tuple[int, int, tuple[tuple[str, str], ...]]]:
    """(start, end, pairs of column and cell) of the rows of a grid table, whose rows stand between lines of dashes and may have
    several lines; the first row names the columns if a line of equals signs follows it."""
    header: list[str] = []
    begin, lines, position = start, list[list[str]](), start
    for line in text[start:end].splitlines(keepends=True):
        if line.lstrip().startswith("+"):
            row = [" ".join(filter(None, parts)) for parts in zip(*lines, strict=True)] if lines else []
            if row and "=" in line:
                header = row
            elif any(row):
                columns = header if len(header) == len(row) else [""] * len(row)
                pairs = tuple((column, cell) for column, cell in zip(columns, row, strict=True) if cell)
                yield begin, position - 1, pairs
            begin, lines = position + len(line), []
        else:
            found = cells(line)
            if not lines or len(found) == len(lines[0]):
                lines.append(found)
        position += len(line)


class HtmlRow(NamedTuple):
    """A row of an HTML table: from <tr> to its </tr> or the next row, the words of the cells, and whether all are headers."""

    start: int
    end: int
    cells: list[str]
    is_header: bool


def is_html(text: str, start: int = 0) -> bool:
    """Whether a table is written in HTML, or goes on so, at `start`."""
    return _HTML_TABLE.match(text, start) is not None


def html_rows(text: str, start: int, end: int) -> list[HtmlRow]:
    """The rows of the HTML table text[start:end] that have words. A cell over several columns counts once."""
    begins = [match.start() for match in _HTML_ROW.finditer(text, start, end)]
    edges = [*begins, end] if begins else []
    rows: list[HtmlRow] = []
    for begin, stop in pairwise(edges):
        found = [(match["kind"].lower(), match["words"]) for match in _HTML_CELL.finditer(text, begin, stop)]
        words = [" ".join(unescape(_HTML_TAG.sub(" ", cell)).split()) for _, cell in found]
        if any(words):
            closed = _HTML_ROW_END.search(text, begin, stop)
            rows.append(HtmlRow(begin, closed.end() if closed else stop, words, all(kind == "h" for kind, _ in found)))
    return rows


def is_header(text: str, start: int, end: int, *, delimited: bool = False) -> bool:
    """Whether text[start:end] names the columns of the row below it."""
    following = text[end:].lstrip(" \t").removeprefix("\n").partition("\n")[0]
    if is_separator(following):
        return True
    below = text.find(following, end) if following.strip() else -1
    return (
        below >= 0
        and not _lines_above(text, start, delimited=delimited)
        and bool(row_pairs(text, below, below + len(following), delimited=delimited))
    )


def is_separator(line: str) -> bool:
    """Whether the line is what Markdown puts below a header."""
    return all(_RULE.fullmatch(cell) for cell in cells(line))


def _lines_above(text: str, start: int, *, delimited: bool) -> list[str]:
    """The rows above the line that begins at or before `start`, without separators, from the top of their block."""
    lines = text[: text.rfind("\n", 0, start) + 1].split("\n")[:-1]
    found: list[str] = []
    for line in reversed(lines):
        if len(cells(line, delimited=delimited)) < 2:
            break
        if not is_separator(line):
            found.insert(0, line)
    return found
