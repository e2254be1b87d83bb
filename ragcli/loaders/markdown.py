"""Markdown: the text is the file; a CommonMark parser says where headings, paragraphs, lists, code and tables lie."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ragcli.datatypes import Block, BlockKind, Document
from ragcli.loaders.decoding import decode
from ragcli.loaders.limits import spend
from ragcli.loaders.structure import HeadingPath, line_starts, make_document

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,65536}?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_ATTRIBUTES = re.compile(r"\s*\{[^{}]*\}\s*$")  # "Title { #anchor }", as several site generators write it
_HTML_TABLE = re.compile(r"<table\b[^>]*>", re.IGNORECASE)
_HTML_END = re.compile(r"</table\s*>", re.IGNORECASE)
_KINDS: dict[str, BlockKind] = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
}


class MarkdownLoader:
    """CommonMark with tables. Front matter is kept as text and gives title and metadata; without a title in it, the first
    heading is the title."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        spend(len(text))
        front = _FRONT_MATTER.match(text)
        body_start = front.end() if front else 0
        blocks, first_heading = _blocks(text, body_start)
        metadata: dict[str, str] = {}
        if front:
            blocks.insert(0, Block(0, body_start, "code"))
            from ragcli.loaders.frontmatter import declared

            metadata = declared(front.group(1))
        title = metadata.pop("title", "") or first_heading
        return make_document(path, "markdown", text, blocks, title=title, has_lines=True, metadata=metadata)


def _blocks(text: str, body_start: int) -> tuple[list[Block], str]:
    body = text[body_start:]
    starts = [body_start + offset for offset in line_starts(body)]
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    headings, blocks, first_heading, covered = HeadingPath(), list[Block](), "", body_start
    for i, token in enumerate(tokens):
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        start, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        if text[covered:start].strip():  # link definitions leave no token
            blocks.append(Block(covered, start, "paragraph", headings.titles))
        if token.type == "heading_open":
            title = _plain(tokens[i + 1])
            headings.enter(int(token.tag[1]), title)
            first_heading = first_heading or title
        blocks.append(Block(start, end, _KINDS.get(token.type, "paragraph"), headings.titles))
        covered = max(covered, end)
    if text[covered:].strip():
        blocks.append(Block(covered, len(text), "paragraph", headings.titles))
    return _tables_apart(text, blocks), first_heading


def _tables_apart(text: str, blocks: list[Block]) -> list[Block]:
    """The blocks, with those in which HTML tables stand cut where a table begins and ends. An empty line in a table ends a
    block of the parser, so that a table may reach over several."""
    apart: list[Block] = []
    covered = 0
    for block in blocks:
        start = max(block.start, min(covered, block.end))
        while block.kind in ("paragraph", "heading") and (begin := _HTML_TABLE.search(text, start, block.end)):
            stop = _HTML_END.search(text, begin.end())
            if not stop:
                break
            covered = stop.end()
            apart.append(replace(block, start=start, end=begin.start()))
            apart.append(Block(begin.start(), covered, "table", block.headings))
            start = min(covered, block.end)
        apart.append(replace(block, start=start))
    return [block for block in apart if block.start < block.end]


def _plain(inline: Token) -> str:
    text = "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))
    return _ATTRIBUTES.sub("", text)
