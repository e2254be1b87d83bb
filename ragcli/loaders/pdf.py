"""PDF through pypdf: text page by page, the outline as headings."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import Block, Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.structure import HeadingPath, make_document

if TYPE_CHECKING:
    from pypdf import PdfReader

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_ENDED = re.compile(r"[.!?:;…。！？][\"'”’)\]]*\s*$")
_GENERATED_TITLE = re.compile(
    r"^(untitled|microsoft word|\(?anonymous\)?|\(unspecified\)|.*\.(docx?|pdf|tex|indd))", re.IGNORECASE
)
MAX_PAGES = 5_000


class PdfLoader:
    """A PDF with a text layer. Encryption with an empty password is opened; any other is reported as encrypted."""

    def load(self, data: bytes, path: Path) -> Document:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # damage is reported by the error, once
        try:
            reader = PdfReader(io.BytesIO(data), strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise LoadError("encrypted")
            if len(reader.pages) > MAX_PAGES:
                raise LoadError(f"limit: more than {MAX_PAGES:,} pages")
            pages = [clean(page.extract_text()).rstrip() for page in reader.pages]
            outline = _outline(reader)
            title = clean(str(reader.metadata.title or "")) if reader.metadata else ""
        except LoadError:
            raise
        except PyPdfError as error:
            raise LoadError(f"not a readable PDF ({error})") from error
        except Exception as error:  # a damaged file makes pypdf raise errors of every kind
            raise LoadError(f"not a readable PDF ({type(error).__name__}: {error})") from error
        if not any(page.strip() for page in pages):
            raise LoadError("no text (scanned?)")
        text, starts = _join(pages)
        blocks = _blocks(text, starts, outline)
        if _GENERATED_TITLE.match(title):
            title = ""
        return make_document(path, "pdf", text, blocks, title=title, page_starts=tuple(starts))


def _join(pages: list[str]) -> tuple[str, list[int]]:
    """The pages with an empty line between them, or one line break where a sentence runs across."""
    parts, starts, length = list[str](), list[int](), 0
    for page in pages:
        if parts and page:
            separator = "\n\n" if _ENDED.search(parts[-1]) or not parts[-1] else "\n"
            parts.append(separator)
            length += len(separator)
        starts.append(length)
        parts.append(page)
        length += len(page)
    return "".join(parts), starts


def _outline(reader: PdfReader) -> list[tuple[int, int, str]]:
    """(page index, level from 1, title) of every bookmark that points at a page, in reading order."""
    entries: list[tuple[int, int, str]] = []
    try:
        stack: list[tuple[int, Any]] = [(1, item) for item in reversed(reader.outline)]
        while stack and len(entries) < 5_000:
            level, item = stack.pop()
            if isinstance(item, list):
                stack.extend((level + 1, child) for child in reversed(item))
                continue
            page = reader.get_destination_page_number(item)
            if page is not None and page >= 0 and item.title:
                entries.append((page, level, clean(str(item.title)).strip()))
    except Exception:
        return []  # an outline is a convenience; a broken one must not cost the text
    return sorted(entries, key=lambda entry: entry[0])


def _blocks(text: str, starts: list[int], outline: list[tuple[int, int, str]]) -> list[Block]:
    anchors = _heading_anchors(text, starts, outline)
    headings, blocks, upcoming = HeadingPath(), list[Block](), 0
    for match in _PARAGRAPH.finditer(text):
        position = match.start()
        cuts = [anchor for anchor in anchors[upcoming:] if anchor[0] < match.end()]
        for start, level, title in cuts:
            if start > position:
                blocks.append(Block(position, start, "paragraph", headings.titles))
                position = start
            headings.enter(level, title)
        upcoming += len(cuts)
        blocks.append(Block(position, match.end(), "paragraph", headings.titles))
    return blocks


def _heading_anchors(text: str, starts: list[int], outline: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """(offset, level, title): where the bookmark's title stands on its page, else where the page begins."""
    anchors = []
    for page, level, title in outline:
        start = starts[min(page, len(starts) - 1)]
        end = starts[page + 1] if page + 1 < len(starts) else len(text)
        pattern = r"\s+".join(re.escape(word) for word in title.split())
        found = re.search(rf"(?m)^[^\S\n]*(?:[\d.]+\s+)?{pattern}", text[start:end], re.IGNORECASE) if pattern else None
        anchors.append((start + found.start() if found else start, level, title))
    return sorted(anchors, key=lambda anchor: anchor[0])
