"""Jupyter notebooks: Markdown and code cells, and what code printed; pictures and other data are left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.decoding import clean, decode
from ragcli.loaders.markdown import MarkdownLoader
from ragcli.loaders.structure import TextBuilder

_MAX_OUTPUT = 2_000  # characters of one output; more is a log or a dump


class NotebookLoader:
    """Notebook formats 3 and 4."""

    def load(self, data: bytes, path: Path) -> Document:
        try:
            notebook = json.loads(decode(data))
        except (ValueError, RecursionError) as error:
            raise LoadError(f"not a readable notebook ({type(error).__name__})") from error
        builder = TextBuilder()
        with builder.keep_what_was_read():
            for cell in _cells(notebook):
                _add_cell(builder, cell)
        return builder.document(path, "ipynb", "")


def _cells(notebook: Any) -> list[dict[str, Any]]:
    if not isinstance(notebook, dict):
        raise LoadError("not a notebook")
    sheets = notebook.get("worksheets")
    found = notebook.get("cells")
    if found is None and isinstance(sheets, list):
        found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or []]
    if not isinstance(found, list):
        raise LoadError("not a notebook")
    return [cell for cell in found if isinstance(cell, dict)]


def _add_cell(builder: TextBuilder, cell: dict[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    if cell.get("cell_type") == "markdown":
        try:
            document = MarkdownLoader().load(source.encode("utf-8", errors="replace"), Path("cell.md"))
        except NotADocument:
            return
        for block in document.blocks:
            text = document.text[block.start : block.end]
            if block.kind == "heading" and block.headings:
                level = len(text) - len(text.lstrip("#")) or 1
                builder.add_heading(level, block.headings[-1])
            else:
                builder.add(text, block.kind)
    elif cell.get("cell_type") == "heading":
        builder.add_heading(int(cell.get("level") or 1), source)
    else:
        builder.add(source, "code" if cell.get("cell_type") == "code" else "paragraph")
        for output in cell.get("outputs") or []:
            if isinstance(output, dict):
                builder.add(_output(output), "code")


def _output(output: dict[str, Any]) -> str:
    data = output.get("data") if isinstance(output.get("data"), dict) else output
    text = _joined(output.get("text")) or _joined((data or {}).get("text/plain"))
    if output.get("output_type") in ("error", "pyerr"):
        text = f"{output.get('ename')}: {output.get('evalue')}"
    return text[:_MAX_OUTPUT]


def _joined(value: object) -> str:
    """Sources and outputs are texts or lists of lines."""
    if isinstance(value, list):
        return clean("".join(part for part in value if isinstance(part, str)))
    return clean(value) if isinstance(value, str) else ""
