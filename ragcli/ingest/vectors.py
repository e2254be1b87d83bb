"""What is embedded of a chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ragcli.datatypes import Chunk, TextVectors
from ragcli.protocols import Embedder, SpanEmbedder
from ragcli.text.units import vector_spans

_Spans: TypeAlias = list[list[tuple[int, int]]]


def embed_chunks(embedder: Embedder, chunks: Sequence[tuple[Chunk, str]], *, sentences: bool) -> list[TextVectors]:
    """The vectors of chunks, each given with its document's type, in their order. Sentences get theirs from the embedder's
    `embed_spans` where it has one (see `SpanEmbedder`), else as texts of their own."""
    texts = [chunk.searchable_text for chunk, _ in chunks]
    if not sentences:
        return [TextVectors(vector) for vector in embedder.embed_documents(texts)]
    spans = [vector_spans(chunk.text, lines=type_ == "code") for chunk, type_ in chunks]
    embed_spans: SpanEmbedder | None = getattr(embedder, "embed_spans", None)
    if embed_spans is None:
        return _apart(embedder, texts, [chunk for chunk, _ in chunks], spans)
    before = [len(text) - len(chunk.text) for text, (chunk, _) in zip(texts, chunks, strict=True)]
    moved = [[(s + by, e + by) for s, e in places] for places, by in zip(spans, before, strict=True)]
    found = embed_spans(texts, moved)
    return [TextVectors(vector, places, own) for (vector, own), places in zip(found, spans, strict=True)]


def _apart(embedder: Embedder, texts: Sequence[str], chunks: Sequence[Chunk], spans: _Spans) -> list[TextVectors]:
    """Each sentence on its own."""
    alone = [chunk.text[s:e] for chunk, places in zip(chunks, spans, strict=True) for s, e in places]
    matrix = embedder.embed_documents([*texts, *alone])
    embedded, position = [], len(chunks)
    for i, places in enumerate(spans):
        own = matrix[position : position + len(places)]
        embedded.append(TextVectors(matrix[i], places, own))
        position += len(places)
    return embedded
