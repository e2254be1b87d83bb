"""Plain text and source code: the text is the file, blocks are separated by empty lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ragcli.datatypes import Block, BlockKind, Document
from ragcli.loaders.decoding import decode
from ragcli.loaders.limits import spend
from ragcli.loaders.structure import make_document

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_ITEM = re.compile(r"\s*(?:[-*•+–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")


@dataclass(frozen=True)
class PlainTextLoader:
    """Text without markup. Paragraphs that begin like a list item are lists."""

    type: str = "text"

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        spend(len(text))
        blocks = [Block(m.start(), m.end(), self._kind(m.group())) for m in _PARAGRAPH.finditer(text)]
        title = path.name if self.type == "code" else ""
        return make_document(path, self.type, text, blocks, title=title, has_lines=True)

    def _kind(self, paragraph: str) -> BlockKind:
        if self.type in ("code", "json", "xml"):
            return "code"
        return "list" if is_list_item(paragraph) else "paragraph"


def is_list_item(paragraph: str) -> bool:
    """Whether a paragraph begins as the item of a list does."""
    return _ITEM.match(paragraph) is not None
