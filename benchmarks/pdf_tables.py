"""Cells of tables in the right row, for each way of reading a PDF: pypdf, pdfium, and what `rag` makes of both.

The reference are ruled tables as pdfplumber finds them by their lines, of at least three rows and two columns; a row of one
counts as kept when its filled cells stand in one line of the text, in their order, with nothing but marks between them.

    pip install pdfplumber; python benchmarks/pdf_tables.py FOLDER...

Tables without ruled lines, which most filings have, pdfplumber does not find. Rows that somebody read off the pages take its
place with `--rows FILE`: on each line the name of a file, the number of a page from 1, and the cells with | between them, with
tabs between the three.

    python benchmarks/pdf_tables.py FOLDER --rows rows.tsv
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import re
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from ragcli.errors import LoadError
from ragcli.loaders.pdf import read_pypdf
from ragcli.loaders.pdfium import complete, read_pdfium
from ragcli.loaders.pdftext import Content

MAX_PAGES = 12  # of one file


def rows_of(table: Any) -> list[list[str]]:
    """Rows of at least two cells, without white space; a cell that spans several lines is joined."""
    rows = [["".join((cell or "").split()) for cell in row] for row in table.extract()]
    return [filled for row in rows if len(filled := [cell for cell in row if cell]) > 1]


def kept(row: list[str], lines: list[str]) -> bool:
    """Whether the cells stand in one line."""
    pattern = re.compile(r"[|·:]*".join(re.escape(cell) for cell in row))
    return any(pattern.search(line) for line in lines)


def contents_of(data: bytes) -> dict[str, Content]:
    """The text of a file in each of the four ways. Raises LoadError."""
    contents = {
        "pypdf": read_pypdf(data),
        "pdfium": read_pdfium(data),
        "rag": read_pypdf(data),
        "rag on pdfium": read_pdfium(data),
    }
    complete(data, contents["rag"])
    complete(data, contents["rag on pdfium"])
    return contents


def print_given(folders: list[Path], rows: Path) -> None:
    """How many of the given rows stand in one line, and which do not."""
    given: dict[str, list[tuple[int, list[str]]]] = {}
    for line in rows.read_text(encoding="utf-8").splitlines():
        name, page, row = line.split("\t")
        given.setdefault(name, []).append((int(page) - 1, ["".join(cell.split()) for cell in row.split("|")]))
    kept_rows: Counter[str] = Counter()
    for name, wanted in given.items():
        contents = contents_of(next(file for folder in folders for file in folder.rglob(name)).read_bytes())
        for number, cells in wanted:
            for reader, content in contents.items():
                lines = [
                    "".join(line.text.split()).replace("\N{MINUS SIGN}", "-") for line in content.pages[number].lines
                ]
                found = kept(cells, lines)
                kept_rows[reader] += found
                if not found:
                    print(f"{name} page {number + 1}: {reader} has not {' | '.join(cells)}")
    total = sum(len(wanted) for wanted in given.values())
    for reader in ("pypdf", "pdfium", "rag", "rag on pdfium"):
        print(f"  {reader:<14} {kept_rows[reader]:5} of {total}")


def main() -> None:
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--rows", type=Path, help="rows that are known, in the place of pdfplumber")
    arguments = parser.parse_args()
    if arguments.rows:
        print_given(arguments.folder, arguments.rows)
        return
    if importlib.util.find_spec("pdfplumber") is None:
        sys.exit("this compares with pdfplumber: pip install pdfplumber")
    plumber = importlib.import_module("pdfplumber")
    rows: Counter[str] = Counter()
    tables, files = 0, 0
    for path in sorted(file for folder in arguments.folder for file in folder.rglob("*.pdf")):
        data = path.read_bytes()
        try:
            contents = contents_of(data)
        except LoadError:
            continue
        found: list[tuple[int, list[list[str]]]] = []
        with suppress(Exception), plumber.open(path) as pdf:  # a file that the reference cannot read is left out
            for number, page in enumerate(pdf.pages[:MAX_PAGES]):
                found += [(number, cells) for table in page.find_tables() if len(cells := rows_of(table)) >= 3]
        files += bool(found)
        tables += len(found)
        own: Counter[str] = Counter()
        for number, cells in found:
            rows["all"] += len(cells)
            own["all"] += len(cells)
            for name, content in contents.items():
                lines = ["".join(line.text.split()) for line in content.pages[number].lines]
                own[name] += sum(kept(row, lines) for row in cells)
        rows.update({name: count for name, count in own.items() if name != "all"})
        if found:
            print(
                f"{path.name[:44]:<44} {len(found):3} tables {own['all']:4} rows",
                *(f"{name} {own[name]}" for name in contents),
                flush=True,
            )
    print(f"{tables} tables in {files} files, {rows['all']} rows in one line:")
    for name in ("pypdf", "pdfium", "rag", "rag on pdfium"):
        print(f"  {name:<14} {rows[name]:5} {rows[name] / max(1, rows['all']):.3f}")


if __name__ == "__main__":
    main()
