"""What loaders share: the path of headings, and building text together with its blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ragcli.datatypes import Block, BlockKind, Document, source_id
from ragcli.errors import NotADocument
from ragcli.text.sentences import trim

_SPACES = re.compile(r"[ \t\u00a0]+")
_MAX_HEADING = 200


class HeadingPath:
    """The titles of the sections that are open, outermost first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> tuple[str, ...]:
        """Open a section at `level` (1 is outermost), closing those at the same or a deeper level."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        title = _SPACES.sub(" ", title.replace("\n", " ")).strip()[:_MAX_HEADING]
        if title:
            self._open.append((level, title))
        return self.titles

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._open)


class TextBuilder:
    """Collects blocks of extracted text, an empty line between them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.blocks: list[Block] = []
        self.headings = HeadingPath()

    def add(self, text: str, kind: BlockKind) -> None:
        """Append a block under the open headings; blank text is ignored."""
        text = text.strip("\n") if kind == "code" else text.strip()
        if not text.strip():
            return
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self.blocks.append(Block(start, self._length, kind, self.headings.titles))

    def add_heading(self, level: int, title: str) -> None:
        """Open a section and append its title as a block."""
        self.headings.enter(level, title)
        self.add(title, "heading")

    @property
    def length(self) -> int:
        return self._length

    @property
    def text(self) -> str:
        return "".join(self._parts)


def make_document(
    path: Path,
    type_: str,
    text: str,
    blocks: list[Block],
    *,
    title: str = "",
    page_starts: tuple[int, ...] = (),
    has_lines: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Document:
    """A Document with trimmed, non-empty blocks; raises NotADocument("empty") when there is no text at all."""
    trimmed = [
        replace(block, start=span[0], end=span[1]) for block in blocks if (span := trim(text, block.start, block.end))
    ]
    if not trimmed:
        raise NotADocument("empty")
    return Document(
        document_id=source_id(str(path)),
        path=str(path),
        type=type_,
        title=_SPACES.sub(" ", title.replace("\n", " ")).strip()[:_MAX_HEADING] or title_from_name(path),
        text=text,
        blocks=tuple(trimmed),
        page_starts=page_starts,
        has_lines=has_lines,
        metadata=dict(metadata or {}),
    )


def title_from_name(path: Path) -> str:
    """`contracts/2024_master-lease.pdf` → `2024 master lease`."""
    return re.sub(r"[_\-]+", " ", path.stem).strip() or path.name


def line_starts(text: str) -> list[int]:
    """Offset of the first character of every line; the last entry is the length of the text."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return starts if starts[-1] == len(text) else [*starts, len(text)]
