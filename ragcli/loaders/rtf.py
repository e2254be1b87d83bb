"""RTF through striprtf: paragraphs, and tables as rows."""

from __future__ import annotations

import re
from pathlib import Path

from ragcli.datatypes import Block, Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.limits import spend
from ragcli.loaders.structure import make_document

_TITLE = re.compile(r"\{\\title ([^{}\\]{1,300})\}")
_AUTHOR = re.compile(r"\{\\author ([^{}\\]{1,300})\}")
_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n|\Z)")


class RtfLoader:
    """Rich Text Format. Cells are separated by ` | `; pictures, embedded objects and field instructions are left out."""

    def load(self, data: bytes, path: Path) -> Document:
        from striprtf.striprtf import rtf_to_text

        source = data.decode("latin-1")
        try:
            text = clean(rtf_to_text(source, errors="replace"))  # type: ignore[no-untyped-call]
        except (ValueError, IndexError, LookupError) as error:
            raise LoadError(f"not a readable RTF file ({type(error).__name__})") from error
        spend(len(text))
        text = re.sub(r"\|(?=\S|$)", " | ", text)
        blocks = [
            Block(m.start(), m.end(), "table" if m.group().count(" | ") > 1 else "paragraph")
            for m in _PARAGRAPH.finditer(text)
        ]
        title, author = _TITLE.search(source[:20_000]), _AUTHOR.search(source[:20_000])
        metadata = {"author": author.group(1)} if author else {}
        return make_document(path, "rtf", text, blocks, title=title.group(1) if title else "", metadata=metadata)
