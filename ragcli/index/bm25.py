"""BM25 of chunks and of documents, as a formula over arrays.

    score(q, d) = Σ over words w of q:  weight(w) · idf(w) · tf·(k1 + 1) / (tf + k1·(1 - b + b·|d|/avgdl))
    idf = ln((N + 1) / df)

This is BM25+ (Lv & Zhai, CIKM 2011) with δ = 0: its idf is positive for every term, also one that half of the documents
contain. N, df and avgdl (`Statistics`) are arguments, so that several indexes can score as one. A word with several forms
(terms in several languages, spellings) counts as one term that occurs wherever a form does.

Fields are weighted as in BM25F (Robertson, Zaragoza & Taylor, CIKM 2004) with one length: a term of the header (title and
section path) counts `HEADER_WEIGHT` times, one of the file's path once.

A chunk's score is the mean of its own BM25 and that of its document, taken over all of the document's chunks with the
document as the unit of N, df and length: a chunk is the likelier answer, the more its document is about the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import QueryWord
from ragcli.index.statistics import Statistics
from ragcli.index.termlists import TermLists

K1 = 1.2
B = 0.75
HEADER_WEIGHT = 2
DOCUMENT_SHARE = 0.5
_KEPT = 8  # arrays of norms

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]
Postings = tuple[NDArray[np.int64], FloatArray]


@dataclass(frozen=True)
class Rows:
    """Arrays over all rows that were ever committed: position r - 1 belongs to row r."""

    lengths: IntArray  # terms in the chunk, -1 when it was deleted
    document_rows: IntArray
    terms: TermLists

    @property
    def count(self) -> int:
        return len(self.lengths)

    def of_documents(self, rows: Sequence[int]) -> Rows:
        """The same as if the chunks of all other documents than these had been deleted."""
        seen = np.isin(self.document_rows, np.array(rows, dtype=np.int32))
        return replace(self, lengths=np.where(seen, self.lengths, np.int32(-1)))

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        return np.asarray(self.lengths >= 0)

    @cached_property
    def live_count(self) -> int:
        return int(self.live.sum())

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


def statistics(rows: Rows, words: Sequence[QueryWord], lookup: Callable[[Sequence[str]], Postings]) -> Statistics:
    """Of the live chunks of `rows`, so that scores equal those of an index made afresh; `lookup` gives the postings of
    terms."""
    if not rows.live_count:
        return Statistics(0, 0, 0, ((0, 0),) * len(words))
    found = [lookup(word.forms)[0] for word in words]
    return Statistics(
        chunks=rows.live_count,
        documents=int(rows.live_documents.sum()),
        terms=int(rows.lengths[rows.live].sum(dtype=np.int64)),
        holding=tuple((len(held), int(np.count_nonzero(np.bincount(rows.documents[held])))) for held in found),
    )


def score(
    rows: Rows, words: Sequence[QueryWord], lookup: Callable[[Sequence[str]], Postings], known: Statistics
) -> tuple[FloatArray, FloatArray]:
    """BM25 of every row as a chunk, and of the document that it belongs to; `lookup` gives the postings of terms, and `known`
    are the statistics of the collection that `rows` are all or a part of, for these words.

    Both are 0 for deleted rows; the first is 0 for rows without any of the words.
    """
    chunks = np.zeros(rows.count)
    if not rows.live_count:
        return chunks, chunks
    documents = np.zeros(len(rows.live_documents))
    norms = rows.norms(known.terms / known.chunks)
    document_norms = rows.document_norms(known.terms / known.documents)
    for word, (holding, holding_documents) in zip(words, known.holding, strict=True):
        positions, frequencies = lookup(word.forms)
        if not len(positions):
            continue
        idf = np.log((known.chunks + 1) / holding)
        chunks[positions] += word.weight * idf * (frequencies * (K1 + 1) / (frequencies + norms[positions]))
        totals = np.bincount(rows.documents[positions], weights=frequencies, minlength=len(documents))
        found = np.flatnonzero(totals)
        idf = np.log((known.documents + 1) / holding_documents)
        documents[found] += word.weight * idf * (totals[found] * (K1 + 1) / (totals[found] + document_norms[found]))
    return chunks, np.where(rows.live, documents[rows.documents], 0.0)


def inverse_frequency(rows: Rows, found: int) -> float:
    """idf of a word that `found` live chunks hold; one that none holds counts as held by one."""
    return float(np.log((rows.live_count + 1) / max(1, found)))
