"""HTML: what a reader of the page would see, block by block. Parsed by BeautifulSoup on lxml, walked without recursion."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bs4 import BeautifulSoup, Comment, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PreformattedString

from ragcli.datatypes import Document
from ragcli.loaders.decoding import clean, decode
from ragcli.loaders.navigation import LISTS, is_contents, is_hidden, said_by
from ragcli.loaders.structure import TextBuilder
from ragcli.text.tables import names_columns

_INVISIBLE = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "head",
        "select",
        "button",
        "input",
        "form",
        "nav",
        "menu",
        "canvas",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_REPEATED = 80  # characters of the longest cell that is said again in each row that it reaches over
_HEADING = re.compile(r"h[1-6]$")
_META = {
    "author": "author", "article:author": "author", "dc.creator": "author", "date": "created", "dc.date": "created",
    "article:published_time": "created", "article:modified_time": "modified", "last-modified": "modified",
    "description": "description",
}  # fmt: skip
_SPACES = re.compile(r"\s+")


class HtmlLoader:
    """One HTML page. Scripts, styles, navigation, forms and hidden elements are left out, and tables of contents where
    there is other text."""

    def load(self, data: bytes, path: Path) -> Document:
        soup = parse_html(data)
        builder = TextBuilder()
        with builder.keep_what_was_read():
            add_html(builder, soup)
        if all(block.kind == "heading" for block in builder.blocks):
            builder = TextBuilder()
            with builder.keep_what_was_read():
                add_html(builder, soup, contents=True)
        title = soup.title.get_text() if soup.title else ""
        return builder.document(path, "html", clean(title).strip(), _metadata(soup))


def _metadata(soup: BeautifulSoup) -> dict[str, str]:
    """What the page declares of itself, in the vocabularies that are in use."""
    found: dict[str, str] = {}
    for tag in soup.find_all("meta", limit=200):
        key = _META.get(str(tag.get("name") or tag.get("property") or "").lower())
        value = clean(str(tag.get("content") or "")).strip()
        if key and value:
            found.setdefault(key, value)
    return found


def parse_html(data: bytes) -> BeautifulSoup:
    """Parse `data`; the declared encoding is honoured, then UTF-8, then a guess."""
    declared = b"charset=" in data[:2048].lower() and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML reads well as HTML
        return BeautifulSoup(_redeclared(data) if declared else decode(data), "lxml")


def _redeclared(data: bytes) -> bytes | str:
    """Text for what is UTF-8 whatever it declares (other encodings hardly ever happen to be), bytes for the rest."""
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        return data


def add_html(builder: TextBuilder, soup: BeautifulSoup, *, contents: bool = False) -> None:
    """Append the visible blocks of `soup` to `builder`; the one <main>, where there is one, stands for the page. `contents`
    appends tables of contents as well."""
    mains = soup.find_all("main")
    root = mains[0] if len(mains) == 1 else (soup.body or soup)
    _Walker(builder, contents=contents).walk(root)


class _Walker:
    """Depth-first over the tree with its own stack, so that depth costs no Python frames."""

    def __init__(self, builder: TextBuilder, *, contents: bool) -> None:
        self._builder = builder
        self._contents = contents
        self._inline: list[str] = []
        self._prefix = ""
        self._terms: list[str] = []  # of a definition list, that wait for what defines them
        self._in_term = False

    def walk(self, root: Tag) -> None:
        stack: list[tuple[object, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if isinstance(node, NavigableString):
                self._text(node)
            elif isinstance(node, Tag) and leaving:
                self._leave(node)
            elif isinstance(node, Tag) and self._enter(node):
                if node.name in _BLOCKS:
                    stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.contents))
        self._flush()
        self._name_terms()

    def _leave(self, tag: Tag) -> None:
        self._flush()
        if tag.name == "dt":
            self._in_term = False
        elif tag.name in ("dd", "dl"):
            self._name_terms()

    def _enter(self, tag: Tag) -> bool:
        """Handle `tag` as a whole, or start its block and return True to visit its children."""
        if tag.name in _INVISIBLE or is_hidden(tag) or (not self._contents and is_contents(tag)):
            return False
        if tag.name == "br":
            self._inline.append("\n")
        elif _HEADING.match(tag.name):
            self._flush()
            self._name_terms()
            self._builder.add_heading(int(tag.name[1]), _squeeze(" ".join(said_by(tag))))
        elif tag.name == "pre":
            self._flush()
            self._name_terms()
            self._builder.add(clean(tag.get_text()), "code")
        elif tag.name == "table":
            self._flush()
            self._name_terms()
            self._builder.add(_table(tag), "table")
        else:
            if tag.name in _BLOCKS:
                self._flush()
                self._open_item(tag)
            return True
        return False

    def _open_item(self, tag: Tag) -> None:
        """Begin the item of a list, or the term of a definition list, where `tag` is one."""
        if tag.name == "li":
            self._name_terms()
        if tag.name == "dt":
            self._in_term = True
        if tag.name in ("li", "dt"):
            depth = sum(above.name in LISTS for above in islice(tag.parents, 60))
            self._prefix = f"{'  ' * (depth - 1)}- "

    def _text(self, node: NavigableString) -> None:
        if not isinstance(node, (Comment, PreformattedString)):
            self._inline.append(_SPACES.sub(" ", clean(str(node))))

    def _flush(self) -> None:
        lines = (_SPACES.sub(" ", line).strip() for line in "".join(self._inline).split("\n"))
        text = "\n".join(line for line in lines if line)
        self._inline.clear()
        if text and self._in_term:
            self._terms.append(text)
        elif text:
            self._add_item(f"{_named(self._terms)} {text}" if self._terms else text)

    def _name_terms(self) -> None:
        """Add the terms that nothing directly behind them defines in words, such as those above a list or code."""
        if self._terms:
            self._add_item(_named(self._terms))

    def _add_item(self, text: str) -> None:
        self._builder.add_line(self._prefix, text)
        self._prefix = ""
        self._terms.clear()


def _named(terms: list[str]) -> str:
    """The terms before what defines them: "a, b:"."""
    joined = ", ".join(terms)
    return joined if joined.endswith((":", "?")) else f"{joined}:"


def _squeeze(text: str) -> str:
    return _SPACES.sub(" ", clean(text)).strip()


def _table(table: Tag) -> str:
    """Rows as lines, cells separated by ` | `. What a cell over several rows says is said in each of them, as far as it is
    short, and so is a header over several columns; a line of dashes follows a first row of headers that could be taken for
    data."""
    lines: list[str] = []
    for cells, headed in _grid(table):
        if any(cells):
            line = " | ".join(cells)
            lines.append(line if cells[0] and cells[-1] else f"| {line} |")  # an empty cell at either end counts too
            if headed and len(lines) == 1 and len(cells) > 1 and not names_columns(cells):
                lines.append(" | ".join("---" for _ in cells))
    return "\n".join(lines) or _squeeze(table.get_text(" "))


def _grid(table: Tag) -> Iterator[tuple[list[str], bool]]:
    """The cells of each row, and whether all of them are headers."""
    reaching: dict[int, tuple[int, str]] = {}  # column → rows that a cell from above still fills, and its words
    for row in table.find_all("tr"):
        own = row.find_all(["td", "th"], recursive=False)
        headed = all(cell.name == "th" for cell in own)
        waiting = [
            (_squeeze(cell.get_text(" ")), _span(cell, "colspan") if headed else 1, _span(cell, "rowspan"))
            for cell in own
        ]
        cells: list[str] = []
        while waiting or len(cells) in reaching:
            begin = len(cells)
            left, words = reaching.pop(begin, (0, ""))
            if left:
                cells.append(words)
            else:
                text, wide, left = waiting.pop(0)
                cells += [text] * wide
                words = text if len(text) <= _REPEATED else ""
            if left > 1:
                reaching.update(dict.fromkeys(range(begin, len(cells)), (left - 1, words)))
        yield cells, headed


def _span(cell: Tag, name: str) -> int:
    """Rows or columns of a cell, at most 20: a page may declare any number."""
    value = str(cell.get(name) or "")
    return min(20, max(1, int(value))) if value.isdecimal() and len(value) < 6 else 1
