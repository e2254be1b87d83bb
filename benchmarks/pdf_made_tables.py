"""Rows of tables that a PDF's readers keep on one line, over tables whose rows are known.

    python benchmarks/pdf_made_tables.py FOLDER

Each table of FOLDER (.csv, and the first sheet of .xlsx; its first 40 rows, at most six columns) is written as a PDF in three
styles: ruled; without lines; and as in filings, without lines, numbers to the right, a long first column that wraps. A row
counts as kept when its filled cells stand in one line of the text, in their order, with nothing but marks between them; rows
whose first column wraps are there and do not count.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from pathlib import Path

from pdf_tables import kept
from python_calamine import load_workbook
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from ragcli.loaders.pdf import read_pypdf
from ragcli.loaders.pdfium import complete, read_pdfium

READERS = ("pypdf", "pdfium", "rag", "rag on pdfium")
NOTE = ", as described in the notes to the consolidated financial statements of the year"


def table_of(path: Path) -> list[list[str]]:
    """The rows of a file as texts."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    else:
        rows = [[str(cell) for cell in row] for row in load_workbook(path).get_sheet_by_index(0).to_python()]
    return [[cell.strip()[:24] for cell in row[:6]] for row in rows[:40]]


def made(rows: list[list[str]], style: str) -> bytes:
    """A PDF with the table."""
    target = io.BytesIO()
    cells: list[list[object]] = [list(row) for row in rows]
    commands: list[tuple[object, ...]] = [("VALIGN", (0, 0), (-1, -1), "TOP")]
    widths: list[float | None] | None = None
    if style == "ruled":
        commands.append(("GRID", (0, 0), (-1, -1), 0.5, "black"))
    if style == "filing":
        text = getSampleStyleSheet()["BodyText"]
        cells = [[Paragraph(row[0] + (NOTE if i % 3 == 1 else ""), text), *row[1:]] for i, row in enumerate(rows)]
        commands.append(("ALIGN", (1, 0), (-1, -1), "RIGHT"))
        widths = [180.0, *([None] * (len(rows[0]) - 1))]
    SimpleDocTemplate(target).build([Table(cells, style=commands, colWidths=widths, repeatRows=0)])
    return target.getvalue()


def main() -> None:
    total: Counter[tuple[str, str]] = Counter()
    tables: Counter[str] = Counter()
    for path in sorted(file for file in Path(sys.argv[1]).rglob("*") if file.suffix in (".csv", ".xlsx")):
        rows = table_of(path)
        expected = [(i, ["".join(cell.split()) for cell in row if cell]) for i, row in enumerate(rows)]
        expected = [(i, row) for i, row in expected if len(row) > 1]
        for style in ("ruled", "plain", "filing"):
            data = made(rows, style)
            contents = {"pypdf": read_pypdf(data), "pdfium": read_pdfium(data)}
            contents |= {"rag": read_pypdf(data), "rag on pdfium": read_pdfium(data)}
            complete(data, contents["rag"])
            complete(data, contents["rag on pdfium"])
            wanted = [row for i, row in expected if style != "filing" or i % 3 != 1]
            tables[style] += 1
            total[style, "all"] += len(wanted)
            for name, content in contents.items():
                lines = ["".join(line.text.split()) for page in content.pages for line in page.lines]
                total[style, name] += sum(kept(row, lines) for row in wanted)
    for style, count in tables.items():
        rows_in_all = total[style, "all"]
        print(
            f"{style}: {count} tables, {rows_in_all} rows;",
            *(f"{n} {total[style, n] / rows_in_all:.3f}" for n in READERS),
        )


if __name__ == "__main__":
    main()
