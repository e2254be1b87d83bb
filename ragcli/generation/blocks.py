"""The blocks of a hit with what governs them: section, lead-in, the question above, the columns of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from textwrap import dedent

from ragcli.generation.citations import headings_at
from ragcli.results import Hit
from ragcli.text import rst
from ragcli.text.items import defined, has_mark, item_spans
from ragcli.text.layout import Part, indentation, parts_of
from ragcli.text.readable import readable
from ragcli.text.sentences import sentence_spans
from ragcli.text.tables import DELIMITED, SHEETS, cells, grid_rows, html_rows, is_html, is_separator, names_columns
from ragcli.text.titles import is_contents

LONGEST_LEAD = 240  # characters of what leads in
_MARKUP = re.compile(r"[-=|:*`~_#+^ \t\n]*")
_KEY = re.compile(r"[\w-]+:(?: |$)|[ \t]*-[ \t]")
_ABOUT = re.compile(
    r"[ \t]*(?:status|version|url|authors?|date|tags?|layout|title|last updated|home-?page)[ \t]*:", re.IGNORECASE
)
_LABEL = re.compile(r"[*_]{0,2}[^\n.!?:;|]{2,70}[*_]{0,2}")
_ENDS = re.compile(r"[.!?…]\W*$|:/*$")
ANNOUNCES = re.compile(  # a sentence that says nothing without the list or code after it
    r"\b(?:following|as follows|below(?! (?:the|a|an|this|that|its|zero|\d))|folgende\w*|suivante?s?|siguientes?)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:(?:these|those|diese)(?=(?:\s+[\w-]+){0,3}\W*$)|here (?:is|are)|(?<!if )there are|"
    r"covers?|includes?|consists?|contains?|requires?|needs?|mehrere|"
    r"(?:two|three|four|five|six|seven|eight|nine|ten|[2-9]|several|various|certain|some|many|few)\s+(?:[\w-]+\s+){0,3}[\w-]+s)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|never|no|except|excludes?|only|nicht|nie|kein\w*)\b|n['’]t\b", re.IGNORECASE)
_POINTING, _DENYING = 160, 50  # characters of the longest sentence that points at a list by such words
_TITLE = re.compile(
    r"(?!(?i:note|tip|hint|warning|important|caution|danger|info)$)(?=[^\W\d_])[^a-z][^\n\d,.:;?!<>()\[\]{}@/&|]{1,40}"
)
_TITLE_WORDS = 5
_REACH = 1500  # characters that such a line governs
_NUMBERED = re.compile(r"^([ \t]*)#\.(?=[ \t])", re.MULTILINE)  # an item whose number reStructuredText counts
_PICTURE = re.compile(r"\s*(?:!\[|/{3}|\[\^|\{)")


@dataclass(frozen=True, slots=True)
class GovernedBlock:
    """A block with what governs it. `names` says that it only names or announces what follows; `announces` is the sentence
    of it, if any, that says nothing without the list below."""

    part: Part
    shown: str
    headings: tuple[str, ...]
    lead: tuple[int, int] | None
    names: bool
    announces: tuple[int, int] | None = None
    label: str = ""  # the short line above that still governs it, though other blocks stand between them


class BlockReader:
    """Reads one hit, with its surroundings, block by block. Offsets are in the text of the passage."""

    def __init__(self, hit: Hit) -> None:
        self.hit = hit
        self.text = hit.whole.text
        self.base = hit.whole.span.start
        self.type = hit.whole.document.type
        self._parts = parts_of(self.text, self.base, hit.whole.blocks, self.type)

    def blocks(self) -> Iterator[GovernedBlock]:
        """The blocks in order, without headings, front matter and markup without words. A short line by itself ("Exceptions")
        governs what stands below it until the next such line or the end of the section, as far as it reaches."""
        section: tuple[str, ...] | None = None
        label, begin = "", 0
        for block in self._led_blocks():
            if block.headings != section:
                section, label = block.headings, ""
            if block.names:
                label, begin = _title_by_place(self.text[block.part.start : block.part.end]), block.part.end
                label = "" if label in block.headings else label
            governed = label and block.lead is None and not block.names and block.part.start < begin + _REACH
            yield replace(block, label=label) if governed else block

    def _led_blocks(self) -> Iterator[GovernedBlock]:
        lead: tuple[int, int] | None = None
        asked: tuple[int, int] | None = None
        section: tuple[str, ...] | None = None
        for part, below in zip_longest(self._parts, self._parts[1:]):
            raw = self.text[part.start : part.end]
            headings = headings_at(self.hit, self.base + part.start)
            if part.kind == "heading" or headings != section:
                lead = asked = None
                section = headings
            if part.kind == "heading" or self._is_noise(part, raw):
                continue
            shown = self._shown(part)
            names = self._names(part, shown)
            leading = self._leads_to_list(part, below) if below and not names else None
            yield GovernedBlock(
                part, shown, headings, lead or asked, names, leading if self._is_empty(leading) else None
            )
            if names and shown.rstrip("*_ ").endswith("?"):
                lead, asked = None, (part.start, part.end)
            elif part.kind in ("paragraph", "list") and shown.rstrip("*_` ").endswith(":"):
                last = sentence_spans(self.text, part.start, part.end)[-1]
                lead = last if last[1] - last[0] <= LONGEST_LEAD else None
            else:
                lead = (part.start, part.end) if names else leading
            if lead and headings and self.text[slice(*lead)].strip("*_ ") == headings[-1]:
                lead = None  # the line of the section's own title

    def _leads_to_list(self, part: Part, below: Part) -> tuple[int, int] | None:
        """The last sentence of a paragraph that stands directly above a list of several items, if it points at them: it does
        not end as a sentence does, or a word of it points. A title alone on the last line leads by itself."""
        if part.kind != "paragraph" or below.kind != "list" or self.text.count("\n", part.end, below.start) > 2:
            return None
        if len(item_spans(self.text, below.start, below.end)) < 2 or _PICTURE.match(self.text, part.start):
            return None
        start, end = sentence_spans(self.text, part.start, part.end)[-1]
        said = self.text[start:end]
        last = said.rpartition("\n")[2]
        if last != said and last[:1].isupper() and _LABEL.fullmatch(last):
            start, said = end - len(last), last  # a title below other lines, as the text of a PDF has it
        if end - start > LONGEST_LEAD or len(said.split()) < 2 or any(mark in said for mark in ("://", "|", "....")):
            return None
        return (start, end) if self._is_empty((start, end)) or _points(said) else None

    def _is_empty(self, leading: tuple[int, int] | None) -> bool:
        """Whether a sentence that leads in to a list says nothing without it."""
        said = self.text[slice(*leading)] if leading else "."
        return not _ENDS.search(said) or ANNOUNCES.search(said) is not None

    def _is_noise(self, part: Part, raw: str) -> bool:
        """Front matter, tables of contents, rules and other markup without words."""
        if self.type == "markdown" and part.start + self.base < 8 and _is_front_matter(raw):
            return True
        if part.kind in ("paragraph", "list", "table") and is_contents(raw):
            return True
        if part.start + self.base < 400 and all(_ABOUT.match(line) for line in raw.split("\n")):
            return True
        if self.type == "rst" and rst.is_markup(raw):
            return True
        return _MARKUP.fullmatch(raw) is not None or not any(c.isalnum() for c in raw)

    def _names(self, part: Part, shown: str) -> bool:
        """Whether the block is a question, or a short line that only names what follows."""
        if part.kind not in ("paragraph", "list"):
            return False
        plain = shown.rstrip("*_ ")
        if plain.endswith("?") and len(plain) < 200:
            return True
        follows = self.text[part.end : part.end + 2] == "\n\n" or self.text[part.end : part.end + 1] == "\n"
        return part.kind == "paragraph" and follows and _LABEL.fullmatch(shown) is not None and len(shown.split()) <= 8

    def _shown(self, part: Part) -> str:
        raw = self.text[part.start : part.end]
        if part.kind == "code":
            return dedent(indentation(self.text, part.start) + raw.lstrip(" \t"))
        if part.kind == "list":
            return "\n".join(self.item(*span) for span in item_spans(self.text, part.start, part.end))
        if part.kind == "table":
            return "\n".join(row_text(pairs) for _, _, pairs in self.rows(part)) or readable(raw, self.type)
        return readable(raw, self.type)

    def item(self, start: int, end: int) -> str:
        """An item on one line, what is nested in it on lines of its own."""
        head, *nested = _NUMBERED.sub(r"\1-", defined(self.text[start:end])).split("\n")
        lines, apart = [head.strip()], False
        for line in nested:
            below = apart and len(lines) > 1 and bool(line.strip())  # a paragraph after the list inside the item
            if has_mark(line) or below:
                lines.append("  " + line.strip())
            else:
                lines[-1] += " " + line.strip()
            apart = not line.strip()
        return "\n".join(
            ("  " if line.startswith("  ") else "") + readable(line, self.type) for line in lines if line.strip()
        )

    def rows(self, part: Part) -> Iterator[tuple[int, int, tuple[tuple[str, str], ...]]]:
        """(start, end, pairs of column and cell) of the rows below the header."""
        if self.text.startswith("+-", part.start):
            yield from ((s, e, pairs) for s, e, pairs in grid_rows(self.text, part.start, part.end))
            return
        if is_html(self.text, part.start):
            yield from self._html_rows(part)
            return
        delimited = self.type in DELIMITED
        lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]*\S[^\n]*", self.text[part.start : part.end])]
        read = [
            (part.start + s, part.start + e, cells(self.text[part.start + s : part.start + e], delimited=delimited))
            for s, e in lines
        ]
        read = [(s, e, found) for s, e, found in read if not is_separator(self.text[s:e])]
        header: list[str] = []
        if self._begins_later(part):
            header = cells(self.hit.whole.columns, delimited=delimited) if self.hit.whole.columns else []
        elif self._has_rule(part) or (len(read) > 1 and names_columns(read[0][2])):
            header, read = read[0][2], read[1:]
        for start, end, found in read:
            fits = len(header) == len(found) or (self.type in SHEETS and len(header) > len(found))
            columns = header[: len(found)] if fits else [""] * len(found)
            pairs = tuple((self._cell(c), self._cell(v)) for c, v in zip(columns, found, strict=True) if v)
            if pairs:
                yield start, end, pairs

    def _cell(self, text: str) -> str:
        return readable(text, self.type).replace("\\|", "|")

    def _html_rows(self, part: Part) -> Iterator[tuple[int, int, tuple[tuple[str, str], ...]]]:
        """Those of an HTML table; the last row of headers before a row names its columns."""
        header = cells(self.hit.whole.columns) if self._begins_later(part) and self.hit.whole.columns else []
        for start, end, found, is_header in html_rows(self.text, part.start, part.end):
            if is_header:
                header = found
                continue
            columns = header if len(header) == len(found) else [""] * len(found)
            pairs = tuple((column, cell) for column, cell in zip(columns, found, strict=True) if cell)
            yield start, end, pairs

    def _begins_later(self, part: Part) -> bool:
        """Whether the table begins before the passage."""
        return part.start == 0 and any(e.start < self.base < e.end and e.kind == "table" for e in self.hit.whole.blocks)

    def _has_rule(self, part: Part) -> bool:
        lines = self.text[part.start : part.end].split("\n", 2)
        return len(lines) > 1 and is_separator(lines[1])


def _title_by_place(raw: str) -> str:
    """The words of a line that reads as a title, though nothing marks it as one; empty for others, such as running titles."""
    words = raw.strip("*_ \t")
    return words if _TITLE.fullmatch(words) and len(words.split()) <= _TITLE_WORDS else ""


def _points(said: str) -> bool:
    """Whether a whole sentence points at things that it does not name itself."""
    return (len(said) <= _POINTING and _POINTS.search(said) is not None) or (
        len(said) <= _DENYING and _DENIES.search(said) is not None
    )


def _is_front_matter(raw: str) -> bool:
    lines = raw.strip("-\n ").split("\n")
    keys = sum(_KEY.match(line) is not None for line in lines)
    return raw.startswith("---\n") or (len(lines) > 1 and keys >= 0.6 * len(lines))


def row_text(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{column}: {cell}" if column else cell for column, cell in pairs)
