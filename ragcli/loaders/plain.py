"""Plain text and source code: the text is the file, blocks are separated by empty lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ragcli.datatypes import Block, BlockKind, Document
from ragcli.loaders.decoding import decode
from ragcli.loaders.limits import spend
from ragcli.loaders.plaintitles import titles_of
from ragcli.loaders.structure import HeadingPath, make_document

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_ITEM = re.compile(r"\s*(?:[-*•+–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")


@dataclass(frozen=True)
class PlainTextLoader:
    """Text without markup. Paragraphs that begin like a list item are lists; titles are found as `titles_of` says."""

    type: str = "text"

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        spend(len(text))
        headings, blocks, position = HeadingPath(), list[Block](), 0
        for found in titles_of(text) if self.type == "text" else ():
            blocks += self._blocks(text, position, found.start, headings.titles)
            headings.enter(found.level, found.words)
            blocks.append(Block(found.start, found.end, "heading", headings.titles))
            position = found.end
        blocks += self._blocks(text, position, len(text), headings.titles)
        title = path.name if self.type == "code" else ""
        return make_document(path, self.type, text, blocks, title=title, has_lines=True)

    def _blocks(self, text: str, start: int, end: int, headings: tuple[str, ...]) -> Iterator[Block]:
        for match in _PARAGRAPH.finditer(text, start, end):
            yield Block(match.start(), match.end(), self._kind(match.group()), headings)

    def _kind(self, paragraph: str) -> BlockKind:
        if self.type in ("code", "json", "xml"):
            return "code"
        return "list" if is_list_item(paragraph) else "paragraph"


def is_list_item(paragraph: str) -> bool:
    """Whether a paragraph begins as the item of a list does."""
    return _ITEM.match(paragraph) is not None
