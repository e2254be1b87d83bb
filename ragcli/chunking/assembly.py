"""From spans to Chunks: identity, header, pages and lines."""

from __future__ import annotations

import bisect
import itertools
import re

from ragcli.datatypes import HEADER_SEPARATOR, Chunk, Document, Extent, Section, Span, chunk_id


def header_of(document: Document, headings: tuple[str, ...]) -> str:
    """Document title and section path on one line, consecutive repeats once."""
    parts = [document.title, *headings]
    return HEADER_SEPARATOR.join(part for i, part in enumerate(parts) if part and part not in parts[:i])


class Assembler:
    """Makes the chunks of one document from consecutive spans."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._block_ends = [block.end for block in document.blocks]
        self._lines = [match.end() for match in re.finditer("\n", document.text)] if document.has_lines else None

    def chunk(
        self,
        ordinal: int,
        start: int,
        end: int,
        next_start: int,
        headings: tuple[str, ...],
        header: str,
        tokens: int,
        sections: tuple[Section, ...] = (),
    ) -> Chunk:
        """The chunk `text[start:end]`; `next_start` is where the following one begins (the text's length for the last)."""
        document = self._document
        text = document.text[start:end]
        return Chunk(
            chunk_id=chunk_id(document.document_id, start, end, header, text),
            document_id=document.document_id,
            ordinal=ordinal,
            text=text,
            tail=document.text[end:next_start],
            span=self.span(start, end),
            headings=headings,
            header=header,
            tokens=tokens,
            sections=sections,
            blocks=self._blocks(start, end),
        )

    def _blocks(self, start: int, end: int) -> tuple[Extent, ...]:
        first = bisect.bisect_right(self._block_ends, start)
        touched = itertools.takewhile(lambda block: block.start < end, self._document.blocks[first:])
        return tuple(Extent(block.start, block.end, block.kind) for block in touched)

    def span(self, start: int, end: int) -> Span:
        """[start, end) with the pages and lines that it touches."""
        pages = self._document.page_starts
        last = max(start, end - 1)
        return Span(
            start=start,
            end=end,
            page_start=bisect.bisect_right(pages, start) if pages else None,
            page_end=bisect.bisect_right(pages, last) if pages else None,
            line_start=bisect.bisect_right(self._lines, start) + 1 if self._lines is not None else None,
            line_end=bisect.bisect_right(self._lines, last) + 1 if self._lines is not None else None,
        )
