"""The text of a document, put together again from its chunks."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ragcli.datatypes import Chunk, DocumentRecord, Section, Span
from ragcli.errors import UsageError
from ragcli.results import Passage


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
        """Where a page begins and ends. Raises UsageError when there is no such page."""
        pages = self.document.page_starts
        if not pages:
            raise UsageError(f"{self.document.path} has no pages", hint="read it by lines, or from a character on")
        if not 1 <= number <= len(pages):
            raise UsageError(f"{self.document.path} has no page {number}", hint=f"its pages are 1 to {len(pages)}")
        return pages[number - 1], pages[number] if number < len(pages) else self.end

    def lines(self, first: int, last: int) -> tuple[int, int]:
        """Where the lines `first` to `last` begin and end. Raises UsageError when the document has no lines, or not these."""
        if not self.document.has_lines:
            raise UsageError(
                f"{self.document.path} has no lines that can be counted", hint="read it by page, or from a character on"
            )
        starts = self._line_starts
        count = self._first_line + len(starts) - 1
        if not 1 <= first <= min(last, count):
            raise UsageError(f"{self.document.path} has no lines {first} to {last}", hint=f"its lines are 1 to {count}")
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
