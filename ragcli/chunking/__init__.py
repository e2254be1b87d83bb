"""Documents → Chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ragcli.errors import SettingsError
from ragcli.protocols import Chunker, Embedder

STRATEGIES = ("structure", "hierarchical", "clauses", "sentence", "fixed", "semantic", "document")


def get_chunker(
    strategy: str, max_tokens: int, embedder: Embedder, made_with: Mapping[str, object] | None = None
) -> Chunker:
    """The chunker of that name, one of `STRATEGIES` or a plug-in's; `max_tokens` counts header and text in the embedder's own
    tokens. `made_with` holds the parameters that an index keeps of its chunker.

    Raises SettingsError for a name that nothing has, PluginFailed for a plug-in that fails or that only the index has.
    """
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
            return _plugged(strategy, max_tokens, embedder, made_with or {})
    return maker(embedder, max_tokens)


def _plugged(strategy: str, max_tokens: int, embedder: Embedder, made_with: Mapping[str, object]) -> Chunker:
    from ragcli.plugins import find, missing

    plugin = find("chunkers", strategy)
    if plugin is not None:
        from ragcli.chunking.plugged import PluggedChunker

        return PluggedChunker(plugin, embedder, max_tokens)
    if made_with.get("strategy") == strategy and "distribution" in made_with:
        raise missing(f"the chunker {strategy!r}", made_with["distribution"], made_with.get("version", ""))
    known = ", ".join(STRATEGIES)
    raise SettingsError(
        f"unknown chunker {strategy!r}", hint=f"use one of: {known}; or install the plug-in that brings it"
    )
