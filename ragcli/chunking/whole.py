"""One chunk per document, whatever its length. For collections of abstracts, and for comparing with published figures,
which embed whole documents and let the model cut them."""

from __future__ import annotations

from collections.abc import Mapping

from ragcli.chunking.assembly import Assembler
from ragcli.datatypes import Chunk, Document
from ragcli.protocols import TokenCounter


class WholeDocumentChunker:
    """The document is the chunk. What exceeds the model's window is not embedded; `rag stats` counts such chunks."""

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter

    @property
    def parameters(self) -> Mapping[str, object]:
        return {"strategy": "document"}

    def split(self, document: Document) -> list[Chunk]:
        start, end = document.blocks[0].start, document.blocks[-1].end
        header = document.title
        tokens = sum(self._counter.count_tokens([header, document.text[start:end]]))
        return [Assembler(document).chunk(0, start, end, len(document.text), (), header, tokens)]
