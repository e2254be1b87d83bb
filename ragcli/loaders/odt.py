"""ODT and ODP: headings, paragraphs, lists, tables, footnotes and comments of content.xml, in document order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.locked import ENCRYPTED
from ragcli.loaders.ooxml import attribute, core_properties, local, parse_xml
from ragcli.loaders.structure import TextBuilder
from ragcli.loaders.zipped import open_zip

_GONE = frozenset(
    {"tracked-changes", "forms", "sequence-decls", "scripts", "automatic-styles", "styles", "font-face-decls"}
)
_ASIDE = {"note": "Footnote", "annotation": "Comment", "notes": "Speaker notes"}
_SPACE = {"tab": "\t", "line-break": "\n", "s": " "}


class OdtLoader:
    """An OpenDocument text, or a presentation, whose slides are pages."""

    def load(self, data: bytes, path: Path) -> Document:
        with open_zip(data) as archive:
            if "content.xml" not in archive.namelist():
                raise LoadError("not an OpenDocument file")
            manifest = "META-INF/manifest.xml"
            if manifest in archive.namelist() and b"encryption-data" in archive.read(manifest):
                raise LoadError(f"{ENCRYPTED}; OpenDocument is read when it is saved without a password")
            root = parse_xml(archive.read("content.xml"))
            metadata = core_properties(archive, "meta.xml")
        builder, pages = TextBuilder(), list[int]()
        with builder.keep_what_was_read():
            _walk(builder, root, pages, 0)
        return builder.document(path, "odp" if pages else "odt", "", metadata, pages)


def _walk(builder: TextBuilder, element: Any, pages: list[int], depth: int) -> None:
    """Append what `element` holds; `depth` counts the lists around it. The parser bounds the depth of the XML."""
    for child in element:
        match local(child):
            case "h":
                level = attribute(child, "outline-level")
                builder.add_heading(int(level) if level.isdigit() else 1, "".join(_inline(child)))
            case "p":
                text = clean("".join(_inline(child))).strip()
                builder.add(
                    f"{'  ' * (depth - 1)}- {text}" if depth and text else text, "list" if depth else "paragraph"
                )
                _asides(builder, child)
                _walk_frames(builder, child, pages)
            case "list":
                _walk(builder, child, pages, depth + 1)
            case "table":
                builder.add(_table(child), "table")
            case "page":
                pages.append(builder.next_start)
                builder.headings.enter(1, f"Slide {len(pages)}")
                _walk(builder, child, pages, 0)
            case "notes":
                text = " ".join("".join(_inline(p)) for p in child.iter("{*}p")).strip()
                builder.add(f"[Speaker notes: {text}]" if text else "", "paragraph")
            case name if name and name not in _GONE:
                _walk(builder, child, pages, depth)


def _walk_frames(builder: TextBuilder, paragraph: Any, pages: list[int]) -> None:
    for box in paragraph.iter("{*}text-box"):
        _walk(builder, box, pages, 0)


def _asides(builder: TextBuilder, paragraph: Any) -> None:
    for element in paragraph.iter("{*}note", "{*}annotation"):
        text = " ".join(" ".join("".join(_inline(p)) for p in element.iter("{*}p")).split())
        if text:
            builder.add(f"[{_ASIDE[local(element)]}: {text}]", "paragraph")


def _inline(element: Any) -> Iterator[str]:
    """The text of a paragraph without its footnotes, comments and text boxes."""
    yield element.text or ""
    for child in element:
        name = local(child)
        if name in _SPACE:
            count = attribute(child, "c")
            yield _SPACE[name] * min(100, int(count) if count.isdigit() else 1)
        elif name not in _ASIDE and name not in ("text-box", "frame"):
            yield from _inline(child)
        yield child.tail or ""


def _table(table: Any) -> str:
    rows = []
    for row in table.iter("{*}table-row"):
        cells = []
        for cell in row.iter("{*}table-cell"):
            text = " ".join(" ".join("".join(_inline(p)) for p in cell.iter("{*}p")).split())
            count = attribute(cell, "number-columns-repeated")
            cells += [clean(text)] * (min(50, int(count)) if count.isdigit() and text else 1)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append(" | ".join(cells))
    return "\n".join(rows)
