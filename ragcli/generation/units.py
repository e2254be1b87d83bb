"""What an answer may consist of: the pieces of the hits at several sizes, from a sentence to a short section.

A piece is understood with what governs it: the headings above it, the line that leads in, the names of its columns. Pieces that
only announce or name something (headings, questions, lead-ins, headers of tables, front matter) are no answers by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ragcli.generation.citations import headings_at
from ragcli.results import Hit
from ragcli.text.analyzer import terms
from ragcli.text.layout import Part, has_mark, item_spans, nested_spans, parts_of, readable
from ragcli.text.query import STOP_WORDS
from ragcli.text.sentences import sentence_spans
from ragcli.text.tables import DELIMITED, cells, grid_rows, is_separator

Form = Literal["sentence", "paragraph", "item", "list", "row", "table", "code", "run"]
LONGEST = 600  # characters of an answer, unless one block that was asked for is longer
_LEAD = 240  # characters of what leads in
_ROWS = 400  # of a passage
_LONG_ITEM = 200
_CODE_LINES = 12  # lines of source code that are shown together
_MARKUP = re.compile(r"[-=|:*`~_#+^ \t\n]*")
_KEY = re.compile(r"[\w-]+:(?: |$)|[ \t]*-[ \t]")
_LABEL = re.compile(r"[*_]{0,2}[^\n.!?:;|]{2,70}[*_]{0,2}")
_DIRECTIVE = re.compile(r"[ \t]*(?:\.\. |:[a-z-]+:)")


@dataclass(frozen=True)
class Unit:
    """A piece of a hit. `spans` are its places in the document, in order; `shown` is how it is read, with line breaks where
    they matter; `lead` is what leads in to it, `headings` the section path above it. `row` holds the (column, cell) pairs
    of a row. `length` counts the items of the list that it is cut from, and is 0 for everything else."""

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    form: Form
    shown: str
    lead: str = ""
    headings: tuple[str, ...] = ()
    row: tuple[tuple[str, str], ...] = ()

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
    return list(_Reader(hit).units())


@dataclass(frozen=True, slots=True)
class _Block:
    """A block with what governs it. `names` says that it only names or announces what follows."""

    part: Part
    shown: str
    headings: tuple[str, ...]
    lead: tuple[int, int] | None
    names: bool


class _Reader:
    """Cuts one hit into units."""

    def __init__(self, hit: Hit) -> None:
        self._hit = hit
        self._text = hit.whole.text
        self._base = hit.whole.span.start
        self._type = hit.whole.document.type
        self._parts = parts_of(self._text, self._base, hit.whole.blocks, self._type)

    def units(self) -> Iterator[Unit]:
        blocks = list(self._blocks())
        for i, block in enumerate(blocks):
            if not block.names:
                yield from self._of_block(block)
            yield from self._runs(blocks, i)

    # ---- blocks ---------------------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[_Block]:
        lead: tuple[int, int] | None = None
        asked: tuple[int, int] | None = None
        section: tuple[str, ...] | None = None
        for part in self._parts:
            raw = self._text[part.start : part.end]
            headings = headings_at(self._hit, self._base + part.start)
            if part.kind == "heading" or headings != section:
                lead = asked = None
                section = headings
            if part.kind == "heading" or self._is_noise(part, raw):
                continue
            shown = self._shown(part)
            names = self._names(part, shown)
            yield _Block(part, shown, headings, lead or asked, names)
            if names and shown.rstrip("*_ ").endswith("?"):
                lead, asked = None, (part.start, part.end)
            elif part.kind in ("paragraph", "list") and shown.rstrip("*_` ").endswith(":"):
                last = sentence_spans(self._text, part.start, part.end)[-1]
                lead = last if last[1] - last[0] <= _LEAD else None
            else:
                lead = (part.start, part.end) if names else None

    def _is_noise(self, part: Part, raw: str) -> bool:
        """Front matter, rules and other markup without words."""
        if self._type == "markdown" and part.start + self._base < 8 and _is_front_matter(raw):
            return True
        if self._type == "rst" and _DIRECTIVE.match(raw) and "\n" not in raw.strip():
            return True
        return _MARKUP.fullmatch(raw) is not None or not any(c.isalnum() for c in raw)

    def _names(self, part: Part, shown: str) -> bool:
        """Whether the block is a question, or a short line that only names what follows."""
        if part.kind not in ("paragraph", "list"):
            return False
        plain = shown.rstrip("*_ ")
        if plain.endswith("?") and len(plain) < 200:
            return True
        follows = self._text[part.end : part.end + 2] == "\n\n" or self._text[part.end : part.end + 1] == "\n"
        return part.kind == "paragraph" and follows and _LABEL.fullmatch(shown) is not None and len(shown.split()) <= 8

    def _shown(self, part: Part) -> str:
        raw = self._text[part.start : part.end]
        if part.kind == "code":
            return raw
        if part.kind == "list":
            return "\n".join(self._item(*span) for span in item_spans(self._text, part.start, part.end))
        if part.kind == "table":
            return "\n".join(_row_text(pairs) for _, _, pairs in self._rows(part)) or readable(raw, self._type)
        return readable(raw, self._type)

    def _item(self, start: int, end: int) -> str:
        """An item on one line, what is nested in it on lines of its own."""
        head, *nested = self._text[start:end].split("\n")
        lines = [head]
        for line in nested:
            if has_mark(line):
                lines.append("  " + line.strip())
            else:
                lines[-1] += " " + line.strip()
        return "\n".join(
            ("  " if line.startswith("  ") else "") + readable(line, self._type) for line in lines if line.strip()
        )

    # ---- units ----------------------------------------------------------------------------------------------------

    def _of_block(self, block: _Block) -> Iterator[Unit]:
        if block.part.kind == "list":
            yield from self._of_list(block)
        elif block.part.kind == "table":
            yield from self._of_table(block)
        elif block.part.kind == "code":
            yield from self._of_code(block)
        else:
            yield from self._of_paragraph(block)

    def _unit(
        self, block: _Block, form: Form, shown: str, *spans: tuple[int, int], row: tuple[tuple[str, str], ...] = ()
    ) -> Unit:
        placed = tuple((self._base + start, self._base + end) for start, end in spans)
        return Unit(self._hit, placed, form, shown, self._lead(block), block.headings, row)

    def _lead(self, block: _Block) -> str:
        return readable(self._text[slice(*block.lead)], self._type) if block.lead else ""

    def _led(self, block: _Block, form: Form, shown: str, *spans: tuple[int, int]) -> Unit:
        """A unit that is shown below what leads in to it, unless that is a question."""
        lead = self._lead(block)
        if block.lead is None or lead.endswith("?"):
            return self._unit(block, form, shown, *spans)
        return self._unit(block, form, f"{lead}\n{shown}", block.lead, *spans)

    def _of_paragraph(self, block: _Block) -> Iterator[Unit]:
        start, end, _ = block.part
        spans = [span for span in sentence_spans(self._text, start, end) if _says(self._text[slice(*span)])]
        texts = [readable(self._text[slice(*span)], self._type) for span in spans]
        for span, text in zip(spans, texts, strict=True):
            if not text.rstrip("*_` ").endswith((":", "?")) and len(text) >= 12:
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

    def _of_list(self, block: _Block) -> Iterator[Unit]:
        spans = item_spans(self._text, block.part.start, block.part.end)
        texts = [self._item(*span) for span in spans]
        for span, text in zip(spans, texts, strict=True):
            if _says(text) and len(text) <= 2 * LONGEST:
                yield self._led(block, "item", text, span)
            if len(text) > _LONG_ITEM:
                yield from self._of_long_item(block, span)
        if len(spans) > 1:
            yield from self._cut_list(block, spans)

    def _cut_list(self, block: _Block, spans: Sequence[tuple[int, int]]) -> Iterator[Unit]:
        """As many items as an answer has room for, and how many are left."""
        texts = [self._item(*span) for span in spans]
        room = LONGEST - len(self._lead(block)) - 20
        count, size = 0, 0
        while count < len(texts) and (size + len(texts[count]) + 1 <= room or count == 0):
            size += len(texts[count]) + 1
            count += 1
        left = len(texts) - count
        shown = "\n".join(texts[:count]) + (f"\n… ({left} more)" if left else "")
        yield self._led(block, "list", shown, (spans[0][0], spans[count - 1][1]))

    def _of_long_item(self, block: _Block, span: tuple[int, int]) -> Iterator[Unit]:
        """Its sentences, and the items of a list inside it, which what stands before them leads in to."""
        inner = nested_spans(self._text, *span)
        head = (span[0], inner[0][0]) if inner else span
        led = _Block(block.part, "", block.headings, head if head[1] - head[0] <= 2 * _LEAD else None, names=False)
        for start, end in inner:
            yield self._led(led, "item", self._item(start, end), (start, end))
        if inner and led.lead:
            yield from self._cut_list(led, inner)
        for start, end in sentence_spans(self._text, *head):
            text = readable(self._text[start:end], self._type)
            if len(text) >= 12 and not text.endswith((":", "?")):
                yield self._unit(block, "sentence", text, (start, end))

    def _of_table(self, block: _Block) -> Iterator[Unit]:
        rows = list(self._rows(block.part))
        for start, end, pairs in rows[:_ROWS]:
            yield self._unit(block, "row", _row_text(pairs), (start, end), row=pairs)
        if len(rows) > 1 and len(block.shown) <= LONGEST:
            yield self._led(block, "table", block.shown, (block.part.start, block.part.end))

    def _rows(self, part: Part) -> Iterator[tuple[int, int, tuple[tuple[str, str], ...]]]:
        """(start, end, pairs of column and cell) of the rows below the header."""
        if self._text.startswith("+-", part.start):
            yield from ((s, e, pairs) for s, e, pairs in grid_rows(self._text, part.start, part.end))
            return
        delimited = self._type in DELIMITED
        lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]*\S[^\n]*", self._text[part.start : part.end])]
        read = [
            (part.start + s, part.start + e, cells(self._text[part.start + s : part.start + e], delimited=delimited))
            for s, e in lines
        ]
        read = [(s, e, found) for s, e, found in read if not is_separator(self._text[s:e])]
        header: list[str] = []
        if self._begins_later(part):
            header = cells(self._hit.whole.columns, delimited=delimited) if self._hit.whole.columns else []
        elif self._has_rule(part) or (len(read) > 1 and not any(c.isdigit() for c in "".join(read[0][2]))):
            header, read = read[0][2], read[1:]
        for start, end, found in read:
            columns = header if len(header) == len(found) else [""] * len(found)
            pairs = tuple((readable(c), readable(v)) for c, v in zip(columns, found, strict=True) if v)
            if pairs:
                yield start, end, pairs

    def _begins_later(self, part: Part) -> bool:
        """Whether the table begins before the passage."""
        return part.start == 0 and any(
            e.start < self._base < e.end and e.kind == "table" for e in self._hit.whole.blocks
        )

    def _has_rule(self, part: Part) -> bool:
        lines = self._text[part.start : part.end].split("\n", 2)
        return len(lines) > 1 and is_separator(lines[1])

    def _of_code(self, block: _Block) -> Iterator[Unit]:
        if self._type == "code":
            yield from self._windows(block)
        elif len(block.shown) <= 3 * LONGEST:
            yield self._led(block, "code", block.shown, (block.part.start, block.part.end))

    def _windows(self, block: _Block) -> Iterator[Unit]:
        """Runs of at most 12 lines of source code that begin at the block, at empty lines or where the indentation falls."""
        lines = [m.span() for m in re.finditer(r"[^\n]+", self._text[block.part.start : block.part.end])]
        placed = [(block.part.start + s, block.part.start + e) for s, e in lines]
        step = _CODE_LINES // 2
        for i in range(0, len(placed), step):
            first, last = placed[i], placed[min(len(placed), i + _CODE_LINES) - 1]
            yield self._unit(block, "code", self._text[first[0] : last[1]], (first[0], last[1]))
            if i + _CODE_LINES >= len(placed):
                break

    def _runs(self, blocks: Sequence[_Block], first: int) -> Iterator[Unit]:
        """The longest run of two or more blocks of one section from the block `first` on that is no longer than an answer."""
        if self._type == "code":
            return
        last, size = first, 0
        for i in range(first, len(blocks)):
            block = blocks[i]
            apart = block.headings != blocks[first].headings or (
                i > first and block.names and block.shown.endswith("?")
            )
            if apart or size + len(block.shown) + 1 > LONGEST:
                break
            last, size = i, size + len(block.shown) + 1
        if last > first:
            shown = "\n".join(block.shown for block in blocks[first : last + 1])
            yield self._unit(blocks[first], "run", shown, (blocks[first].part.start, blocks[last].part.end))


def _is_front_matter(raw: str) -> bool:
    lines = raw.strip("-\n ").split("\n")
    keys = sum(_KEY.match(line) is not None for line in lines)
    return raw.startswith("---\n") or (len(lines) > 1 and keys >= 0.6 * len(lines))


def _row_text(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{column}: {cell}" if column else cell for column, cell in pairs)


def _says(text: str) -> bool:
    return sum(c.isalnum() for c in text) >= 3
