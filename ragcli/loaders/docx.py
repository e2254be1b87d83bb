"""DOCX: headings, paragraphs, lists, tables, text boxes, footnotes and comments, in document order.

python-docx opens the package; the body is walked here, because its paragraphs leave out inserted text, content controls
and text boxes. Deleted and hidden text is not part of the document.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.numbering import Numbering
from ragcli.loaders.ooxml import attribute, core_properties, local, parse_xml, refuse_type_definitions
from ragcli.loaders.structure import TextBuilder
from ragcli.loaders.zipped import open_zip, unreadable

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_GONE = frozenset({"del", "moveFrom", "Fallback", "instrText", "delText", "pPr", "sdtPr", "tblPr", "tblGrid"})
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_CONTAINERS = frozenset({"sdt", "sdtContent", "customXml", "ins", "moveTo", "AlternateContent", "Choice", "smartTag"})


class DocxLoader:
    """A Word document. It has no pages before it is printed, so citations name the section."""

    def load(self, data: bytes, path: Path) -> Document:
        with open_zip(data) as archive:
            refuse_type_definitions(archive)
            metadata = core_properties(archive)
        import docx

        try:
            document = docx.Document(io.BytesIO(data))
            walker = _Walker(document)
            with walker.builder.keep_what_was_read():
                walker.body(document.element.body)
        except (LoadError, MemoryError):
            raise
        except Exception as error:  # python-docx lets errors of lxml, zipfile and its own parser through
            raise unreadable("Word document", error) from error
        return walker.builder.document(path, "docx", walker.title, metadata)


class _Walker:
    def __init__(self, document: Any) -> None:
        self.builder = TextBuilder()
        self.title = ""
        self._numbering = Numbering(document.part)
        self._styles = _Styles(document)
        self._notes = {kind: _notes(document.part, kind) for kind in ("footnotes", "endnotes", "comments")}

    def body(self, container: Any) -> None:
        """Append what the children of `container` hold."""
        for child in container:
            match local(child):
                case "p":
                    self._paragraph(child)
                case "tbl":
                    self.builder.add(self._table(child), "table")
                case name if name in _CONTAINERS:
                    self.body(child)

    def _paragraph(self, paragraph: Any) -> None:
        text = clean("".join(_text_of(paragraph))).strip()
        level, is_title = self._styles.level(paragraph)
        label, depth = self._numbering.label(paragraph, self._styles.id_of(paragraph))
        if not text:
            pass
        elif level is not None:
            self.builder.add_heading(level, f"{label} {text}" if label not in ("", "-") else text)
            self.title = self.title or (text if is_title else "")
        elif label:
            self.builder.add(f"{'  ' * depth}{label} {text}", "list")
        else:
            self.builder.add(text, "paragraph")
        for box in paragraph.iter("{*}txbxContent"):
            if not any(local(above) == "Fallback" for above in box.iterancestors()):
                self.body(box)
        for kind, mark in (("footnote", "Footnote"), ("endnote", "Footnote"), ("comment", "Comment")):
            for reference in paragraph.iter(f"{{*}}{kind}Reference"):
                note = self._notes[f"{kind}s"].get(attribute(reference, "id"))
                if note:
                    self.builder.add(f"[{mark}{note[0]}: {note[1]}]", "paragraph")

    def _table(self, table: Any) -> str:
        rows = []
        for row in _children(table, "tr"):
            cells = [" ".join(_cell(cell)) for cell in _children(row, "tc")]
            if any(cells):
                rows.append(" | ".join(cells))
        return "\n".join(rows)


class _Styles:
    """Which paragraph styles are headings, by style id."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, tuple[int, bool]] = {}
        try:
            styles = document.styles.element
        except KeyError:
            return  # a document without a part for styles
        parents: dict[str, str] = {}
        for style in styles.iter("{*}style"):
            identity = attribute(style, "styleId")
            name = next((attribute(e, "val") for e in style if local(e) == "name"), "")
            outline = next((attribute(e, "val") for e in style.iter("{*}outlineLvl")), "")
            parents[identity] = next((attribute(e, "val") for e in style if local(e) == "basedOn"), "")
            heading = _HEADING.match(name)
            if name.lower() == "title":
                self._levels[identity] = (0, True)
            elif heading:
                self._levels[identity] = (int(heading.group(1)), False)
            elif outline.isdigit() and int(outline) < 9:
                self._levels[identity] = (int(outline) + 1, False)
        for identity, parent in parents.items():
            if identity not in self._levels and parent in self._levels and not self._levels[parent][1]:
                self._levels[identity] = self._levels[parent]

    def id_of(self, paragraph: Any) -> str:
        """The paragraph's style."""
        return next((attribute(e, "val") for e in paragraph.iterfind("{*}pPr/{*}pStyle")), "")

    def level(self, paragraph: Any) -> tuple[int | None, bool]:
        """The heading level of a paragraph, None for text; and whether it is the document's title."""
        outline = next((attribute(e, "val") for e in paragraph.iterfind("{*}pPr/{*}outlineLvl")), "")
        if outline.isdigit() and int(outline) < 9:
            return int(outline) + 1, False
        return self._levels.get(self.id_of(paragraph), (None, False))


def _text_of(element: Any) -> Iterator[str]:
    """The visible text below an element, text boxes and notes aside."""
    for child in element:
        name = local(child)
        if name == "t":
            yield child.text or ""
        elif name in _BREAKS:
            yield _BREAKS[name]
        elif name == "r" and child.find("{*}rPr/{*}vanish") is not None:
            continue
        elif name not in _GONE and name != "txbxContent":
            yield from _text_of(child)


def _cell(cell: Any) -> Iterator[str]:
    for paragraph in cell.iter("{*}p"):
        text = " ".join(clean("".join(_text_of(paragraph))).split())
        if text:
            yield text


def _children(element: Any, name: str) -> Iterator[Any]:
    for child in element:
        if local(child) == name:
            yield child
        elif local(child) in _CONTAINERS:
            yield from _children(child, name)


def _notes(part: Any, kind: str) -> dict[str, tuple[str, str]]:
    """Id → (whose, text) of the footnotes, endnotes or comments of a document."""
    found = {}
    for relation in part.rels.values():
        if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
            for note in parse_xml(relation.target_part.blob):
                text = " ".join(clean(" ".join("".join(_text_of(p)) for p in note.iter("{*}p"))).split())
                author = attribute(note, "author")
                if text and attribute(note, "type") not in ("separator", "continuationSeparator"):
                    found[attribute(note, "id")] = (f" by {author}" if author else "", text)
    return found
