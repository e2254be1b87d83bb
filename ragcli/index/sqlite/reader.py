"""Searching an index. Opening reads a few arrays; vectors are mapped when the first dense search comes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import Access, Candidate, Chunk, DocumentRecord, Filter, QueryWord
from ragcli.errors import IndexDamaged, UsageError
from ragcli.index import bm25
from ragcli.index.entries import Candidates, StoredChunk
from ragcli.index.manifest import check_analyzer
from ragcli.index.ranking import cosines, scored_rows, top
from ragcli.index.spelling import Lexicon, Speller
from ragcli.index.sqlite import checking, embeddings, lexical, rounding
from ragcli.index.sqlite.approximate import ApproximateSearch
from ragcli.index.sqlite.checksums import REBUILD, damaged
from ragcli.index.sqlite.columns import DocumentColumns
from ragcli.index.sqlite.contents import CatalogReader
from ragcli.index.sqlite.copystate import read_state, usable
from ragcli.index.sqlite.filtering import Allowed, allowed_rows
from ragcli.index.sqlite.phrases import Ranked
from ragcli.index.sqlite.restricting import visible_languages, visible_rows
from ragcli.index.sqlite.vectors import VectorFile
from ragcli.index.sqlite.words import NO_LANGUAGES, KeptPostings, Vocabulary, languages_of
from ragcli.index.statistics import Statistics
from ragcli.results import Understood
from ragcli.text.query import Query

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

_FEW = 0.1  # of all rows: when a filter leaves no more, their vectors are compared one by one
_FILTERS = 8  # whose masks are kept while the index stays as it is


class IndexReader(CatalogReader):
    """A catalog with its vectors and word lists: everything that searching needs, for any number of threads.

    `engine` says who finds the nearest vectors: "exact" compares all of them, "chroma" asks the Chroma collection.
    """

    def __init__(
        self, directory: Path, *, engine: str = "exact", access: Access | None = None, chroma: bool = True
    ) -> None:
        """With `access`, all vectors that it sees are compared, whatever `engine` says: what a graph finds depends on all
        that is in it."""
        super().__init__(directory, access=access, chroma=chroma)
        self._approximate = ApproximateSearch(directory) if engine == "chroma" and access is None else None
        self.opened()

    def close(self) -> None:
        """As `CatalogReader.close`; the Chroma collection is closed with the last search in it."""
        super().close()
        if self._approximate is not None:
            self._approximate.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """As `CatalogReader.snapshot`; before an outermost one, what is slow and needs none is done."""
        if self._approximate is not None and self._current() is None:
            self._approximate.refresh()
        with super().snapshot():
            yield

    def _row_arrays(self) -> lexical.ListedRows:
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
            if state.postings is None:
                state.postings = KeptPostings()
        return Vocabulary(self._connection, rows, state.languages, state.postings, whole=self._access is None)

    def _impacts(self) -> bm25.Impacts:
        state = self._state
        with state.lock:
            if state.impacts is None:
                state.impacts = bm25.Impacts()
            return state.impacts

    def _languages(self) -> tuple[str, ...]:
        if self._access is None:
            return languages_of(self._connection)
        return visible_languages(self._connection) or NO_LANGUAGES

    def resolve(self, query: Query) -> list[QueryWord]:
        """The question's words as the index knows them; see `Vocabulary.resolve`."""
        with self.snapshot():
            return self._vocabulary().resolve(query)

    def lexicon(self) -> Lexicon:
        """See `ragcli.index.protocol.Reader`."""
        with self.snapshot():
            return self._vocabulary().lexicon()

    def understand(self, question: str) -> Understood:
        """The question as the documents read it; see `ragcli.index.spelling`."""
        with self.snapshot():
            return Speller(self.lexicon()).understand(question)

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
            return bm25.statistics(self._row_arrays(), words, self._vocabulary().postings, self._impacts())

    def lexical_search(
        self, words: Sequence[QueryWord], k: int, where: Filter, known: Statistics | None = None
    ) -> list[Candidate]:
        """At most `k` candidates with a score > 0, best first, equal scores in the order of keys; `parts` are the BM25 of the
        chunk and of its document, and the score is their weighted mean (see `ragcli.index.bm25`). `known` are the
        statistics to score by, None: this index's own."""
        with self.snapshot():
            rows, lookup = self._row_arrays(), self._vocabulary().postings
            kept, share = self._impacts(), bm25.DOCUMENT_SHARE
            known = known or bm25.statistics(rows, words, lookup, kept)
            chunks, documents = bm25.score(rows, words, lookup, known, kept)
            if not len(documents):
                return []
            scores = np.where(chunks > 0, (1 - share) * chunks + (share * documents)[rows.documents], 0.0)
            allowed = self._allowed(where)
            if where:
                scores = np.where(allowed.mask, scores, 0.0)

            def best(count: int) -> Ranked:
                return [entry for entry in top(scores, count) if entry[1] > 0]

            return [
                Candidate(
                    row,
                    score,
                    (("chunk", float(chunks[row - 1])), ("document", float(documents[rows.documents[row - 1]]))),
                )
                for row, score in allowed.best(self._connection, best, k)
            ]

    def dense_search(self, vector: Vector, k: int, where: Filter) -> list[Candidate]:
        """At most `k` candidates scored by cosine, best first, equal scores in the order of keys.

        Exact with the engine "exact". With "chroma" the scores are exact as well, and of the best chunks a few may be missing
        (see `ApproximateSearch`); while there is no collection that may be used, the search is exact.
        """
        with self.snapshot():
            rows = self._row_arrays()
            allowed, matrix = self._allowed(where), self._vectors(rows.count)
            if self._approximate is not None and allowed.phrases is None:
                state = read_state(self._connection)
                if usable(state, self.directory):
                    chosen = self._approximate.rows(self._connection, state, vector, k, allowed.mask)
                    if chosen is not None:
                        return [
                            Candidate(*entry) for entry in scored_rows(chosen, cosines(matrix[chosen - 1], vector), k)
                        ]
            nearest = partial(self._nearest, matrix, vector, allowed.mask)
            return [Candidate(*entry) for entry in allowed.best(self._connection, nearest, k)]

    def _nearest(self, matrix: Matrix, vector: Vector, mask: NDArray[np.bool_], k: int) -> Ranked:
        """The `k` best rows by cosine of those in `mask`, exactly, with their scores."""
        allowed = int(np.count_nonzero(mask))
        if allowed <= _FEW * len(mask):
            rows = np.flatnonzero(mask)
            return scored_rows(rows + 1, cosines(matrix[rows], vector), k)
        if self._access is None and len(matrix) >= rounding.BLOCK:
            found = self._rounded().nearest(matrix, vector, k, None if allowed == len(mask) else mask)
            if found is not None:
                return found
        scores = np.where(mask, cosines(matrix, vector), -np.inf)
        return [(row, score) for row, score in top(scores, k) if score > -np.inf]

    def _rounded(self) -> rounding.RoundedVectors:
        state = self._state
        with state.lock:
            if state.rounded is None:
                state.rounded = rounding.RoundedVectors()
            return state.rounded

    def vectors(self, rows: Sequence[int]) -> Matrix:
        """float32 [len(rows), dimension] in their order."""
        with self.snapshot():
            return np.asarray(self._vectors(self._row_arrays().count)[np.asarray(rows, dtype=np.int64) - 1])

    def rescore(self, vector: Vector, rows: Sequence[int]) -> list[Candidate]:
        """The chunks at `rows` scored by their cosine with `vector` and that of their best sentence, weighted as
        `Manifest.sentence_share` says, best first, equal scores in the order of keys; by the cosine alone where the index holds
        no sentences."""
        with self.snapshot():
            matrix = self._vectors(self._row_arrays().count)
            near = cosines(matrix[np.asarray(rows, dtype=np.int64) - 1], vector).tolist() if rows else []
            kept = self._state.sentences
            best = embeddings.best_sentences(self._connection, kept, rows, vector) if self.manifest.sentences else {}
            share = self.manifest.sentence_share
        scored = [
            Candidate(row, (1 - share) * cosine + share * best[row], (("chunk", cosine), ("sentence", best[row])))
            if row in best
            else Candidate(row, cosine, (("chunk", cosine),))
            for row, cosine in zip(rows, near, strict=True)
        ]
        return sorted(scored, key=lambda entry: (-entry.score, entry.key))

    def sentence_cosines(self, chunk_ids: Sequence[str], vector: Vector) -> dict[str, list[tuple[int, int, float]]]:
        """Chunk id → (start, end, cosine with `vector`) of its sentences, as places in the document; empty where the index
        holds no sentences."""
        with self.snapshot():
            return embeddings.sentences_of(self._connection, self._state.sentences, chunk_ids, vector)

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

    def _allowed(self, where: Filter) -> Allowed:
        kept = self._state.allowed
        allowed = kept.get(where)
        if allowed is None:
            allowed = allowed_rows(self._row_arrays(), where, self._columns, self._vocabulary)
            if len(kept) >= _FILTERS:
                kept.clear()
            kept[where] = allowed
        return allowed

    def _columns(self) -> DocumentColumns:
        state = self._state
        with state.lock:
            if state.columns is None:
                state.columns = DocumentColumns(self._connection)
            return state.columns

    def check(self) -> list[str]:
        """Read everything and list every contradiction; empty when the index is sound. Raises UsageError for a reader that sees
        a part of it."""
        if self._access is not None:
            raise UsageError("only who sees the whole index can check it", hint="rag doctor, without --as")
        with self.snapshot():
            return checking.problems(self._connection, self.directory, self._row_arrays(), self.manifest.dimension)
