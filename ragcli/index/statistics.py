"""What BM25 must know of a whole collection to score a part of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statistics:
    """`chunks` and `documents` count what is there, `terms` is the sum of the lengths of the chunks, in weighted terms.
    `holding` says for each word of a question, in their order, how many chunks and how many documents hold it.

    Indexes that share no document score as one when each of them is given the sum of their statistics.
    """

    chunks: int
    documents: int
    terms: int
    holding: tuple[tuple[int, int], ...]

    def __add__(self, other: Statistics) -> Statistics:
        """Those of both collections together. Raises ValueError when they are of other numbers of words."""
        pairs = zip(self.holding, other.holding, strict=True)
        return Statistics(
            self.chunks + other.chunks,
            self.documents + other.documents,
            self.terms + other.terms,
            tuple((chunks + more_chunks, documents + more) for (chunks, documents), (more_chunks, more) in pairs),
        )
