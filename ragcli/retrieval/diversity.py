"""Choosing among ranked chunks: near-duplicates, how many of one document, and variety."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragcli.results import ScoredChunk
from ragcli.text.dating import date_of

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix

_WORD = re.compile(r"\w+")
_FIGURE = re.compile(r"\d+")
_SHINGLE = 4  # words
_ALIKE = 0.8  # Jaccard similarity of the shingles of two near-duplicates


@dataclass(frozen=True, slots=True)
class Selection:
    """`collapse`: near-duplicates are shown once. `per_document`: most chunks of one document, 0 for any number.
    `mmr`: None, or λ of maximal marginal relevance, 1 for relevance alone, 0 for variety alone."""

    collapse: bool = True
    per_document: int = 0
    mmr: float | None = None


def select(
    ranked: Sequence[ScoredChunk], selection: Selection, vectors: Callable[[Sequence[int]], Matrix]
) -> tuple[list[ScoredChunk], dict[str, list[ScoredChunk]]]:
    """Chunks in their (new) order, and chunk id → its near-duplicates of other documents that were left out."""
    chosen, alike = _collapsed(ranked) if selection.collapse else (list(ranked), {})
    if selection.per_document:
        counts: Counter[str] = Counter()
        kept = []
        for entry in chosen:
            counts[entry.document.document_id] += 1
            if counts[entry.document.document_id] <= selection.per_document:
                kept.append(entry)
        chosen = kept
    if selection.mmr is not None and len(chosen) > 1:
        chosen = _marginal(chosen, selection.mmr, vectors([entry.key for entry in chosen]))
    return chosen, alike


def _collapsed(ranked: Sequence[ScoredChunk]) -> tuple[list[ScoredChunk], dict[str, list[ScoredChunk]]]:
    """Two chunks are near-duplicates when the Jaccard similarity of their 4-word shingles is at least 0.8 (Broder 1997), unless
    they are of different dates and have different figures: then one is a newer version of the other."""
    kept: list[tuple[ScoredChunk, frozenset[tuple[str, ...]]]] = []
    alike: dict[str, list[ScoredChunk]] = {}
    for entry in ranked:
        own = _shingles(entry.chunk.text)
        alike_ones = (other for other, theirs in kept if _jaccard(own, theirs) >= _ALIKE)
        twin = next((other for other in alike_ones if not _another_version(entry, other)), None)
        if twin is None:
            kept.append((entry, own))
        else:
            alike.setdefault(twin.chunk.chunk_id, []).append(entry)
    return [entry for entry, _ in kept], alike


def _another_version(one: ScoredChunk, other: ScoredChunk) -> bool:
    figures = [Counter(_FIGURE.findall(entry.chunk.text)) for entry in (one, other)]
    return figures[0] != figures[1] and date_of(one.document) != date_of(other.document)


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return frozenset(tuple(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1)))


def _jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    if one.isdisjoint(other):  # nearly always, and several times as fast to see
        return 0.0
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def _marginal(ranked: Sequence[ScoredChunk], balance: float, matrix: Matrix) -> list[ScoredChunk]:
    """Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998) over scores divided by the best one."""
    best = ranked[0].score or 1.0
    similar = matrix @ matrix.T
    chosen: list[int] = []
    rest = list(range(len(ranked)))
    while rest:
        pick = max(
            rest,
            key=lambda i: (
                balance * ranked[i].score / best
                - (1 - balance) * max((float(similar[i][j]) for j in chosen), default=0.0),
                -i,
            ),
        )
        chosen.append(pick)
        rest.remove(pick)
    return [ranked[i] for i in chosen]
