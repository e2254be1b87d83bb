"""BM25 of chunks and of documents, as a formula over arrays.

    score(q, d) = Σ over words w of q:  weight(w) · idf(w) · tf·(k1 + 1) / (tf + k1·(1 - b + b·|d|/avgdl))
    idf = ln((N + 1) / df)

This is BM25+ (Lv & Zhai, CIKM 2011) with δ = 0: its idf is positive for every term, also one that half of the documents
contain. N, df and avgdl (`Statistics`) are arguments, so that several indexes can score as one. A word with several forms
(terms in several languages, spellings) counts as one term that occurs wherever a form does.

Fields are weighted as in BM25F (Robertson, Zaragoza & Taylor, CIKM 2004) with one length: a term of the header (title and
section path) counts `indexing.HEADER_WEIGHT` times, one of the file's path once.

A chunk's score is the mean of its own BM25 and that of its document, taken over all of the document's chunks with the
document as the unit of N, df and length: a chunk is the likelier answer, the more its document is about the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import QueryWord
from ragcli.index.cache import SizedCache
from ragcli.index.statistics import Statistics

K1 = 1.2
B = 0.75
DOCUMENT_SHARE = 0.5
RELATED_WEIGHT = 0.5  # of the words of a synonym that consists of several
MAX_EXPANSIONS = 200  # terms that one prefix may stand for, the most frequent first
_KEPT = 8  # arrays of norms

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]
Postings = tuple[IntArray, NDArray[np.float32]]  # positions (row - 1), ascending, and how often each holds a word
Lookup = Callable[[Sequence[str]], Postings]
_DENSE = 8  # where more than one in so many units holds a word, adding a number for each unit is faster
_IMPACTS_BYTES = 128 << 20


@dataclass(frozen=True)
class Rows:
    """Arrays over all rows that were ever committed: position r - 1 belongs to row r."""

    lengths: IntArray  # terms in the chunk, -1 when it was deleted
    document_rows: IntArray

    @property
    def count(self) -> int:
        return len(self.lengths)

    def of_documents(self, rows: Sequence[int]) -> Self:
        """The same as if the chunks of all other documents than these had been deleted."""
        seen = np.isin(self.document_rows, np.array(rows, dtype=np.int32))
        return replace(self, lengths=np.where(seen, self.lengths, np.int32(-1)))

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        return np.asarray(self.lengths >= 0)

    @cached_property
    def live_count(self) -> int:
        return int(self.live.sum())

    @cached_property
    def live_document_count(self) -> int:
        return int(self.live_documents.sum())

    @cached_property
    def terms_in_all(self) -> int:
        """Terms in all live chunks."""
        return int(self.lengths[self.live].sum(dtype=np.int64))

    def norms(self, average: float) -> FloatArray:
        """k1·(1 - b + b·|d|/avgdl) of each chunk; avgdl is `average`."""
        return self._norms("chunks", np.asarray(self.lengths, dtype=np.float64), average)

    @cached_property
    def documents(self) -> IntArray:
        """Position of each row's document among all documents, from 0."""
        return np.asarray(np.unique(self.document_rows, return_inverse=True)[1], dtype=np.int32)

    @cached_property
    def _document_lengths(self) -> FloatArray:
        totals = np.zeros(int(self.documents.max()) + 1)
        np.add.at(totals, self.documents[self.live], self.lengths[self.live])
        return totals

    @cached_property
    def live_documents(self) -> NDArray[np.bool_]:
        return np.asarray(np.bincount(self.documents[self.live], minlength=self.documents.max() + 1) > 0)

    def document_norms(self, average: float) -> FloatArray:
        """As `norms`, of each document in the order of `documents`."""
        return self._norms("documents", self._document_lengths, average)

    @cached_property
    def _kept(self) -> dict[tuple[str, float], FloatArray]:
        return {}

    def _norms(self, unit: str, lengths: FloatArray, average: float) -> FloatArray:
        found = self._kept.get((unit, average))
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            found = self._kept[unit, average] = np.asarray(K1 * (1 - B + B * lengths / (average or 1.0)))
        return found


