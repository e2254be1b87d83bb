"""Searching the index of a `MemoryStore`, by the formulas as they are written in `ragcli.index.bm25`."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Candidate, Chunk, Filter, QueryWord
from ragcli.index.bm25 import DOCUMENT_SHARE, K1, MAX_EXPANSIONS, RELATED_WEIGHT, B, Postings, Rows
from ragcli.index.entries import Candidates, StoredChunk
from ragcli.index.matching import fulfils
from ragcli.index.ranking import cosines
from ragcli.index.spelling import Lexicon, Speller
from ragcli.index.statistics import Statistics
from ragcli.results import Understood
from ragcli.testing.memory_catalog import MemoryCatalog
from ragcli.testing.memory_state import Held
from ragcli.text.analyzer import stem, tokens
from ragcli.text.folding import contains_words
from ragcli.text.query import Query

if TYPE_CHECKING:
    from ragcli.datatypes import Vector


class MemoryReader(MemoryCatalog):
    """See `ragcli.index.protocol.Reader`."""

    def understand(self, question: str) -> Understood:
        return Speller(self.lexicon()).understand(question)

    def lexicon(self) -> Lexicon:
        return Lexicon(self._state.languages, self._rows(), self._forms, self._postings, self._beginning, self._texts)

    def resolve(self, query: Query) -> list[QueryWord]:
        words = []
        for token in query.tokens:
            every = [form for one in (token, *query.synonyms.get(token, ())) for form in self._forms(one)]
            words.append(self._word(tuple(dict.fromkeys(every))))
        words += [self._word(tuple(self._beginning(prefix)[:MAX_EXPANSIONS])) for prefix in query.prefixes]
        return words + [self._word(self._forms(token), RELATED_WEIGHT) for token in query.related]

    def statistics(self, words: Sequence[QueryWord]) -> Statistics:
        state = self._state
        holding = []
        for word in words:
            keys = self._frequencies(word.forms)
            holding.append((len(keys), len({state.chunks[key].chunk.document_id for key in keys})))
        terms = sum(held.counts.total() for held in state.chunks.values())
        documents = {held.chunk.document_id for held in state.chunks.values()}
        return Statistics(len(state.chunks), len(documents), terms, tuple(holding))

    def candidates(
        self,
        words: Sequence[QueryWord] | None,
        vector: Vector | None,
        k: int,
        where: Filter,
        statistics: Statistics | None = None,
    ) -> Candidates:
        began = time.perf_counter()
        with self.snapshot():
            allowed = {key: held for key, held in self._state.chunks.items() if self._is_allowed(held, where)}
            lexical: list[Candidate] = []
            if words is not None:
                scored = self._bm25(words, statistics or self.statistics(words))
                lexical = sorted((entry for entry in scored if entry.key in allowed), key=_best_first)[:k]
            between = time.perf_counter()
            dense, rescored = list[Candidate](), list[Candidate]()
            if vector is not None:
                dense = sorted((Candidate(*entry) for entry in self._near(list(allowed), vector)), key=_best_first)[:k]
                rescored = self._rescored(list({entry.key: None for entry in (*lexical, *dense)}), vector)
        took = {"lexical": between - began, "dense": time.perf_counter() - between}
        return Candidates(lexical, dense, rescored, {leg: seconds * 1000 for leg, seconds in took.items()})

    def fetch(self, keys: Sequence[int], *, vectors: bool = False) -> dict[int, StoredChunk]:
        state = self._state
        held = [state.chunks[key] for key in keys if key in state.chunks]
        return {
            one.key: StoredChunk(
                one.chunk,
                state.record(one.chunk.document_id),
                state.embeddings[one.text_hash].vector if vectors else None,
            )
            for one in held
        }

    def surroundings(self, chunk_ids: Sequence[str], before: int, after: int) -> Sequence[Chunk]:
        wanted = [held.chunk for held in self._state.chunks.values() if held.chunk.chunk_id in set(chunk_ids)]
        if not wanted:
            return []
        ordinals = [chunk.ordinal for chunk in wanted]
        chunks = self.document_chunks(wanted[0].document_id)
        return [chunk for chunk in chunks if min(ordinals) - before <= chunk.ordinal <= max(ordinals) + after]

    def sentence_cosines(self, chunk_ids: Sequence[str], vector: Vector) -> dict[str, list[tuple[int, int, float]]]:
        found = {}
        for held in self._state.chunks.values():
            vectors = self._state.embeddings[held.text_hash]
            if held.chunk.chunk_id in set(chunk_ids) and vectors.sentences is not None and len(vectors.sentences):
                near = cosines(vectors.sentences, vector).tolist()
                start = held.chunk.span.start
                spans = [(start + first, start + last) for first, last in vectors.spans or ()]
                found[held.chunk.chunk_id] = [(*span, near[i]) for i, span in enumerate(spans)]
        return found

    def check(self) -> list[str]:
        lacking = [held for held in self._state.chunks.values() if held.text_hash not in self._state.embeddings]
        return [f"{len(lacking)} chunks have no embedding"] if lacking else []

    def _near(self, keys: Sequence[int], vector: Vector) -> list[tuple[int, float]]:
        if not keys:
            return []
        state = self._state
        matrix = np.asarray([state.embeddings[state.chunks[key].text_hash].vector for key in keys])
        return list(zip(keys, cosines(matrix, vector).tolist(), strict=True))

    def _rescored(self, keys: Sequence[int], vector: Vector) -> list[Candidate]:
        state, found = self._state, []
        share = self.manifest.sentence_share
        for key, cosine in self._near(keys, vector):
            sentences = state.embeddings[state.chunks[key].text_hash].sentences
            if sentences is not None and len(sentences):
                best = float(cosines(sentences, vector).max())
                found.append(
                    Candidate(key, (1 - share) * cosine + share * best, (("chunk", cosine), ("sentence", best)))
                )
            else:
                found.append(Candidate(key, cosine, (("chunk", cosine),)))
        return sorted(found, key=_best_first)

    def _bm25(self, words: Sequence[QueryWord], known: Statistics) -> list[Candidate]:
        """Every chunk that holds one of the words."""
        state = self._state
        lengths: Counter[str] = Counter()
        for held in state.chunks.values():
            lengths[held.chunk.document_id] += held.counts.total()
        chunks: Counter[int] = Counter()
        documents: Counter[str] = Counter()
        for word, (holding, holding_documents) in zip(words, known.holding, strict=True):
            totals: Counter[str] = Counter()
            for key, count in self._frequencies(word.forms).items():
                held = state.chunks[key]
                idf = math.log((known.chunks + 1) / holding)
                length = held.counts.total() / (known.terms / known.chunks)
                chunks[key] += word.weight * idf * _saturated(count, length)  # type: ignore[assignment]
                totals[held.chunk.document_id] += count
            for identity, count in totals.items():
                idf = math.log((known.documents + 1) / holding_documents)
                length = lengths[identity] / (known.terms / known.documents)
                documents[identity] += word.weight * idf * _saturated(count, length)  # type: ignore[assignment]
        found = []
        for key, own in chunks.items():
            of_document = documents[state.chunks[key].chunk.document_id]
            score = (1 - DOCUMENT_SHARE) * own + DOCUMENT_SHARE * of_document
            found.append(Candidate(key, score, (("chunk", float(own)), ("document", float(of_document)))))
        return found

    def _is_allowed(self, held: Held, where: Filter) -> bool:
        chunk, kept = held.chunk, self._state.documents[held.chunk.document_id]
        source, record = kept.source, kept.record
        if where.on_documents:
            places = [(one.path, one.root) for one in (source, *self._state.copies_of(chunk.document_id))]
            values = {**record.metadata, "type": record.type, "size": str(source.size), "title": record.title}
            if not fulfils(where, places, {**values, "language": record.language, "partial": record.partial}):
                return False
        unwanted = (form for word in where.without for form in self._forms(next(tokens(word))))
        return not any(form in held.counts for form in unwanted) and all(
            contains_words(chunk.text, phrase) or contains_words(chunk.header, phrase) for phrase in where.phrases
        )

    def _forms(self, token: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(stem(token, language) for language in self._state.languages))

    def _frequencies(self, forms: Sequence[str]) -> Counter[int]:
        """Key → how often the chunk holds any of the terms."""
        found: Counter[int] = Counter()
        for form in forms:
            found.update(self._state.postings.get(form, {}))
        return found

    def _word(self, forms: tuple[str, ...], weight: float = 1.0) -> QueryWord:
        idf = math.log((len(self._state.chunks) + 1) / max(1, len(self._frequencies(forms))))
        return QueryWord(forms, idf, weight)

    def _postings(self, forms: Sequence[str]) -> Postings:
        found = sorted(self._frequencies(forms).items())
        return np.array([key - 1 for key, _ in found], dtype=np.int32), np.array(
            [count for _, count in found], dtype=np.float32
        )

    def _beginning(self, prefix: str) -> list[str]:
        """Terms, the most frequent first."""
        found = {term: len(held) for term, held in self._state.postings.items() if term.startswith(prefix)}
        return sorted(found, key=lambda term: (-found[term], term))

    def _texts(self, positions: Sequence[int]) -> list[tuple[str, str]]:
        state = self._state
        held = [state.chunks[position + 1].chunk for position in positions]
        languages = [state.documents[chunk.document_id].record.language for chunk in held]
        return [(f"{chunk.text} {chunk.header}", language) for chunk, language in zip(held, languages, strict=True)]

    def _rows(self) -> Rows:
        state = self._state
        lengths = np.full(state.manifest.next_row - 1, -1, dtype=np.int32)
        owners = np.zeros(len(lengths), dtype=np.int32)
        numbers = {identity: number for number, identity in enumerate(state.documents, start=1)}
        for key, held in state.chunks.items():
            lengths[key - 1], owners[key - 1] = held.counts.total(), numbers[held.chunk.document_id]
        return Rows(lengths, owners)


def _saturated(frequency: float, length: float) -> float:
    """`length` is that of the text in average lengths."""
    return frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length))


def _best_first(entry: Candidate) -> tuple[float, int]:
    return -entry.score, entry.key
