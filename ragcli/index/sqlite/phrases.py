"""Which chunks hold phrases word for word. Word lists say which may; their texts say which do, and are read only as needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import numpy as np

from ragcli.errors import UsageError
from ragcli.index.sqlite.rows import words_at
from ragcli.text.folding import contains_words

Ranked = list[tuple[int, float]]  # (row, score), best first

MOST = 20_000  # texts that are read for the phrases of a filter, some seconds
_MORE = 4  # times as many are ranked when too few of the best hold the phrases
_UNKNOWN, _HOLDS, _LACKS = 0, 1, 2


class PhraseCheck:
    """What is known of the chunks of one state of an index: which hold every one of `phrases` in text or header."""

    def __init__(self, phrases: Sequence[str], rows: int, *, most: int = MOST) -> None:
        self._phrases = phrases
        self._known = np.zeros(rows, dtype=np.int8)
        self._most = most

    def best(self, connection: sqlite3.Connection, rank: Callable[[int], Ranked], k: int) -> Ranked:
        """The `k` best rows that hold the phrases; `rank` gives that many of the best of those that may hold them. Raises
        UsageError rather than to read more than `most` texts."""
        wanted, left = 2 * k, self._most
        while True:
            ranked = rank(wanted)
            unknown = [row for row, _ in ranked if self._known[row - 1] == _UNKNOWN]
            if len(unknown) > left:
                raise self._too_many()
            self._read(connection, unknown)
            kept = [entry for entry in ranked if self._known[entry[0] - 1] == _HOLDS]
            if len(kept) >= k or len(ranked) < wanted:
                return kept[:k]
            wanted, left = wanted * _MORE, left - len(unknown)

    def _read(self, connection: sqlite3.Connection, rows: Sequence[int]) -> None:
        for row, text, header in words_at(connection, rows):
            held = all(contains_words(text, phrase) or contains_words(header, phrase) for phrase in self._phrases)
            self._known[row - 1] = _HOLDS if held else _LACKS

    def _too_many(self) -> UsageError:
        written = " and ".join(f"“{phrase}”" for phrase in self._phrases)
        return UsageError(
            f"too many passages hold the words of {written}, and too few of the best {self._most:,} hold them side by side",
            hint="a phrase with a rarer word, or the words without quotation marks",
        )
