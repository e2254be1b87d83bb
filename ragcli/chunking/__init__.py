"""Documents → Chunks."""

from __future__ import annotations

from collections.abc import Callable

from ragcli.errors import SettingsError
from ragcli.protocols import Chunker, Embedder

STRATEGIES = ("structure", "hierarchical", "clauses", "sentence", "fixed", "semantic", "document")


def get_chunker(strategy: str, max_tokens: int, embedder: Embedder) -> Chunker:
    """The chunker of that name; `max_tokens` counts header and text in the embedder's own tokens."""
    maker: Callable[[Embedder, int], Chunker]
    match strategy:
        case "structure" | "hierarchical" | "clauses":
            from ragcli.chunking import structure

            maker = getattr(structure, strategy)
        case "sentence" | "fixed" | "semantic":
            from ragcli.chunking import flat

            maker = getattr(flat, strategy)
        case "document":
            from ragcli.chunking.whole import WholeDocumentChunker

            return WholeDocumentChunker(embedder)
        case _:
            raise SettingsError(f"unknown chunker {strategy!r}", hint=f"use one of: {', '.join(STRATEGIES)}")
    return maker(embedder, max_tokens)
