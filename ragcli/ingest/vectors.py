"""What is embedded of a chunk."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.datatypes import Chunk, TextVectors
from ragcli.protocols import Embedder
from ragcli.text.units import vector_spans


def embed_chunks(embedder: Embedder, chunks: Sequence[tuple[Chunk, str]], *, sentences: bool) -> list[TextVectors]:
    """The vectors of chunks, each given with its document's type, in their order."""
    spans = [vector_spans(chunk.text, lines=type_ == "code") if sentences else [] for chunk, type_ in chunks]
    texts = [chunk.searchable_text for chunk, _ in chunks]
    texts += [chunk.text[start:end] for (chunk, _), places in zip(chunks, spans, strict=True) for start, end in places]
    matrix = embedder.embed_documents(texts)
    embedded, position = [], len(chunks)
    for i, places in enumerate(spans):
        own = matrix[position : position + len(places)]
        embedded.append(TextVectors(matrix[i], places, own) if sentences else TextVectors(matrix[i]))
        position += len(places)
    return embedded
