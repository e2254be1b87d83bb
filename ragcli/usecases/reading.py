"""The text of a document, put together again from its chunks."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ragcli.datatypes import Chunk, DocumentRecord, Section, SourceFile, Span
from ragcli.errors import NotFound, UsageError
from ragcli.index.pages import every
from ragcli.results import Passage

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog


IDENTITY_DIGITS = 8  # of a document's identity are enough to name it


@dataclass(frozen=True)
class StoredText:
    """A document and its chunks in order. Offsets are those of the document; what lies before its first chunk is white space
    and is not kept."""

    document: DocumentRecord
    chunks: Sequence[Chunk]

    @property
    def start(self) -> int:
        """Where the kept text begins."""
        return self.chunks[0].span.start if self.chunks else 0

    @cached_property
    def text(self) -> str:
        """The document from `start` on. Where chunks overlap, each character is there once."""
        parts: list[str] = []
        reached = self.start
        for chunk in self.chunks:
            piece = chunk.text + chunk.tail
            parts.append(piece[max(0, reached - chunk.span.start) :])
            reached = max(reached, chunk.span.start + len(piece))
        return "".join(parts)

    @property
    def end(self) -> int:
        """Where the kept text ends."""
        return self.start + len(self.text)

    def passage(self, start: int, end: int) -> Passage:
        """Characters [start, end), as far as there are any, with the headings of the section that they begin in."""
        start, end = max(start, self.start), min(end, self.end)
        end = max(start, end)
        touched = [chunk for chunk in self.chunks if chunk.span.start < end and start < chunk.span.end]
        sections = [section for chunk in touched for section in chunk.sections or (_whole(chunk),)]
        above = [section for section in sections if section.start <= start] or sections[:1]
        headings = above[-1].headings if above else ()
        ids = tuple(chunk.chunk_id for chunk in touched)
        text = self.text[start - self.start : end - self.start]
        return Passage(self.document, ids, text, self._span(start, end), headings)

    def page(self, number: int) -> tuple[int, int]:
        """Where a page begins and ends. Raises NotFound when there is no such page, UsageError when it has none."""
        pages = self.document.page_starts
        if not pages:
            raise UsageError(f"{self.document.path} has no pages", hint="read it by lines, or from a character on")
        if not 1 <= number <= len(pages):
            raise NotFound(f"{self.document.path} has no page {number}", hint=f"its pages are 1 to {len(pages)}")
        return pages[number - 1], pages[number] if number < len(pages) else self.end

    def lines(self, first: int, last: int) -> tuple[int, int]:
        """Where the lines `first` to `last` begin and end. Raises NotFound, or UsageError when the document has no lines."""
        if not self.document.has_lines:
            raise UsageError(
                f"{self.document.path} has no lines that can be counted", hint="read it by page, or from a character on"
            )
        starts = self._line_starts
        count = self._first_line + len(starts) - 1
        if not 1 <= first <= min(last, count):
            raise NotFound(f"{self.document.path} has no lines {first} to {last}", hint=f"its lines are 1 to {count}")
        low, high = max(0, first - self._first_line), last - self._first_line + 1
        return starts[low], starts[high] if 0 <= high < len(starts) else self.end

    @property
    def _first_line(self) -> int:
        """The line on which the kept text begins."""
        return (self.chunks[0].span.line_start if self.chunks else None) or 1

    @cached_property
    def _line_starts(self) -> list[int]:
        return [self.start, *(self.start + found.end() for found in re.finditer("\n", self.text))]

    def _span(self, start: int, end: int) -> Span:
        last, pages = max(start, end - 1), self.document.page_starts
        numbers: list[int | None] = [bisect.bisect_right(pages, at) if pages else None for at in (start, last)]
        if self.document.has_lines:
            before = self._first_line - 1
            numbers += [before + bisect.bisect_right(self._line_starts, at) for at in (start, last)]
        else:
            numbers += [None, None]
        return Span(start, end, *numbers)


def _whole(chunk: Chunk) -> Section:
    return Section(chunk.span.start, chunk.headings)


def stored_text(catalog: Catalog, name: str) -> StoredText:
    """The document that `name` means and its text. `name` is its path, that of a copy, or its identity, of which the first
    eight digits or more are enough. Raises NotFound when it means no document or several."""
    with catalog.snapshot():
        at_path = catalog.find([name])
        found = list(at_path.values()) or _of_identity(catalog, name)
        if len(found) != 1:
            many = ", ".join(record.path for record in found[:5])
            said = f"{name!r} means several documents: {many}" if found else f"the index holds no document {name!r}"
            raise NotFound(said, hint="rag ls lists what it holds")
        return StoredText(found[0], catalog.document_chunks(found[0].document_id))


def _of_identity(catalog: Catalog, beginning: str) -> list[DocumentRecord]:
    """The documents whose identity begins so, ordered by path; none for fewer than eight digits."""
    if len(beginning) < IDENTITY_DIGITS:
        return []
    found: list[DocumentRecord] = []
    for entry in every(lambda after, limit: catalog.page(max(after, beginning[:-1]), limit)):
        if entry.document_id.startswith(beginning):
            found.append(entry.document)
        elif entry.document_id > beginning:
            break
    return sorted(found, key=lambda document: document.path)


def source_of(catalog: Catalog, name: str) -> SourceFile:
    """See `ragcli.Rag.source`."""
    document = stored_text(catalog, name).document
    return catalog.sources([document.path])[document.path]


def part_of(
    catalog: Catalog, name: str, start: int, end: int | None, page: int | None, lines: tuple[int, int] | None
) -> Passage:
    """See `ragcli.Rag.read`."""
    stored = stored_text(catalog, name)
    if page is not None:
        start, end = stored.page(page)
    elif lines is not None:
        start, end = stored.lines(*lines)
    return stored.passage(start, stored.end if end is None else end)
