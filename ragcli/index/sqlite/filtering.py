"""Which rows a Filter leaves. Path patterns are those of `ragcli.text.globs`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Filter
from ragcli.index.bm25 import IntArray, Rows
from ragcli.index.sqlite.columns import DocumentColumns
from ragcli.index.sqlite.phrases import PhraseCheck, Ranked
from ragcli.index.sqlite.words import Vocabulary
from ragcli.text.analyzer import tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a filter leaves: `mask` says of each position (row - 1) whether it is live and fulfils every condition, but of the
    `phrases` only that the chunk has their words."""

    mask: NDArray[np.bool_]
    phrases: PhraseCheck | None = None

    def best(self, connection: sqlite3.Connection, rank: Callable[[int], Ranked], k: int) -> Ranked:
        """The `k` best of what the filter leaves; `rank` gives as many as it is asked for of the best in `mask`."""
        return rank(k) if self.phrases is None else self.phrases.best(connection, rank, k)


def allowed_rows(
    rows: Rows, where: Filter, columns: Callable[[], DocumentColumns], vocabulary: Callable[[], Vocabulary]
) -> Allowed:
    """The rows that `where` leaves; what it asks of documents is read by `columns`, what it asks of words by `vocabulary`."""
    if not where:
        return Allowed(rows.live)
    mask = rows.live.copy()
    if where.on_documents:
        mask &= _of_documents(rows, columns().fulfilling(where))
    for word in where.without:
        mask[_holding(vocabulary(), next(tokens(word)))] = False
    for token in dict.fromkeys(token for phrase in where.phrases for token in tokens(phrase)):
        holding = np.zeros(rows.count, dtype=np.bool_)
        holding[_holding(vocabulary(), token)] = True
        mask &= holding
    return Allowed(mask, PhraseCheck(where.phrases, rows.count) if where.phrases else None)


def _of_documents(rows: Rows, fulfilling: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """By position: whether it is of a document that is `fulfilling`. Rows of which nothing is left name a document that is
    not there."""
    known = np.zeros(int(rows.document_rows.max(initial=0)) + 1, dtype=np.bool_)
    known[: len(fulfilling)] = fulfilling[: len(known)]
    return known[rows.document_rows]


def _holding(vocabulary: Vocabulary, token: str) -> IntArray:
    """Positions of the chunks that hold a word, in any of the index's languages."""
    return vocabulary.postings(vocabulary.forms(token))[0]
