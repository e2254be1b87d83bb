"""The words of a question → terms of the index: one term for each of its languages, prefixes spelled out, and the nearest
known word in place of one that no chunk holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ragcli.datatypes import QueryWord
from ragcli.index import lexical
from ragcli.text.analyzer import stem, tokens
from ragcli.text.query import Query

MAX_EXPANSIONS = 200  # terms that one prefix may stand for, the most frequent first
CORRECTED_WEIGHT = 0.8
RELATED_WEIGHT = 0.5  # of the words of a synonym that consists of several
_SHORTEST_CORRECTED = 5
_KEPT = 256  # lists of postings


class Vocabulary:
    """The terms of one state of an index."""

    def __init__(self, connection: sqlite3.Connection, rows: lexical.Rows) -> None:
        self._connection = connection
        self._rows = rows
        self._kept: dict[tuple[str, ...], lexical.Postings] = {}
        self._languages = [
            entry[0] for entry in connection.execute("SELECT DISTINCT language FROM documents ORDER BY language")
        ] or ["en"]

    def resolve(self, query: Query, *, correct: bool = True) -> list[QueryWord]:
        """One QueryWord for each token and prefix of `query`, in their order.

        With `correct`, a token that no chunk holds gives way to the nearest word that some chunk holds: at most one edit away
        (insertion, deletion, substitution or swap of neighbours), two from eight letters on, the first letter equal, the more
        frequent word first, the alphabet last. It keeps its own place if there is none.
        """
        words = [self._word(self._with_synonyms(token, query)) for token in query.tokens]
        if correct:
            words = [self._corrected(token, word) for token, word in zip(query.tokens, words, strict=True)]
        words += [self._word(self._beginning_with(prefix)) for prefix in query.prefixes]
        return words + [self._word(self.forms(token), RELATED_WEIGHT) for token in query.related]

    def _with_synonyms(self, token: str, query: Query) -> tuple[str, ...]:
        every = [token, *query.synonyms.get(token, ())]
        return tuple(dict.fromkeys(form for one in every for form in self.forms(one)))

    def forms(self, token: str) -> tuple[str, ...]:
        """The terms of a token in the languages of the index."""
        return tuple(dict.fromkeys(stem(token, language) for language in self._languages))

    def postings(self, forms: Sequence[str]) -> lexical.Postings:
        """See `ragcli.index.lexical.postings`; the last few are kept."""
        key = tuple(forms)
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = lexical.postings(self._connection, self._rows, forms)
        return self._kept[key]

    def count(self, forms: Sequence[str]) -> int:
        """In how many chunks any of the terms occurs."""
        return len(self.postings(forms)[0]) if forms else 0

    def _word(self, forms: tuple[str, ...], weight: float = 1.0) -> QueryWord:
        return QueryWord(forms, lexical.inverse_frequency(self._rows, self.count(forms)), weight)

    def _beginning_with(self, prefix: str) -> tuple[str, ...]:
        found = self._connection.execute(
            "SELECT term FROM postings WHERE term >= ? AND term < ? GROUP BY term "
            "ORDER BY sum(length(rows)) DESC, term LIMIT ?",
            (prefix, prefix + "\U0010ffff", MAX_EXPANSIONS),
        )
        return tuple(entry[0] for entry in found)

    def _corrected(self, token: str, word: QueryWord) -> QueryWord:
        if len(token) < _SHORTEST_CORRECTED or not (token.isascii() and token.isalpha()) or self.count(word.forms):
            return word
        nearest = self._nearest(stem(token, self._languages[0] if len(self._languages) == 1 else "en"))
        if nearest is None:
            return word
        return replace(self._word((nearest,), CORRECTED_WEIGHT), instead_of=token, written=self._written(nearest))

    def _written(self, term: str) -> str:
        """The term as the first chunk that holds it spells it."""
        position = int(self.postings((term,))[0][0])
        text, header, language = self._connection.execute(
            "SELECT text, header, language FROM chunks JOIN documents ON documents.row = document_row WHERE chunks.row = ?",
            (position + 1,),
        ).fetchone()
        return next((token for token in tokens(f"{text} {header}") if stem(token, language) == term), term)

    def _nearest(self, term: str) -> str | None:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        limit = 1 if len(term) < 8 else 2
        known = self._connection.execute(
            "SELECT term, sum(length(rows)) FROM postings WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ? "
            "GROUP BY term",
            (term[0], term[0] + "\U0010ffff", len(term) - limit, len(term) + limit),
        ).fetchall()
        frequency = {entry[0]: entry[1] for entry in known if entry[0].isalpha()}
        near = process.extract(term, list(frequency), scorer=OSA.distance, score_cutoff=limit, limit=None)
        ranked = sorted((distance, -frequency[found], found) for found, distance, _ in near)
        return next((found for _, _, found in ranked if self.count((found,))), None)
