"""The words of a question → terms of the index: one term for each of its languages, prefixes spelled out."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ragcli.datatypes import QueryWord
from ragcli.index import lexical
from ragcli.index.bm25 import Postings, Rows, inverse_frequency
from ragcli.index.catalog import read_meta
from ragcli.index.rows import texts_at
from ragcli.index.spelling import Lexicon, Speller, spellings_in
from ragcli.results import Understood
from ragcli.text.analyzer import stem
from ragcli.text.query import Query

MAX_EXPANSIONS = 200  # terms that one prefix may stand for, the most frequent first
RELATED_WEIGHT = 0.5  # of the words of a synonym that consists of several
READ = 12  # chunks, to see how a term is written
NO_LANGUAGES = ("en",)  # of an index without documents
_KEPT = 256  # lists of postings


def languages_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The languages of the documents of an index, in the order of their codes; English for an index without documents."""
    found: Any = read_meta(connection).get("languages")
    return tuple(found) if found else NO_LANGUAGES


class Vocabulary:
    """The terms of one state of an index, read over one connection. `kept` holds lists of postings of that state, shared with
    other threads. Unless `rows` are the `whole` index, terms that none of its live chunks holds are passed over."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        rows: Rows,
        languages: Sequence[str],
        kept: dict[tuple[str, ...], Postings],
        *,
        whole: bool = True,
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._languages = languages
        self._kept = kept
        self._whole = whole

    def resolve(self, query: Query) -> list[QueryWord]:
        """One QueryWord for each token and prefix of `query`, in their order."""
        words = [self._word(self._with_synonyms(token, query)) for token in query.tokens]
        words += [self._word(self._beginning_with(prefix)) for prefix in query.prefixes]
        return words + [self._word(self.forms(token), RELATED_WEIGHT) for token in query.related]

    def understand(self, question: str) -> Understood:
        """The question with its misspelt words repaired; see `ragcli.index.spelling`."""
        lexicon = Lexicon(
            languages=self._languages,
            rows=self._rows,
            forms=self.forms,
            postings=self.postings,
            beginning=self._terms_beginning,
            spellings=self._spellings,
        )
        return Speller(lexicon).understand(question)

    def _with_synonyms(self, token: str, query: Query) -> tuple[str, ...]:
        every = [token, *query.synonyms.get(token, ())]
        return tuple(dict.fromkeys(form for one in every for form in self.forms(one)))

    def forms(self, token: str) -> tuple[str, ...]:
        """The terms of a token in the languages of the index."""
        return tuple(dict.fromkeys(stem(token, language) for language in self._languages))

    def postings(self, forms: Sequence[str]) -> Postings:
        """See `ragcli.index.lexical.postings`; the last few are kept."""
        key = tuple(forms)
        found = self._kept.get(key)
        if found is None:
            found = lexical.postings(self._connection, self._rows, forms)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def count(self, forms: Sequence[str]) -> int:
        """In how many chunks any of the terms occurs."""
        return len(self.postings(forms)[0]) if forms else 0

    def _word(self, forms: tuple[str, ...], weight: float = 1.0) -> QueryWord:
        return QueryWord(forms, inverse_frequency(self._rows, self.count(forms)), weight)

    def _beginning_with(self, prefix: str) -> tuple[str, ...]:
        if not self._whole:
            held = self._held(prefix)
            return tuple(sorted(held, key=lambda term: (-held[term], term))[:MAX_EXPANSIONS])
        found = self._connection.execute(
            "SELECT term FROM postings WHERE term >= ? AND term < ? GROUP BY term ORDER BY sum(length(rows)) DESC, term",
            (prefix, prefix + "\U0010ffff"),
        )
        terms = [entry[0] for entry in found]
        self._rows.terms.check_beginning(terms, prefix)
        return tuple(terms[:MAX_EXPANSIONS])

    def _held(self, prefix: str) -> Counter[str]:
        """The terms with a prefix that live chunks hold, and how many of these hold each."""
        found = self._connection.execute(
            "SELECT term, rows FROM postings WHERE term >= ? AND term < ?", (prefix, prefix + "\U0010ffff")
        ).fetchall()
        self._rows.terms.check_beginning(list({entry[0] for entry in found}), prefix)
        held: Counter[str] = Counter()
        for term, rows in found:
            live = int(self._rows.live[np.frombuffer(rows, dtype="<i4") - 1].sum())
            if live:
                held[term] += live
        return held

    def _terms_beginning(self, prefix: str) -> list[str]:
        if not self._whole:
            return list(self._held(prefix))
        found = self._connection.execute(
            "SELECT DISTINCT term FROM postings WHERE term >= ? AND term < ?", (prefix, prefix + "\U0010ffff")
        )
        terms = [entry[0] for entry in found]
        self._rows.terms.check_beginning(terms, prefix)
        return terms

    def _spellings(self, term: str, language: str) -> list[str]:
        """How the first chunks that hold the term, in documents of the language if there are any, write it."""
        rows = [int(position) + 1 for position in self.postings((term,))[0][:READ]]
        anywhere = language not in self._languages
        counts: Counter[str] = Counter()
        for chunk, own in texts_at(self._connection, rows):
            if anywhere or own == language:
                counts.update(spellings_in(f"{chunk.text} {chunk.header}", term, own))
        return sorted(counts, key=lambda word: (-counts[word], word))
