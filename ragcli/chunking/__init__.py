"""Documents → Chunks."""

from __future__ import annotations

from ragcli.errors import SettingsError
from ragcli.protocols import Chunker, TokenCounter

STRATEGIES = ("structure", "document")


def get_chunker(strategy: str, max_tokens: int, counter: TokenCounter) -> Chunker:
    """The chunker of that name; `max_tokens` counts header and text in the embedder's own tokens."""
    match strategy:
        case "structure":
            from ragcli.chunking.structure import StructureChunker

            return StructureChunker(counter, max_tokens)
        case "document":
            from ragcli.chunking.whole import WholeDocumentChunker

            return WholeDocumentChunker(counter)
        case _:
            raise SettingsError(f"unknown chunker {strategy!r}", hint=f"use one of: {', '.join(STRATEGIES)}")
