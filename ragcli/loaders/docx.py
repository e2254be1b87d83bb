"""DOCX through python-docx: headings, paragraphs, lists and tables in document order."""

from __future__ import annotations

import io
import re
from pathlib import Path

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.structure import TextBuilder, make_document
from ragcli.loaders.zipped import open_zip

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


class DocxLoader:
    """A Word document. It has no pages before it is printed, so citations name the section."""

    def load(self, data: bytes, path: Path) -> Document:
        with open_zip(data) as archive:
            if "word/document.xml" not in archive.namelist():
                raise LoadError("not a Word document")
            if b"<!DOCTYPE" in archive.read("word/document.xml")[:4096]:
                raise LoadError("refused: a document type definition")
        import docx
        from docx.table import Table

        try:
            document = docx.Document(io.BytesIO(data))
            builder, title = TextBuilder(), ""
            for item in document.iter_inner_content():
                if isinstance(item, Table):
                    builder.add(_table(item), "table")
                else:
                    title = _add_paragraph(builder, item) or title
            declared = clean(document.core_properties.title or "")
        except LoadError:
            raise
        except Exception as error:  # python-docx lets errors of lxml, zipfile and its own parser through
            raise LoadError(f"not a readable Word document ({type(error).__name__})") from error
        first = next((b.headings[-1] for b in builder.blocks if b.kind == "heading" and b.headings), "")
        return make_document(path, "docx", builder.text, builder.blocks, title=title or declared or first)


def _add_paragraph(builder: TextBuilder, paragraph: object) -> str:
    """Append one paragraph; returns its text when its style is Title."""
    text = clean(paragraph.text).strip()  # type: ignore[attr-defined]
    style = getattr(paragraph.style, "name", "") or ""  # type: ignore[attr-defined]
    heading = _HEADING.match(style)
    if not text:
        return ""
    if heading or style == "Title":
        builder.add_heading(int(heading.group(1)) if heading else 0, text)
        return text if style == "Title" else ""
    listed = style.startswith("List") or (paragraph._p.pPr is not None and paragraph._p.pPr.numPr is not None)  # type: ignore[attr-defined]
    builder.add(f"- {text}" if listed else text, "list" if listed else "paragraph")
    return ""


def _table(table: object) -> str:
    rows = []
    for row in table.rows:  # type: ignore[attr-defined]
        cells: list[str] = []
        seen: set[object] = set()
        for cell in row.cells:
            if cell._tc not in seen:  # a merged cell appears once per column it spans
                seen.add(cell._tc)
                cells.append(" ".join(clean(cell.text).split()))
        if any(cells):
            rows.append(" | ".join(cells))
    return "\n".join(rows)
