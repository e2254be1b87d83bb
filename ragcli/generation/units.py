"""What an answer may consist of: the pieces of the hits at several sizes, from a sentence to a short section.

A piece is understood with what governs it: the headings above it, the line that leads in, the names of its columns. Pieces that
only announce or name something (headings, questions, lead-ins, headers of tables, front matter) are no answers by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from ragcli.generation.blocks import LONGEST_LEAD, BlockReader, GovernedBlock, row_text
from ragcli.results import Hit
from ragcli.text.analyzer import terms
from ragcli.text.items import item_spans, nested_spans
from ragcli.text.query import STOP_WORDS
from ragcli.text.readable import readable
from ragcli.text.sentences import sentence_spans

Form = Literal["sentence", "paragraph", "item", "list", "row", "table", "code", "run"]
LONGEST = 600  # characters of an answer, unless one block that was asked for is longer
_ROWS = 400  # of a passage
_LONG_ITEM = 200
_CODE_LINES = 12  # lines of source code that are shown together


@dataclass(frozen=True)
class Unit:
    """A piece of a hit. `spans` are its places in the document, in order; `shown` is how it is read, with line breaks where
    they matter; `lead` is what leads in to it, or the short line by itself that governs it, `outer` what leads in to the list
    that it is nested in, `headings` the section path above it. `row` holds the (column, cell) pairs of a row."""

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    form: Form
    shown: str
    lead: str = ""
    headings: tuple[str, ...] = ()
    row: tuple[tuple[str, str], ...] = ()
    outer: str = ""

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]

    @cached_property
    def own_terms(self) -> frozenset[str]:
        """Distinct index terms of what is shown, without stop words."""
        return frozenset(terms(self.shown, self.hit.whole.document.language)) - STOP_WORDS


def units_of(hit: Hit) -> list[Unit]:
    """The pieces of a hit, in the order of the text, the smaller before the larger of one place."""
    return list(_Cutter(hit).units())


class _Cutter(BlockReader):
    """Cuts one hit into units."""

    def units(self) -> Iterator[Unit]:
        blocks = list(self.blocks())
        for i, block in enumerate(blocks):
            if not block.names:
                yield from self._of_block(block)
            yield from self._runs(blocks, i)

    def _of_block(self, block: GovernedBlock) -> Iterator[Unit]:
        if block.part.kind == "list":
            yield from self._of_list(block)
        elif block.part.kind == "table":
            yield from self._of_table(block)
        elif block.part.kind == "code":
            yield from self._of_code(block)
        else:
            yield from self._of_paragraph(block)

    def _unit(
        self,
        block: GovernedBlock,
        form: Form,
        shown: str,
        *spans: tuple[int, int],
        row: tuple[tuple[str, str], ...] = (),
    ) -> Unit:
        placed = tuple((self.base + start, self.base + end) for start, end in spans)
        return Unit(self.hit, placed, form, shown, self._lead(block), block.headings, row)

    def _lead(self, block: GovernedBlock) -> str:
        return readable(self.text[slice(*block.lead)], self.type) if block.lead else block.label

    def _led(self, block: GovernedBlock, form: Form, shown: str, *spans: tuple[int, int]) -> Unit:
        """A unit that is shown below what leads in to it, unless that is a question."""
        lead = self._lead(block)
        if block.lead is None or lead.endswith("?"):
            return self._unit(block, form, shown, *spans)
        return self._unit(block, form, f"{lead}\n{shown}", block.lead, *spans)

    def _of_paragraph(self, block: GovernedBlock) -> Iterator[Unit]:
        start, end, _ = block.part
        spans = [span for span in sentence_spans(self.text, start, end) if _says(self.text[slice(*span)])]
        texts = [readable(self.text[slice(*span)], self.type) for span in spans]
        for span, text in zip(spans, texts, strict=True):
            if span != block.announces and not text.rstrip("*_` ").endswith((":", "?")) and len(text) >= 12:
                yield self._unit(block, "sentence", text, span)
        if len(spans) > 1:
            for i in range(len(spans)):
                j, size = i, 0
                while j < len(spans) and size + len(texts[j]) + 1 <= (LONGEST if i == 0 else 400):
                    size += len(texts[j]) + 1
                    j += 1
                if j - i > 1 and (i == 0 or j < len(spans) or i == len(spans) - 2):
                    yield self._led(block, "paragraph", " ".join(texts[i:j]), (spans[i][0], spans[j - 1][1]))
        if block.lead:
            for span, text in zip(spans[:1], texts[:1], strict=True):
                yield self._led(block, "paragraph", text, span)

    def _of_list(self, block: GovernedBlock) -> Iterator[Unit]:
        spans = item_spans(self.text, block.part.start, block.part.end)
        texts = [self.item(*span) for span in spans]
        for span, text in zip(spans, texts, strict=True):
            if _says(text) and len(text) <= 2 * LONGEST and not text.rstrip("*_` ").endswith(":"):
                yield self._led(block, "item", text, span)
            if len(text) > _LONG_ITEM:
                yield from self._of_long_item(block, span)
        if len(spans) > 1:
            yield from self._cut_list(block, spans)

    def _cut_list(self, block: GovernedBlock, spans: Sequence[tuple[int, int]]) -> Iterator[Unit]:
        """As many items as an answer has room for, and how many are left."""
        room = LONGEST - len(self._lead(block)) - 20
        shown, count = as_many_as_fit([self.item(*span) for span in spans], room)
        yield self._led(block, "list", shown, (spans[0][0], spans[count - 1][1]))

    def _of_long_item(self, block: GovernedBlock, span: tuple[int, int]) -> Iterator[Unit]:
        """Its sentences, and the items of a list inside it, which what stands before them leads in to."""
        inner = nested_spans(self.text, *span)
        head = (span[0], inner[0][0]) if inner else span
        led = GovernedBlock(
            block.part, "", block.headings, head if head[1] - head[0] <= 2 * LONGEST_LEAD else None, names=False
        )
        nested = [self._led(led, "item", self.item(start, end), (start, end)) for start, end in inner]
        if inner and led.lead:
            nested += self._cut_list(led, inner)
        yield from (replace(unit, outer=self._lead(block)) for unit in nested)
        for start, end in sentence_spans(self.text, *head):
            text = readable(self.text[start:end], self.type)
            if len(text) >= 12 and not text.endswith((":", "?")):
                yield self._unit(block, "sentence", text, (start, end))

    def _of_table(self, block: GovernedBlock) -> Iterator[Unit]:
        rows = list(self.rows(block.part))
        for start, end, pairs in rows[:_ROWS]:
            yield self._unit(block, "row", row_text(pairs), (start, end), row=pairs)
        if len(rows) > 1 and len(block.shown) <= LONGEST:
            yield self._led(block, "table", block.shown, (block.part.start, block.part.end))

    def _of_code(self, block: GovernedBlock) -> Iterator[Unit]:
        if self.type == "code":
            yield from self._windows(block)
        elif len(block.shown) <= 3 * LONGEST:
            yield self._led(block, "code", block.shown, (block.part.start, block.part.end))

    def _windows(self, block: GovernedBlock) -> Iterator[Unit]:
        """Runs of at most 12 lines of source code that begin at the block, at empty lines or where the indentation falls."""
        lines = [m.span() for m in re.finditer(r"[^\n]+", self.text[block.part.start : block.part.end])]
        placed = [(block.part.start + s, block.part.start + e) for s, e in lines]
        step = _CODE_LINES // 2
        for i in range(0, len(placed), step):
            first, last = placed[i], placed[min(len(placed), i + _CODE_LINES) - 1]
            yield self._unit(block, "code", self.text[first[0] : last[1]], (first[0], last[1]))
            if i + _CODE_LINES >= len(placed):
                break

    def _runs(self, blocks: Sequence[GovernedBlock], first: int) -> Iterator[Unit]:
        """The longest run of two or more blocks of one section from the block `first` on that is no longer than an answer."""
        if self.type == "code":
            return
        lead = self._lead(blocks[first]) if blocks[first].lead else ""
        lead = "" if lead.endswith("?") else lead
        last, size = first, len(lead)
        for i in range(first, len(blocks)):
            block = blocks[i]
            apart = block.headings != blocks[first].headings or (
                i > first and block.names and block.shown.endswith("?")
            )
            if apart or size + len(block.shown) + 1 > LONGEST:
                break
            last, size = i, size + len(block.shown) + 1
        while last > first and _only_leads(blocks[last]):
            last -= 1  # what only leads in to something says nothing at the end
        if last > first:
            shown = "\n".join(block.shown for block in blocks[first : last + 1])
            yield self._led(blocks[first], "run", shown, (blocks[first].part.start, blocks[last].part.end))


def as_many_as_fit(items: Sequence[str], room: int) -> tuple[str, int]:
    """The first items of a list, a line each: as many as `room` characters hold but at least one, then a line that says how
    many are left. Also the number of those shown."""
    count, size = 0, 0
    while count < len(items) and (size + len(items[count]) + 1 <= room or count == 0):
        size += len(items[count]) + 1
        count += 1
    left = len(items) - count
    return "\n".join(items[:count]) + (f"\n… ({left} more)" if left else ""), count


def _says(text: str) -> bool:
    return sum(c.isalnum() for c in text) >= 3


def _only_leads(block: GovernedBlock) -> bool:
    """Whether a block ends with what says nothing without the next one."""
    return block.names or block.announces is not None or block.shown.rstrip("*_` ").endswith(":")
