"""reStructuredText, Org and AsciiDoc: the text is the file; section titles are found, the rest is paragraphs and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ragcli.datatypes import Block, BlockKind, Document
from ragcli.loaders.decoding import decode
from ragcli.loaders.limits import spend
from ragcli.loaders.plain import is_list_item
from ragcli.loaders.structure import HeadingPath, Title, make_document

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_ORG = re.compile(r"^(\*+)[ \t]+(\S[^\n]*)$", re.MULTILINE)
_ORG_STATE = re.compile(r"^(?:TODO|DONE)[ \t]+")
_ORG_TAGS = re.compile(r"[ \t]:[\w@:]+:$")
_ORG_TITLE = re.compile(r"^#\+title:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)
_ASCIIDOC = re.compile(r"^(={1,6})[ \t]+(\S[^\n]*)$", re.MULTILINE)
_RST = re.compile(
    r"^(?:(?P<over>([!-/:-@[-`{-~])\2{2,})[ \t]*\n[ \t]*(?P<title>\S[^\n]*)\n(?P<under>\2{3,})[ \t]*$"
    r"|(?P<plain>\S[^\n]*)\n(?P<line>([!-/:-@[-`{-~])\7{2,})[ \t]*$)",
    re.MULTILINE,
)


class RstLoader:
    """reStructuredText. Nothing is included or run; directives are kept as they stand."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        return _document(path, "rst", text, list(_rst_titles(text)))


class OrgLoader:
    """Emacs Org."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        titles = [Title(m.start(), m.end(), len(m.group(1)), _org_words(m.group(2))) for m in _ORG.finditer(text)]
        declared = _ORG_TITLE.search(text)
        return _document(path, "org", text, titles, declared.group(1) if declared else "")


def _org_words(line: str) -> str:
    """A headline without its state and its tags."""
    return _ORG_TAGS.sub("", _ORG_STATE.sub("", line.rstrip(), count=1)).rstrip()


class AsciiDocLoader:
    """AsciiDoc."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        titles = [
            Title(m.start(), m.end(), len(m.group(1)), m.group(2).rstrip("= \t")) for m in _ASCIIDOC.finditer(text)
        ]
        return _document(path, "asciidoc", text, titles)


def _rst_titles(text: str) -> Iterator[Title]:
    """Levels in the order in which the styles of underlining appear, as the specification has it."""
    styles: list[tuple[str, bool]] = []
    for match in _RST.finditer(text):
        line = match.group("under") or match.group("line")
        words = (match.group("title") or match.group("plain")).strip()
        if len(line) < len(words) or not re.search(r"\w", words):
            continue  # too short to underline, or a table's border
        style = (line[0], match.group("over") is not None)
        if style not in styles:
            styles.append(style)
        yield Title(match.start(), match.end(), styles.index(style) + 1, words)


def _document(path: Path, type_: str, text: str, titles: list[Title], declared: str = "") -> Document:
    spend(len(text))
    headings, blocks, position = HeadingPath(), list[Block](), 0
    for title in titles:
        blocks += _blocks(text, position, title.start, headings.titles)
        headings.enter(title.level, title.words)
        blocks.append(Block(title.start, title.end, "heading", headings.titles))
        position = title.end
    blocks += _blocks(text, position, len(text), headings.titles)
    first = titles[0].words if titles else ""
    return make_document(path, type_, text, blocks, title=declared or first, has_lines=True)


def _blocks(text: str, start: int, end: int, headings: tuple[str, ...]) -> Iterator[Block]:
    for match in _PARAGRAPH.finditer(text, start, end):
        words = match.group()
        indented = words[0] in " \t"
        kind: BlockKind = "paragraph"
        if is_list_item(words):
            kind = "list"
        elif indented or words.startswith((".. ", "#+", "+--", "|")):
            kind = "code"
        yield Block(match.start(), match.end(), kind, headings)
