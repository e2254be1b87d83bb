"""Chunkers of plug-ins; see `ragcli.plugins`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragcli.datatypes import Chunk, Document
from ragcli.errors import LoadError, PluginFailed
from ragcli.plugins import Plugin, blamed, load
from ragcli.protocols import Chunker, Embedder


class PluggedChunker:
    """A chunker that a plug-in made. What it raises, and chunks that do not give the document back, fail the document at
    hand alone: `split` then raises LoadError, which names the plug-in."""

    def __init__(self, plugin: Plugin, embedder: Embedder, max_tokens: int) -> None:
        self._plugin = plugin
        self._max_tokens = max_tokens
        factory = load(plugin)
        with blamed(plugin, PluginFailed):
            self._chunker: Chunker = factory(embedder, max_tokens)
            self._own = dict(self._chunker.parameters)

    @property
    def parameters(self) -> Mapping[str, object]:
        """The plug-in's own, with its name and version: what another version cuts may be different."""
        return {
            **self._own,
            "strategy": self._plugin.name,
            "max_tokens": self._max_tokens,
            "distribution": self._plugin.distribution,
            "version": self._plugin.version,
        }

    def split(self, document: Document) -> list[Chunk]:
        with blamed(self._plugin, LoadError):
            chunks = self._chunker.split(document)
            wrong = fault(document, chunks)
        if wrong:
            raise LoadError(f"the plug-in {self._plugin} failed: {wrong}")
        return chunks


def fault(document: Document, chunks: Sequence[Chunk]) -> str:
    """What is wrong with the chunks of a document, as a short clause; empty when nothing is."""
    if not isinstance(chunks, list) or not all(isinstance(chunk, Chunk) for chunk in chunks):
        return "it did not return a list of Chunk"
    if not chunks:
        return "it returned no chunk"
    if document.text[: chunks[0].span.start].strip():
        return "there is text before the first chunk"
    position = chunks[0].span.start
    for number, chunk in enumerate(chunks):
        wrong = _fault_of_chunk(document, chunk, number, position)
        if wrong:
            return f"chunk {number} {wrong}"
        position = chunk.span.end + len(chunk.tail)
    if position != len(document.text):
        return "the last chunk and its tail do not reach the end of the document"
    return "two chunks have the same id" if len({chunk.chunk_id for chunk in chunks}) < len(chunks) else ""


def _fault_of_chunk(document: Document, chunk: Chunk, number: int, position: int) -> str:
    """What is wrong with the chunk that should begin at `position`, as the rest of a clause about it."""
    start, end = chunk.span.start, chunk.span.end
    if chunk.ordinal != number or chunk.document_id != document.document_id:
        return "has another ordinal or another document's id"
    if start != position:
        return f"begins at {start} and not at {position}, where the one before it and its tail end"
    if not chunk.text.strip() or chunk.text != document.text[start:end]:
        return "is blank, or its text is not what stands at its place"
    if chunk.tail.strip() or chunk.tail != document.text[end : end + len(chunk.tail)]:
        return "has a tail that is not the white space behind it"
    return ""
