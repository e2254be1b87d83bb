"""Packing units into chunks: what every strategy shares.

A unit is what a strategy does not want to cut: a sentence, an item, a row, a line of code, a word. It is cut only when it alone
exceeds the limit, and then at white space where there is any. Units are packed in order, and a new chunk begins when the next
unit would exceed `max_tokens` (header included), or ten characters for each of them, and where the strategy says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ragcli.chunking.assembly import Assembler, header_of
from ragcli.datatypes import HEADER_SEPARATOR, Chunk, Document, Section
from ragcli.protocols import TokenCounter
from ragcli.text.sentences import trim

_COUNTED_TOGETHER = 1_000  # units; a tokenizer's results are large
_CHARS_PER_TOKEN = 10  # a unit longer than this many characters per token of budget is cut before it is counted


@dataclass(slots=True)
class Unit:
    """A stretch of the text under its headings; `table_header` is the first row of the table whose later row this is."""

    start: int
    end: int
    headings: tuple[str, ...]
    opens_section: bool = False
    table_header: str = ""
    tokens: int = 0


@dataclass(slots=True)
class Draft:
    """Units that will become one chunk."""

    units: list[Unit] = field(default_factory=list)
    tokens: int = 0

    def header_key(self) -> tuple[tuple[str, ...], str]:
        """The section path that all units share, and the first row of their table if all are later rows of one."""
        paths = {unit.headings for unit in self.units}
        first = next(iter(paths))
        shared = 0
        while all(len(path) > shared and path[shared] == first[shared] for path in paths):
            shared += 1
        rows = {unit.table_header for unit in self.units}
        return first[:shared], rows.pop() if len(rows) == 1 else ""

    def sections(self) -> tuple[Section, ...]:
        """Where each section begins, if there is more than one."""
        begins = [
            Section(unit.start, unit.headings)
            for i, unit in enumerate(self.units)
            if i == 0 or unit.headings != self.units[i - 1].headings
        ]
        return tuple(begins) if len(begins) > 1 else ()


Breaks = Callable[[Draft, Unit], bool]


class PackingChunker:
    """Chunks of at most `max_tokens` tokens, header included. Deterministic: the same document gives the same chunks.

    A strategy gives `units`, in document order, which cover every character that is not white space, and `breaks`, which says
    where a chunk has to begin for other reasons than its size.
    """

    def __init__(
        self,
        counter: TokenCounter,
        max_tokens: int,
        parameters: Mapping[str, object],
        units: Callable[[Document], Sequence[Unit]],
        breaks: Callable[[Document, Sequence[Unit]], Breaks],
    ) -> None:
        if max_tokens < 16:
            raise ValueError(f"max_tokens must be at least 16, got {max_tokens}")
        self._counter = counter
        self._max = max_tokens
        self._max_header = max_tokens // 3
        self._units = units
        self._breaks = breaks
        self.parameters = {**parameters, "max_tokens": max_tokens}

    def split(self, document: Document) -> list[Chunk]:
        headers = _Headers(document, self._counter, self._max_header)
        units = self._count(document, list(self._units(document)), headers)
        drafts = list(self._pack(units, headers, self._breaks(document, units)))
        return self._assemble(document, drafts, headers)

    def _count(self, document: Document, units: list[Unit], headers: _Headers) -> list[Unit]:
        """Units with their token counts, those over the budget cut until they fit."""
        counted = [piece for unit in units for piece in self._precut(document, unit)]
        fresh = counted
        while fresh:
            for i in range(0, len(fresh), _COUNTED_TOGETHER):
                part = fresh[i : i + _COUNTED_TOGETHER]
                counts = self._counter.count_tokens([document.text[unit.start : unit.end] for unit in part])
                for unit, count in zip(part, counts, strict=True):
                    unit.tokens = count
            pieces: list[Unit] = []
            fresh = []
            for unit in counted:
                over = unit.tokens > self._max - headers.tokens(unit.headings, unit.table_header)
                if over and unit.end - unit.start > 1:
                    halves = _halves(document.text, unit)
                    pieces.extend(halves)
                    fresh.extend(halves)
                else:
                    pieces.append(unit)
            counted = pieces
        return counted

    def _precut(self, document: Document, unit: Unit) -> Iterator[Unit]:
        limit = self._max * _CHARS_PER_TOKEN
        while unit.end - unit.start > limit:
            cut = _cut_near(document.text, unit.start, unit.end, unit.start + limit)
            first, rest = _split_at(document.text, unit, cut)
            yield from first
            if not rest:
                return
            unit = rest[0]
        yield unit

    def _pack(self, units: list[Unit], headers: _Headers, breaks: Breaks) -> Iterator[Draft]:
        draft = Draft()
        for unit in units:
            if draft.units and (breaks(draft, unit) or self._is_full(draft, unit, headers)):
                yield draft
                draft = Draft()
            draft.units.append(unit)
            draft.tokens += unit.tokens
        if draft.units:
            yield draft

    def _is_full(self, draft: Draft, unit: Unit, headers: _Headers) -> bool:
        if unit.end - draft.units[0].start > self._max * _CHARS_PER_TOKEN:
            return True  # a tokenizer may count an endless word as one unknown token
        joined = Draft([*draft.units, unit])
        return draft.tokens + unit.tokens + headers.tokens(*joined.header_key()) > self._max

    def _assemble(self, document: Document, drafts: list[Draft], headers: _Headers) -> list[Chunk]:
        assembler, chunks = Assembler(document), []
        for i, draft in enumerate(drafts):
            start, end = draft.units[0].start, draft.units[-1].end
            following = drafts[i + 1].units[0].start if i + 1 < len(drafts) else len(document.text)
            headings, row = draft.header_key()
            header = headers.text(headings, row)
            tokens = sum(self._counter.count_tokens([header, document.text[start:end]]))
            sections = draft.sections()
            chunks.append(assembler.chunk(i, start, end, following, headings, header, tokens, sections))
        return chunks


class _Headers:
    """Headers of a document's sections, none longer than `limit` tokens."""

    def __init__(self, document: Document, counter: TokenCounter, limit: int) -> None:
        self._document = document
        self._counter = counter
        self._limit = limit
        self._cache: dict[tuple[tuple[str, ...], str], tuple[str, int]] = {}

    def text(self, headings: tuple[str, ...], table_header: str) -> str:
        return self._get(headings, table_header)[0]

    def tokens(self, headings: tuple[str, ...], table_header: str) -> int:
        return self._get(headings, table_header)[1]

    def _get(self, headings: tuple[str, ...], table_header: str) -> tuple[str, int]:
        key = (headings, table_header)
        if key not in self._cache:
            self._cache[key] = self._fit(headings, table_header)
        return self._cache[key]

    def _fit(self, headings: tuple[str, ...], table_header: str) -> tuple[str, int]:
        """The fullest header within the limit: the table's first row is given up first, then words from the left."""
        longest = self._limit * _CHARS_PER_TOKEN
        for row in (table_header, ""):
            text = HEADER_SEPARATOR.join(part for part in (header_of(self._document, headings), row) if part)
            if len(text) > longest:
                text = text[-longest:]
                continue
            count = self._counter.count_tokens([text])[0]
            if count <= self._limit:
                return text, count
        count = self._counter.count_tokens([text])[0]
        words = text.split()
        while count > self._limit and len(words) > 1:
            words = words[max(1, len(words) // 8) :]
            text = " ".join(words)
            count = self._counter.count_tokens([text])[0]
        return (text, count) if count <= self._limit else ("", 0)


def _halves(text: str, unit: Unit) -> list[Unit]:
    first, rest = _split_at(text, unit, _cut_near(text, unit.start, unit.end, (unit.start + unit.end) // 2))
    return first + rest


def _cut_near(text: str, start: int, end: int, target: int) -> int:
    """A position strictly inside (start, end): white space at or before `target` if there is any in the last half."""
    space = max(
        text.rfind(" ", start + (target - start) // 2, target), text.rfind("\n", start + (target - start) // 2, target)
    )
    cut = space + 1 if space >= 0 else target
    return min(max(cut, start + 1), end - 1)


def _split_at(text: str, unit: Unit, cut: int) -> tuple[list[Unit], list[Unit]]:
    first, rest = trim(text, unit.start, cut), trim(text, cut, unit.end)
    return (
        [Unit(*first, unit.headings, unit.opens_section, unit.table_header)] if first else [],
        [Unit(*rest, unit.headings, unit.opens_section and not first, unit.table_header)] if rest else [],
    )
