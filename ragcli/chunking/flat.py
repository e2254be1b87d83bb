"""Chunks that ignore structure, because people compare with them, and chunks cut where the meaning changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ragcli.chunking.packing import Breaks, PackingChunker, Unit
from ragcli.chunking.structure import structural_units
from ragcli.datatypes import Document
from ragcli.protocols import Embedder, TokenCounter
from ragcli.text.sentences import sentence_spans

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix

EmbedTexts = Callable[[Sequence[str]], "Matrix"]
_WORD = re.compile(r"\S+")
_WINDOW = 1  # sentences to either side that are embedded with one
_BREAKPOINTS = 0.1  # share of the gaps between sentences, the widest, at which a chunk begins
_LEAST = 0.25  # of the largest chunk, before it may end at a breakpoint


def fixed(counter: TokenCounter, max_tokens: int) -> PackingChunker:
    """As many words as fit, wherever sentences and sections end."""
    return PackingChunker(counter, max_tokens, {"strategy": "fixed"}, _word_units, lambda _d, _u: _never)


def sentence(counter: TokenCounter, max_tokens: int) -> PackingChunker:
    """As many sentences as fit, wherever sections end."""
    return PackingChunker(counter, max_tokens, {"strategy": "sentence"}, _sentence_units, lambda _d, _u: _never)


def semantic(embedder: Embedder, max_tokens: int) -> PackingChunker:
    """A chunk ends where two neighbouring sentences, each embedded with its neighbours, are least alike (Kamradt 2023)."""

    def breaks(document: Document, units: Sequence[Unit]) -> Breaks:
        starts = _breakpoints(document, units, embedder.embed_documents)
        return lambda draft, unit: unit.start in starts and draft.tokens >= _LEAST * max_tokens

    return PackingChunker(embedder, max_tokens, {"strategy": "semantic"}, structural_units, breaks)


def _never(_draft: object, _unit: object) -> bool:
    return False


def _word_units(document: Document) -> list[Unit]:
    return [
        Unit(match.start(), match.end(), block.headings)
        for block in document.blocks
        for match in _WORD.finditer(document.text, block.start, block.end)
    ]


def _sentence_units(document: Document) -> list[Unit]:
    return [
        Unit(start, end, block.headings)
        for block in document.blocks
        for start, end in sentence_spans(document.text, block.start, block.end)
    ]


def _breakpoints(document: Document, units: Sequence[Unit], embed: EmbedTexts) -> set[int]:
    """Starts of the units that are least like what precedes them."""
    if len(units) < 3:
        return set()
    texts = [
        document.text[units[max(0, i - _WINDOW)].start : units[min(len(units) - 1, i + _WINDOW)].end]
        for i in range(len(units))
    ]
    distances = list(_distances(texts, embed))
    ranked = sorted(range(len(distances)), key=lambda i: (-distances[i], i))
    return {units[i + 1].start for i in ranked[: max(1, int(_BREAKPOINTS * len(distances)))]}


def _distances(texts: Sequence[str], embed: EmbedTexts) -> Iterator[float]:
    """1 - cosine of each text and the next."""
    last = None
    for i in range(0, len(texts), 256):
        for vector in embed(texts[i : i + 256]):
            if last is not None:
                yield 1.0 - float(last @ vector)
            last = vector
