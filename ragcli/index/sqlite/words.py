"""The words of a question → terms of the index: one term for each of its languages, prefixes spelled out."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ragcli.datatypes import QueryWord
from ragcli.index.bm25 import MAX_EXPANSIONS, RELATED_WEIGHT, Postings, inverse_frequency
from ragcli.index.cache import SizedCache
from ragcli.index.spelling import Lexicon
from ragcli.index.sqlite import lexical
from ragcli.index.sqlite.catalog import read_meta
from ragcli.index.sqlite.lexical import ListedRows
from ragcli.index.sqlite.rows import texts_at
from ragcli.index.sqlite.termlists import OF_SEEN
from ragcli.text.analyzer import stem
from ragcli.text.query import Query

NO_LANGUAGES = ("en",)  # of an index without documents
_KEPT_BYTES = 128 << 20


def languages_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The languages of the documents of an index, in the order of their codes; English for an index without documents."""
    found: Any = read_meta(connection).get("languages")
    return tuple(found) if found else NO_LANGUAGES


class KeptPostings(SizedCache[tuple[str, ...], Postings]):
    """The last lists of postings of one state of an index, by their terms."""

    def __init__(self) -> None:
        super().__init__(_KEPT_BYTES, lambda found: found[0].nbytes + found[1].nbytes)


class Vocabulary:
    """The terms of one state of an index, read over one connection. `kept` holds lists of postings of that state, shared with
    other threads. Unless `rows` are the `whole` index, terms that none of its live chunks holds are passed over."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        rows: ListedRows,
        languages: Sequence[str],
        kept: KeptPostings,
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

    def lexicon(self) -> Lexicon:
        """What a speller asks; see `ragcli.index.spelling`."""
        return Lexicon(
            languages=self._languages,
            rows=self._rows,
            forms=self.forms,
            postings=self.postings,
            beginning=self._terms_beginning,
            texts=self._texts,
        )

    def _with_synonyms(self, token: str, query: Query) -> tuple[str, ...]:
        every = [token, *query.synonyms.get(token, ())]
        return tuple(dict.fromkeys(form for one in every for form in self.forms(one)))

    def forms(self, token: str) -> tuple[str, ...]:
        """The terms of a token in the languages of the index."""
        return tuple(dict.fromkeys(stem(token, language) for language in self._languages))

    def postings(self, forms: Sequence[str]) -> Postings:
        """See `ragcli.index.sqlite.lexical.postings`; the last few are kept."""
        return self._kept.made(tuple(forms), lambda: lexical.postings(self._connection, self._rows, forms))

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
            f"SELECT term FROM postings WHERE term >= ? AND term < ? AND {OF_SEEN} "
            "GROUP BY term ORDER BY sum(length(rows)) DESC, term",
            (prefix, prefix + "\U0010ffff"),
        )
        terms = [entry[0] for entry in found]
        self._rows.terms.check_beginning(terms, prefix)
        return tuple(terms[:MAX_EXPANSIONS])

    def _held(self, prefix: str) -> Counter[str]:
        """The terms with a prefix that live chunks hold, and how many of these hold each."""
        found = self._connection.execute(
            f"SELECT term, rows FROM postings WHERE term >= ? AND term < ? AND {OF_SEEN}",
            (prefix, prefix + "\U0010ffff"),
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
            f"SELECT DISTINCT term FROM postings WHERE term >= ? AND term < ? AND {OF_SEEN}",
            (prefix, prefix + "\U0010ffff"),
        )
        terms = [entry[0] for entry in found]
        self._rows.terms.check_beginning(terms, prefix)
        return terms

    def _texts(self, positions: Sequence[int]) -> Iterator[tuple[str, str]]:
        for chunk, own in texts_at(self._connection, [position + 1 for position in positions]):
            yield f"{chunk.text} {chunk.header}", own
