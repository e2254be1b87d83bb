"""Tables of a PDF's page, from where its pieces of text stand.

Pieces on one height make a row; a wide gap separates two cells. Consecutive rows whose cells stand below each other are a
table. What a row says is left to the reader of the text: lines of it that follow each other become one row, with ` | `
between its cells, only where they have exactly the characters of the row. So nothing is read that was not read before, and
nothing else changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ragcli.loaders.pdflines import Line

CELLS_APART = " | "
_GAP = 0.9  # of the height of a line, between two cells
_FAR = 3.0  # heights between the middles of two rows, beyond which a table has ended
_FEWEST_ROWS = 3
_FEWEST_MARKED = 2  # rows of a table that must be lines of the text
MAX_PIECES = 4_000  # of a page; a page with more is a drawing
_BULLET = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})?[.):]?|[-–—•●○▪◦*+·\uf0b7]")
_RUNNING_TEXT = 30  # characters of a mean cell, from which two columns are text set in columns


class Box(NamedTuple):
    """A place on a page, in points; `bottom` < `top`."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def height(self) -> float:
        return self.top - self.bottom


Row = list[Box]
RowTexts = dict[str, tuple[str, ...]]


def find_tables(pieces: Sequence[Box]) -> list[list[Row]]:
    """Tables as rows of cells, from the top of the page; each has at least three rows of at least two cells. A row may lack
    cells that others have."""
    tables: list[list[Row]] = []
    current: list[Row] = []
    columns: list[tuple[float, float]] = []
    for row in _rows(pieces) if len(pieces) <= MAX_PIECES else ():
        near = bool(current) and current[-1][0].middle - row[0].middle <= _FAR * max(
            row[0].height, current[-1][0].height
        )
        fitting = _fitted(row, columns) if near and len(row) > 1 else None
        if near and len(row) == 1 and _fitted(row, columns) is not None:
            continue  # the second line of a cell
        if fitting is None:
            tables += [current] if _is_table(current, len(columns)) else []
            current, columns = ([row], [(box.left, box.right) for box in row]) if len(row) > 1 else ([], [])
        else:
            current.append(row)
            columns = fitting
    return tables + ([current] if _is_table(current, len(columns)) else [])


def _is_table(rows: Sequence[Row], columns: int) -> bool:
    return sum(len(row) == columns for row in rows) >= _FEWEST_ROWS


def _rows(pieces: Sequence[Box]) -> list[Row]:
    """Pieces by height, joined to cells where no wide gap is between them."""
    lines: list[list[Box]] = []
    for box in sorted((box for box in pieces if box.height > 0), key=lambda box: (-box.middle, box.left)):
        last = lines[-1][0] if lines else None
        if last and (last.bottom < box.middle < last.top or box.bottom < last.middle < box.top):
            lines[-1].append(box)
        else:
            lines.append([box])
    return [_cells(sorted(line)) for line in lines]


def _cells(line: Sequence[Box]) -> Row:
    cells = [line[0]]
    for box in line[1:]:
        last = cells[-1]
        if box.left - last.right > _GAP * max(last.height, box.height):
            cells.append(box)
        else:
            cells[-1] = Box(last.left, min(last.bottom, box.bottom), max(last.right, box.right), max(last.top, box.top))
    return cells


def _fitted(row: Row, columns: Sequence[tuple[float, float]]) -> list[tuple[float, float]] | None:
    """The columns, wider by the row; None when a cell of it stands below none, or below several."""
    widened = list(columns)
    taken: set[int] = set()
    for box in row:
        below = [i for i, (left, right) in enumerate(columns) if box.left < right and left < box.right]
        if len(below) != 1 or below[0] in taken:
            return None
        taken.add(below[0])
        left, right = widened[below[0]]
        widened[below[0]] = (min(left, box.left), max(right, box.right))
    return widened


def row_texts(tables: Sequence[Sequence[Row]], text_in: Callable[[Box], str]) -> list[RowTexts]:
    """For each table the characters of its rows without white space → their cells without white space. `text_in` reads a place
    on the page. Left out are numbered and bulleted lists, and two columns of long cells, which are text set in columns."""
    found: list[RowTexts] = []
    for table in tables:
        rows = [tuple("".join(text_in(box).split()) for box in row) for row in table]
        cells = [cell for row in rows for cell in row]
        pairs = max(map(len, rows)) == 2
        if pairs and sum(map(len, cells)) > _RUNNING_TEXT * len(cells):
            continue
        if pairs and all(_BULLET.fullmatch(row[0]) for row in rows):
            continue
        found.append({"".join(row): row for row in rows if all(row)})
    return found


def marked(lines: Sequence[Line], tables: Sequence[RowTexts]) -> list[Line]:
    """The lines, with those that make up a row of a table as one line with its cells apart. A table of which fewer than two
    rows are found in this way stays as it was."""
    every: RowTexts = {}
    for table in tables:
        every |= table
    if not every:
        return list(lines)
    found = {key for key, _ in _runs(lines, every)}
    rows: RowTexts = {}
    for table in tables:
        rows |= table if len(found & set(table)) >= _FEWEST_MARKED else {}
    return [
        Line(_apart("\n".join(line.text for line in run), rows[key]), run[0].size, row=True) if key in rows else run[0]
        for key, run in _runs(lines, rows)
    ]


def _runs(lines: Sequence[Line], rows: RowTexts) -> Iterator[tuple[str, Sequence[Line]]]:
    """The lines in order: those that together have the characters of a row, with its key, and others one by one, with an empty
    key. Of several rows that begin with a line the longest counts."""
    keys = ["".join(line.text.split()) for line in lines]
    longest = max(map(len, rows), default=0)
    position = 0
    while position < len(lines):
        best, count, said = "", 1, ""
        for i in range(position, len(lines) if keys[position] else position):
            said += keys[i]
            if len(said) > longest:
                break
            if keys[i] and said in rows:
                best, count = said, i - position + 1
        yield best, lines[position : position + count]
        position += count


def _apart(text: str, cells: Sequence[str]) -> str:
    """`text` with a mark between the cells, which have its characters but for white space."""
    parts, position = [], 0
    for cell in cells:
        start, left = position, len(cell)
        while left:
            left -= not text[position].isspace()
            position += 1
        parts.append(" ".join(text[start:position].split()))
    return CELLS_APART.join(parts)