@dataclass(frozen=True, slots=True)
class Spread:
    """What a word adds to the scores of units, before its idf: `values` at `positions`, or of every unit where that is None."""

    positions: NDArray[np.int64] | None
    values: FloatArray

    @classmethod
    def over(cls, positions: NDArray[np.int64], values: FloatArray, units: int) -> Spread:
        if len(positions) * _DENSE < units:
            return cls(positions, values)
        every = np.zeros(units)
        every[positions] = values
        return cls(None, every)

    def add(self, scores: FloatArray, factor: float) -> None:
        if self.positions is None:
            scores += factor * self.values
        else:
            scores[self.positions] += factor * self.values

    @property
    def bytes(self) -> int:
        return self.values.nbytes + (0 if self.positions is None else self.positions.nbytes)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a word adds to chunks and to documents, and how many of them hold it."""

    chunks: Spread
    documents: Spread
    holding: tuple[int, int]

    @property
    def bytes(self) -> int:
        return self.chunks.bytes + self.documents.bytes


class Impacts(SizedCache[tuple[tuple[str, ...], float, float], Impact]):
    """Those of the last words, by their forms and the average lengths of chunks and documents."""

    def __init__(self) -> None:
        super().__init__(_IMPACTS_BYTES, lambda impact: impact.bytes)


def statistics(rows: Rows, words: Sequence[QueryWord], lookup: Lookup, kept: Impacts | None = None) -> Statistics:
    """Of the live chunks of `rows`, so that scores equal those of an index made afresh; `lookup` gives the postings of terms,
    and `kept` what was computed before."""
    if not rows.live_count:
        return Statistics(0, 0, 0, ((0, 0),) * len(words))
    kept = kept if kept is not None else Impacts()
    averages = rows.terms_in_all / rows.live_count, rows.terms_in_all / rows.live_document_count
    return Statistics(
        chunks=rows.live_count,
        documents=rows.live_document_count,
        terms=rows.terms_in_all,
        holding=tuple(_impact(rows, word.forms, lookup, averages, kept).holding for word in words),
    )


def score(
    rows: Rows, words: Sequence[QueryWord], lookup: Lookup, known: Statistics, kept: Impacts | None = None
) -> tuple[FloatArray, FloatArray]:
    """BM25 of every row as a chunk, and of every document, in the order of `rows.documents`; `lookup` gives the postings of
    terms, `known` are the statistics of the collection that `rows` are all or a part of, for these words, and `kept` is what
    was computed before.

    The first is 0 for deleted rows and for rows without any of the words.
    """
    chunks = np.zeros(rows.count)
    if not rows.live_count:
        return chunks, np.zeros(0)
    kept = kept if kept is not None else Impacts()
    documents = np.zeros(len(rows.live_documents))
    averages = known.terms / known.chunks, known.terms / known.documents
    for word, (holding, holding_documents) in zip(words, known.holding, strict=True):
        impact = _impact(rows, word.forms, lookup, averages, kept)
        if not impact.holding[0]:
            continue
        impact.chunks.add(chunks, word.weight * np.log((known.chunks + 1) / holding))
        impact.documents.add(documents, word.weight * np.log((known.documents + 1) / holding_documents))
    return chunks, documents


def _impact(rows: Rows, forms: tuple[str, ...], lookup: Lookup, averages: tuple[float, float], kept: Impacts) -> Impact:
    def made() -> Impact:
        positions, frequencies = lookup(forms)
        places, counts = positions.astype(np.int64), frequencies.astype(np.float64)
        units = len(rows.live_documents)
        totals: FloatArray = np.bincount(rows.documents[places], weights=counts, minlength=units).astype(np.float64)
        found = np.flatnonzero(totals)
        return Impact(
            Spread.over(places, _saturated(counts, rows.norms(averages[0])[places]), rows.count),
            Spread.over(found, _saturated(totals[found], rows.document_norms(averages[1])[found]), units),
            (len(places), len(found)),
        )

    return kept.made((forms, *averages), made)


def _saturated(frequencies: FloatArray, norms: FloatArray) -> FloatArray:
    return np.asarray(frequencies * (K1 + 1) / (frequencies + norms))


def inverse_frequency(rows: Rows, found: int) -> float:
    """idf of a word that `found` live chunks hold; one that none holds counts as held by one."""
    return float(np.log((rows.live_count + 1) / max(1, found)))
