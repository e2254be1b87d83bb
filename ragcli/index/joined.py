"""Several indexes searched as one: same chunks, same order and same scores as if one index held the documents of all of them,
those of the first before those of the second.

BM25 of each is computed by the sum of the statistics of all (`ragcli.index.statistics`), words are repaired and resolved by the
words of all, and cosines compare since all were made with one embedding model. What is excluded (`-word`) is looked for in the
languages of each index.

A key here is the place of an index among the members and the key of a chunk in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ragcli.datatypes import Candidate, QueryWord
from ragcli.index.bm25 import MAX_EXPANSIONS, RELATED_WEIGHT, Postings, Rows, inverse_frequency
from ragcli.index.entries import Candidates, StoredChunk
from ragcli.index.joinedlists import JoinedLists, by_name, named_chunk, named_document, parted
from ragcli.index.spelling import Lexicon, Speller
from ragcli.text.analyzer import stem

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Filter, Vector
    from ragcli.index.protocol import Reader
    from ragcli.index.statistics import Statistics
    from ragcli.results import Understood
    from ragcli.text.query import Query

_BITS = 40  # of a key, for the key in one index


class _Part(NamedTuple):
    """The words of one index, and the position of its first chunk among those of all."""

    lexicon: Lexicon
    offset: int


class JoinedReader(JoinedLists):
    """Several readers, by name, as one `Reader`; see `ragcli.index.protocol` and the module."""

    def __init__(self, members: Mapping[str, Reader]) -> None:
        super().__init__(members)
        self._readers = list(self.members.values())
        self._rows: tuple[object, Rows] | None = None  # of the last state that was asked for

    def lexicon(self) -> Lexicon:
        """The words of all: those of the members one after the other."""
        every = [member.lexicon() for member in self._readers]
        parts, offset = list[_Part](), 0
        for lexicon in every:
            parts.append(_Part(lexicon, offset))
            offset += lexicon.rows.count
        used = [lexicon.languages for lexicon in every if lexicon.rows.live_count] or [every[0].languages]
        languages = tuple(sorted({code for codes in used for code in codes}))
        return Lexicon(
            languages=languages,
            rows=self._rows_of(every),
            forms=partial(_forms, languages),
            postings=partial(_postings, parts),
            beginning=partial(_beginning, parts),
            texts=partial(_texts, parts),
        )

    def _rows_of(self, every: Sequence[Lexicon]) -> Rows:
        state = self.generation()
        if self._rows is None or self._rows[0] != state:
            owners, last = [], 0
            for lexicon in every:
                owners.append(lexicon.rows.document_rows + np.int32(last))
                last += int(lexicon.rows.document_rows.max(initial=0)) + 1
            lengths = np.concatenate([lexicon.rows.lengths for lexicon in every])
            self._rows = state, Rows(lengths, np.concatenate(owners).astype(np.int32))
        return self._rows[1]

    def understand(self, question: str) -> Understood:
        with self.snapshot():
            return Speller(self.lexicon()).understand(question)

    def resolve(self, query: Query) -> list[QueryWord]:
        with self.snapshot():
            words = _Words(self.lexicon())
            found = [words.of(words.with_synonyms(token, query)) for token in query.tokens]
            found += [words.of(words.beginning_with(prefix)) for prefix in query.prefixes]
            return found + [words.of(tuple(words.lexicon.forms(token)), RELATED_WEIGHT) for token in query.related]

    def statistics(self, words: Sequence[QueryWord]) -> Statistics:
        with self.snapshot():
            return reduce(add, (member.statistics(words) for member in self._readers))

    def candidates(
        self,
        words: Sequence[QueryWord] | None,
        vector: Vector | None,
        k: int,
        where: Filter,
        statistics: Statistics | None = None,
    ) -> Candidates:
        with self.snapshot():
            known = statistics if statistics is not None or words is None else self.statistics(words)
            found = [member.candidates(words, vector, k, where, known) for member in self._readers]
        lexical = _merged([one.lexical for one in found])[:k]
        dense = _merged([one.dense for one in found])[:k]
        chosen = {entry.key for entry in (*lexical, *dense)}
        rescored = [entry for entry in _merged([one.rescored for one in found]) if entry.key in chosen]
        took = {leg: sum(one.milliseconds[leg] for one in found) for leg in found[0].milliseconds}
        return Candidates(lexical, dense, rescored, took)

    def fetch(self, keys: Sequence[int], *, vectors: bool = False) -> dict[int, StoredChunk]:
        asked: dict[int, list[int]] = {}
        for key in keys:
            asked.setdefault(key >> _BITS, []).append(key)
        found: dict[int, StoredChunk] = {}
        with self.snapshot():
            for place, own in asked.items():
                name, shift = list(self.members)[place], place << _BITS
                stored = self._readers[place].fetch([key - shift for key in own], vectors=vectors)
                for key, (chunk, document, vector) in stored.items():
                    found[key + shift] = StoredChunk(named_chunk(name, chunk), named_document(name, document), vector)
        return {key: found[key] for key in keys if key in found}

    def surroundings(self, chunk_ids: Sequence[str], before: int, after: int) -> Sequence[Chunk]:
        name = parted(chunk_ids[0])[0] if chunk_ids else ""
        if name not in self.members:
            return []
        found = self.members[name].surroundings(by_name(chunk_ids)[name], before, after)
        return [named_chunk(name, chunk) for chunk in found]

    def sentence_cosines(
        self, chunk_ids: Sequence[str], vector: Vector
    ) -> Mapping[str, Sequence[tuple[int, int, float]]]:
        found: dict[str, Sequence[tuple[int, int, float]]] = {}
        for name, own in by_name(chunk_ids).items():
            if name in self.members:
                cosines = self.members[name].sentence_cosines(own, vector)
                found |= {f"{name}/{chunk_id}": near for chunk_id, near in cosines.items()}
        return {chunk_id: found[chunk_id] for chunk_id in chunk_ids if chunk_id in found}


class _Words(NamedTuple):
    """The words of a question as a lexicon knows them."""

    lexicon: Lexicon

    def of(self, forms: tuple[str, ...], weight: float = 1.0) -> QueryWord:
        return QueryWord(forms, inverse_frequency(self.lexicon.rows, self._count(forms)), weight)

    def with_synonyms(self, token: str, query: Query) -> tuple[str, ...]:
        every = (token, *query.synonyms.get(token, ()))
        return tuple(dict.fromkeys(form for one in every for form in self.lexicon.forms(one)))

    def beginning_with(self, prefix: str) -> tuple[str, ...]:
        """At most MAX_EXPANSIONS terms, those that most chunks hold."""
        terms = list(self.lexicon.beginning(prefix))
        if len(terms) <= MAX_EXPANSIONS:
            return tuple(terms)
        return tuple(sorted(terms, key=lambda term: (-self._count((term,)), term))[:MAX_EXPANSIONS])

    def _count(self, forms: tuple[str, ...]) -> int:
        return len(self.lexicon.postings(forms)[0]) if forms else 0


def _merged(rankings: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """One ranking of all, best first, equal scores in the order of keys."""
    every = (
        entry._replace(key=(place << _BITS) + entry.key) for place, ranking in enumerate(rankings) for entry in ranking
    )
    return sorted(every, key=lambda entry: (-entry.score, entry.key))


def _forms(languages: Sequence[str], token: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stem(token, language) for language in languages))


def _postings(parts: Sequence[_Part], forms: Sequence[str]) -> Postings:
    found = [(part.lexicon.postings(forms), part.offset) for part in parts]
    positions = np.concatenate([postings[0] + np.int32(offset) for postings, offset in found])
    return positions.astype(np.int32), np.concatenate([postings[1] for postings, _ in found])


def _beginning(parts: Sequence[_Part], prefix: str) -> list[str]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.lexicon.beginning(prefix))
    return sorted(counts)


def _texts(parts: Sequence[_Part], positions: Sequence[int]) -> Iterator[tuple[str, str]]:
    for part in parts:
        own = [p - part.offset for p in positions if part.offset <= p < part.offset + part.lexicon.rows.count]
        if own:
            yield from part.lexicon.texts(own)
