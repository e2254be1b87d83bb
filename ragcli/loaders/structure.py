"""What loaders share: the path of headings, and building text together with its blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ragcli.datatypes import Block, BlockKind, Document, source_id
from ragcli.errors import NotADocument
from ragcli.loaders.limits import LimitReached, spend
from ragcli.text.sentences import trim

_SPACES = re.compile(r"[ \t\u00a0]+")
_MAX_HEADING = 200
_MAX_VALUE = 1_000  # characters of metadata


class Title(NamedTuple):
    """A section title: its place in the text, its level from 1, and its words."""

    start: int
    end: int
    level: int
    words: str


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
    """Collects blocks of extracted text, an empty line between them. `partial` says why not everything was collected."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.blocks: list[Block] = []
        self.headings = HeadingPath()
        self.partial = ""

    def add(self, text: str, kind: BlockKind) -> None:
        """Append a block under the open headings; blank text is ignored. Raises LimitReached before the file costs too much."""
        text = text.strip("\n") if kind == "code" else text.strip()
        spend(len(text))
        if not text.strip():
            return
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self.blocks.append(Block(start, self._length, kind, self.headings.titles))

    def add_line(self, prefix: str, text: str) -> None:
        """Append an item of a list, or, without a prefix, a paragraph."""
        self.add(prefix + text, "list" if prefix else "paragraph")

    def add_heading(self, level: int, title: str) -> None:
        """Open a section and append its title as a block."""
        self.headings.enter(level, title)
        self.add(title, "heading")

    def include(self, document: Document, title: str) -> None:
        """Append a document that lies inside this one as a section of that title."""
        self.add_heading(1, title)
        outer = self.headings.titles
        for block in document.blocks:
            self.add(document.text[block.start : block.end], block.kind)
            if self.blocks:
                inner = tuple(title for title in block.headings if title not in outer)
                self.blocks[-1] = replace(self.blocks[-1], headings=outer + inner)

    @contextmanager
    def keep_what_was_read(self) -> Iterator[None]:
        """Ends quietly at a limit when there is text already; the document is then a partial one."""
        try:
            yield
        except LimitReached as limit:
            if not self._parts:
                raise
            self.partial = limit.reason

    @property
    def next_start(self) -> int:
        """Where the next block will begin."""
        return self._length + 2 if self._parts else 0

    @property
    def first_heading(self) -> str:
        """The title of the first section, empty when there is none."""
        return next((b.headings[-1] for b in self.blocks if b.kind == "heading" and b.headings), "")

    def document(
        self, path: Path, type_: str, title: str, metadata: Mapping[str, str] = {}, page_starts: Sequence[int] = ()
    ) -> Document:
        """What was collected, as `make_document` has it; a title in `metadata` is for a document without another."""
        found = dict(metadata)
        declared = found.pop("title", "")
        document = make_document(
            path,
            type_,
            "".join(self._parts),
            self.blocks,
            title=title or declared or self.first_heading,
            page_starts=tuple(page_starts),
            metadata=found,
        )
        return replace(document, partial=self.partial)


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
        metadata={key: text for key, value in (metadata or {}).items() if (text := _short(value))},
    )


def _short(value: str) -> str:
    """Lines of a value that has several, each without surplus white space."""
    return "\n".join(line for line in (" ".join(part.split()) for part in value.split("\n")) if line)[:_MAX_VALUE]


def title_from_name(path: Path) -> str:
    """`contracts/2024_master-lease.pdf` → `2024 master lease`."""
    return re.sub(r"[_\-]+", " ", path.stem).strip() or path.name


def line_starts(text: str) -> list[int]:
    """Offset of the first character of every line; the last entry is the length of the text."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return starts if starts[-1] == len(text) else [*starts, len(text)]
