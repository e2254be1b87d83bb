"""PPTX through python-pptx: a slide is a page; its title a heading; tables, groups, speaker notes and comments included."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.ooxml import core_properties, local, parse_xml, refuse_type_definitions
from ragcli.loaders.structure import TextBuilder
from ragcli.loaders.zipped import open_zip, unreadable


class PptxLoader:
    """A presentation. Hidden slides are left out but keep their number; shapes are read from top to bottom, left to right."""

    def load(self, data: bytes, path: Path) -> Document:
        with open_zip(data) as archive:
            refuse_type_definitions(archive)
            metadata = core_properties(archive)
        import pptx

        builder, starts = TextBuilder(), list[int]()
        try:
            presentation = pptx.Presentation(io.BytesIO(data))
            with builder.keep_what_was_read():
                for number, slide in enumerate(presentation.slides, start=1):
                    starts.append(builder.next_start)
                    if slide._element.get("show") != "0":
                        _add_slide(builder, slide, number)
        except (LoadError, MemoryError):
            raise
        except Exception as error:  # python-pptx lets errors of lxml, zipfile and its own parser through
            raise unreadable("presentation", error) from error
        return builder.document(path, "pptx", "", metadata, starts)


def _add_slide(builder: TextBuilder, slide: Any, number: int) -> None:
    title = slide.shapes.title
    text = " ".join(clean(title.text_frame.text).split()) if title is not None and title.has_text_frame else ""
    if text:
        builder.add_heading(1, text)
    else:
        builder.headings.enter(1, f"Slide {number}")
    for shape in _shapes(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False):
            builder.add(_table(shape.table), "table")
        elif shape.has_text_frame:
            _add_paragraphs(builder, shape.text_frame.paragraphs)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = clean(slide.notes_slide.notes_text_frame.text).strip()
        builder.add(f"[Speaker notes: {notes}]" if notes else "", "paragraph")
    for comment in _comments(slide.part):
        builder.add(f"[Comment: {comment}]", "paragraph")


def _shapes(shapes: Any) -> Iterator[Any]:
    """All shapes, those of groups at the place of their group."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        inner = getattr(shape, "shapes", None)
        if inner is not None:
            yield from _shapes(inner)
        else:
            yield shape


def _add_paragraphs(builder: TextBuilder, paragraphs: Any) -> None:
    """A paragraph, or several as a list with the levels that the slide shows."""
    lines = [(paragraph.level, " ".join(clean(paragraph.text).split())) for paragraph in paragraphs]
    lines = [(level, text) for level, text in lines if text]
    if len(lines) == 1:
        builder.add(lines[0][1], "paragraph")
    else:
        builder.add("\n".join(f"{'  ' * level}- {text}" for level, text in lines), "list")


def _table(table: Any) -> str:
    rows = []
    for row in table.rows:
        cells = [" ".join(clean(cell.text).split()) for cell in row.cells if not cell.is_spanned]
        if any(cells):
            rows.append(" | ".join(cells))
    return "\n".join(rows)


def _comments(part: Any) -> Iterator[str]:
    for relation in part.rels.values():
        if relation.reltype.endswith("/comments") and not relation.is_external:
            for element in parse_xml(relation.target_part.blob).iter():
                if local(element) in ("text", "t") and element.text:
                    yield " ".join(clean(element.text).split())
