"""Searching an index. Opening reads a few arrays; vectors are mapped when the first dense search comes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import Access, Candidate, Chunk, DocumentRecord, Filter, QueryWord
from ragcli.errors import IndexDamaged, UsageError
from ragcli.index import bm25, checking, embeddings, lexical
from ragcli.index.approximate import ApproximateSearch
from ragcli.index.checksums import REBUILD, damaged
from ragcli.index.contents import CatalogReader
from ragcli.index.copystate import read_state, usable
from ragcli.index.entries import Candidates, StoredChunk
from ragcli.index.filtering import allowed_rows
from ragcli.index.manifest import check_analyzer
from ragcli.index.ranking import scored_rows, top
from ragcli.index.restricting import visible_languages, visible_rows
from ragcli.index.statistics import Statistics
from ragcli.index.vectors import VectorFile, cosines
from ragcli.index.words import NO_LANGUAGES, Vocabulary, languages_of
from ragcli.results import Understood
from ragcli.text.query import Query

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

_MASKS = 8  # of the last filters, kept while the index stays as it is


class IndexReader(CatalogReader):
    """A catalog with its vectors and word lists: everything that searching needs, for any number of threads.

    `engine` says who finds the nearest vectors: "exact" compares all of them, "chroma" asks the Chroma collection.
    """

    def __init__(self, directory: Path, *, engine: str = "exact", access: Access | None = None) -> None:
        """With `access`, all vectors that it sees are compared, whatever `engine` says: what a graph finds depends on all
        that is in it."""
        super().__init__(directory, access=access)
        self._approximate = ApproximateSearch(directory) if engine == "chroma" and access is None else None
        self.opened()

    def close(self) -> None:
        """As `CatalogReader.close`; the Chroma collection is closed with the last search in it."""
        super().close()
        if self._approximate is not None:
            self._approximate.close()

    def _row_arrays(self) -> bm25.Rows:
        state = self._state
        with state.lock:
            if state.rows is None:
                rows = lexical.read_rows(self._connection)
                if rows.count != state.manifest.next_row - 1:
                    raise IndexDamaged(
                        f"the index at {self.directory} lists {rows.count} chunks where {state.manifest.next_row - 1} were "
                        "committed",
                        hint=REBUILD,
                    )
                state.rows = rows if self._access is None else rows.of_documents(visible_rows(self._connection))
            return state.rows

    def _vocabulary(self) -> Vocabulary:
        """The words of the index; valid inside the snapshot in which it was asked for."""
        check_analyzer(self.manifest)
        rows, state = self._row_arrays(), self._state
        with state.lock:
            if state.languages is None:
                state.languages = self._languages()
        return Vocabulary(self._connection, rows, state.languages, state.postings, whole=self._access is None)

    def _languages(self) -> tuple[str, ...]:
        if self._access is None:
            return languages_of(self._connection)
        return visible_languages(self._connection) or NO_LANGUAGES

    def resolve(self, query: Query) -> list[QueryWord]:
        """The question's words as the index knows them; see `Vocabulary.resolve`."""
        with self.snapshot():
            return self._vocabulary().resolve(query)

    def understand(self, question: str) -> Understood:
        """The question as the documents read it; see `Vocabulary.understand`."""
        with self.snapshot():
            return self._vocabulary().understand(question)

    def candidates(
        self,
        words: Sequence[QueryWord] | None,
        vector: Vector | None,
        k: int,
        where: Filter,
        statistics: Statistics | None = None,
    ) -> Candidates:
        """See `ragcli.index.protocol.Searcher`."""
        began = time.perf_counter()
        with self.snapshot():
            lexical = self.lexical_search(words, k, where, statistics) if words is not None else []
            between = time.perf_counter()
            dense = self.dense_search(vector, k, where) if vector is not None else []
            every = list(dict.fromkeys(entry.key for entry in (*lexical, *dense)))
            rescored = self.rescore(vector, every) if vector is not None else []
        took = {"lexical": between - began, "dense": time.perf_counter() - between}
        return Candidates(lexical, dense, rescored, {leg: seconds * 1000 for leg, seconds in took.items()})

    def fetch(self, keys: Sequence[int], *, vectors: bool = False) -> dict[int, StoredChunk]:
        """See `ragcli.index.protocol.Searcher`."""
        with self.snapshot():
            found = self.chunks(keys)
            matrix = self.vectors(list(found)) if vectors else [None] * len(found)
        return {key: StoredChunk(*entry, vector) for (key, entry), vector in zip(found.items(), matrix, strict=True)}

    def statistics(self, words: Sequence[QueryWord]) -> Statistics:
        """See `ragcli.index.protocol.Searcher`."""
        with self.snapshot():
            return bm25.statistics(self._row_arrays(), words, self._vocabulary().postings)

    def lexical_search(
        self, words: Sequence[QueryWord], k: int, where: Filter, known: Statistics | None = None
    ) -> list[Candidate]:
        """At most `k` candidates with a score > 0, best first, equal scores in the order of keys; `parts` are the BM25 of the
        chunk and of its document, and the score is their weighted mean (see `ragcli.index.bm25`). `known` are the
        statistics to score by, None: this index's own."""
        with self.snapshot():
            rows, lookup = self._row_arrays(), self._vocabulary().postings
            known = known or bm25.statistics(rows, words, lookup)
            chunks, documents = bm25.score(rows, words, lookup, known)
            share = bm25.DOCUMENT_SHARE
            scores = np.where(chunks > 0, (1 - share) * chunks + share * documents, 0.0)
            if where:
                scores = np.where(self._mask(where), scores, 0.0)
            return [
                Candidate(row, score, (("chunk", float(chunks[row - 1])), ("document", float(documents[row - 1]))))
                for row, score in top(scores, k)
                if score > 0
            ]

    def dense_search(self, vector: Vector, k: int, where: Filter) -> list[Candidate]:
        """At most `k` candidates scored by cosine, best first, equal scores in the order of keys.

        Exact with the engine "exact". With "chroma" the scores are exact as well, and of the best chunks a few may be missing
        (see `ApproximateSearch`); while there is no collection that may be used, the search is exact.
        """
        with self.snapshot():
            rows = self._row_arrays()
            mask, matrix = self._mask(where), self._vectors(rows.count)
            if self._approximate is not None:
                state = read_state(self._connection)
                if usable(state, self.directory):
                    chosen = self._approximate.rows(self._connection, state, vector, k, mask)
                    if chosen is not None:
                        return [
                            Candidate(*entry) for entry in scored_rows(chosen, cosines(matrix[chosen - 1], vector), k)
                        ]
            scores = np.where(mask, cosines(matrix, vector), -np.inf)
            return [Candidate(row, score) for row, score in top(scores, k) if score > -np.inf]

    def vectors(self, rows: Sequence[int]) -> Matrix:
        """float32 [len(rows), dimension] in their order."""
        with self.snapshot():
            return np.asarray(self._vectors(self._row_arrays().count)[np.asarray(rows, dtype=np.int64) - 1])

    def rescore(self, vector: Vector, rows: Sequence[int]) -> list[Candidate]:
        """The chunks at `rows` scored by the mean of their cosine with `vector` and that of their best sentence, best first,
        equal scores in the order of keys; by the cosine alone where the index holds no sentences."""
        with self.snapshot():
            matrix = self._vectors(self._row_arrays().count)
            near = cosines(matrix[np.asarray(rows, dtype=np.int64) - 1], vector).tolist() if rows else []
            best = embeddings.best_sentences(self._connection, rows, vector) if self.manifest.sentences else {}
        scored = [
            Candidate(row, (cosine + best[row]) / 2, (("chunk", cosine), ("sentence", best[row])))
            if row in best
            else Candidate(row, cosine, (("chunk", cosine),))
            for row, cosine in zip(rows, near, strict=True)
        ]
        return sorted(scored, key=lambda entry: (-entry.score, entry.key))

    def sentence_cosines(self, chunk_ids: Sequence[str], vector: Vector) -> dict[str, list[tuple[int, int, float]]]:
        """Chunk id → (start, end, cosine with `vector`) of its sentences, as places in the document; empty where the index
        holds no sentences."""
        with self.snapshot():
            return embeddings.sentences_of(self._connection, chunk_ids, vector)

    def chunks(self, rows: Sequence[int]) -> dict[int, tuple[Chunk, DocumentRecord]]:
        """As `CatalogReader.chunks`. Raises IndexDamaged when one is missing that the word index lists."""
        with self.snapshot():
            found = super().chunks(rows)
            known = self._row_arrays()
            if any(row not in found and row <= known.count and known.live[row - 1] for row in rows):
                raise damaged("the list of passages")
            return found

    def _vectors(self, rows: int) -> Matrix:
        state = self._state
        with state.lock:
            if state.matrix is None:
                file = VectorFile(self.directory, state.manifest.dimension)
                if file.sound(self._connection, rows):
                    state.matrix = file.read(rows)
                else:
                    state.matrix = embeddings.by_row(self._connection, rows, state.manifest.dimension)
            return state.matrix

    def _mask(self, where: Filter) -> NDArray[np.bool_]:
        masks = self._state.masks
        mask = masks.get(where)
        if mask is None:
            vocabulary = self._vocabulary() if where.without else None
            mask = allowed_rows(self._connection, self._row_arrays(), where, vocabulary)
            if len(masks) >= _MASKS:
                masks.clear()
            masks[where] = mask
        return mask

    def check(self) -> list[str]:
        """Read everything and list every contradiction; empty when the index is sound. Raises UsageError for a reader that sees
        a part of it."""
        if self._access is not None:
            raise UsageError("only who sees the whole index can check it", hint="rag doctor, without --as")
        with self.snapshot():
            return checking.problems(self._connection, self.directory, self._row_arrays(), self.manifest.dimension)
