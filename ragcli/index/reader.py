"""Searching an index. Opening reads a few arrays; vectors are mapped when the first dense search comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import Chunk, DocumentRecord, Filter, SourceFile
from ragcli.errors import IndexDamaged, IndexNotFound
from ragcli.index import embeddings, lexical
from ragcli.index.catalog import CATALOG, connect_reader, transaction, translated
from ragcli.index.chroma import ChromaMirror
from ragcli.index.filtering import path_matches
from ragcli.index.manifest import Manifest, check_analyzer, read_manifest
from ragcli.index.rows import CHUNK_COLUMNS, CHUNK_WIDTH, DOCUMENT_COLUMNS, chunk_of, document_of
from ragcli.index.vectors import VECTORS, VectorFile
from ragcli.reports import Failure
from ragcli.text.analyzer import query_terms

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

EXACT_LIMIT = 250_000


class IndexReader:
    """One state of an index. `snapshot()` groups reads; between snapshots the reader follows what a writer commits."""

    def __init__(self, directory: Path, *, exact_limit: int = EXACT_LIMIT) -> None:
        self.directory = directory
        self._exact_limit = exact_limit
        self._connection = connect_reader(directory)
        self._mirror = ChromaMirror(directory)
        self._depth = 0
        self._manifest: Manifest | None = None
        self._rows: lexical.Rows | None = None
        self._matrix: Matrix | None = None
        try:
            with self.snapshot():
                pass
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()

    @property
    def format(self) -> int:
        """The format number of the catalog."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @property
    def manifest(self) -> Manifest:
        assert self._manifest is not None
        return self._manifest

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside belongs to one committed state."""
        if self._depth:
            yield
            return
        with translated(self.directory), transaction(self._connection):
            self._refresh()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _refresh(self) -> None:
        generation = self._connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
        if generation is None:
            raise IndexNotFound(
                f"the index at {self.directory} is empty: nothing was ingested yet", hint="rag ingest PATH"
            )
        if self._manifest is None or self._manifest.generation != int(generation[0]):
            self._manifest = read_manifest(self._connection)
            self._rows = None
            self._matrix = None

    def _row_arrays(self) -> lexical.Rows:
        if self._rows is None:
            self._rows = lexical.read_rows(self._connection)
            if self._rows.count != self.manifest.next_row - 1:
                raise IndexDamaged(
                    f"the index at {self.directory} lists {self._rows.count} chunks where {self.manifest.next_row - 1} were "
                    "committed",
                    hint="rag ingest --rebuild",
                )
        return self._rows

    def lexical_search(self, text: str, k: int, where: Filter) -> list[tuple[int, float]]:
        """At most `k` (row, BM25 score > 0), best first, equal scores in the order of rows."""
        with self.snapshot():
            check_analyzer(self.manifest)
            rows = self._row_arrays()
            scores = lexical.score(self._connection, rows, query_terms(text))
            if where:
                scores = np.where(self._mask(where), scores, 0.0)
            return [(row, score) for row, score in _top(scores, k) if score > 0]

    def dense_search(self, vector: Vector, k: int, where: Filter) -> list[tuple[int, float]]:
        """At most `k` (row, cosine), best first, equal scores in the order of rows.

        Exact, unless the index is larger than `exact_limit`, has a search graph, and no filter is given.
        """
        with self.snapshot():
            rows = self._row_arrays()
            state = self.manifest.chroma
            if (
                not where
                and int(rows.live.sum()) > self._exact_limit
                and state.get("graph")
                and state.get("state") == "clean"
            ):
                return self._approximate(vector, k, rows, int(state["row"]))
            mask = self._mask(where)
            scores = np.where(mask, self._vectors(rows.count) @ vector, -np.inf)
            return [(row, score) for row, score in _top(scores, k) if score > -np.inf]

    def _approximate(self, vector: Vector, k: int, rows: lexical.Rows, built: int) -> list[tuple[int, float]]:
        """The graph's answer for the rows it was built from, an exact scan for the rows after them."""
        found = dict(self._mirror.search(vector, min(2 * k, built, 10_000)))
        marks = ",".join("?" * len(found))
        known = self._connection.execute(f"SELECT row, chunk_id FROM chunks WHERE chunk_id IN ({marks})", list(found))
        scored = [(int(row), found[chunk_id]) for row, chunk_id in known]
        recent = self._vectors(rows.count)[built:] @ vector
        scored += [(built + 1 + i, float(recent[i])) for i in range(len(recent)) if rows.lengths[built + i] >= 0]
        return sorted(scored, key=lambda entry: (-entry[1], entry[0]))[:k]

    def similarities(self, vector: Vector, rows: Sequence[int]) -> list[float]:
        """Cosine of `vector` with the chunks at `rows`, in their order."""
        with self.snapshot():
            matrix = self._vectors(self._row_arrays().count)
            return [float(score) for score in matrix[np.asarray(rows, dtype=np.int64) - 1] @ vector] if rows else []

    def inverse_frequencies(self, query: Sequence[str]) -> dict[str, float]:
        """idf of each analysed term, natural logarithm; see `ragcli.index.lexical`."""
        with self.snapshot():
            return lexical.inverse_frequencies(self._connection, self._row_arrays(), query)

    def _vectors(self, rows: int) -> Matrix:
        if self._matrix is None:
            file = VectorFile(self.directory, self.manifest.dimension)
            if file.holds(rows):
                self._matrix = file.read(rows)
            else:
                self._matrix = embeddings.by_row(self._connection, rows, self.manifest.dimension)
        return self._matrix

    def _mask(self, where: Filter) -> NDArray[np.bool_]:
        rows = self._row_arrays()
        if not where:
            return rows.live
        allowed = [
            row
            for row, path, root, type_ in self._connection.execute("SELECT row, path, root, type FROM documents")
            if (not where.types or type_ in where.types)
            and (not where.roots or root in where.roots)
            and (not where.paths or any(path_matches(pattern, path, root) for pattern in where.paths))
        ]
        return rows.live & np.isin(rows.document_rows, np.array(allowed, dtype=np.int32))

    def chunks(self, rows: Sequence[int]) -> dict[int, tuple[Chunk, DocumentRecord]]:
        """The chunks at `rows` that still exist, by row."""
        query = f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row"
        with self.snapshot():
            found = (self._connection.execute(f"{query} WHERE chunks.row = ?", (row,)).fetchone() for row in rows)
            return {entry[0]: (chunk_of(entry), document_of(entry[CHUNK_WIDTH:])) for entry in found if entry}

    def document_chunks(self, document_id: str) -> list[Chunk]:
        """All chunks of a document in order; empty when there is no such document."""
        with self.snapshot():
            found = self._connection.execute(
                f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row "
                "WHERE documents.document_id = ? ORDER BY ordinal",
                (document_id,),
            )
            return [chunk_of(entry) for entry in found]

    def documents(self) -> list[DocumentRecord]:
        """Every document, ordered by path."""
        with self.snapshot():
            return [
                document_of(entry)
                for entry in self._connection.execute(f"SELECT {DOCUMENT_COLUMNS} FROM documents ORDER BY path")
            ]

    def files(self) -> list[SourceFile]:
        """What is remembered of every document's file, ordered by path."""
        with self.snapshot():
            query = (
                "SELECT document_id, path, root, size, mtime_ns, ctime_ns, content_hash FROM documents ORDER BY path"
            )
            return [SourceFile(*entry) for entry in self._connection.execute(query)]

    def failures(self) -> list[Failure]:
        """Files that could not be read, ordered by path; those that are no documents are not among them."""
        with self.snapshot():
            return [
                Failure(*entry)
                for entry in self._connection.execute(
                    "SELECT path, reason FROM failures WHERE NOT skipped ORDER BY path"
                )
            ]

    def type_counts(self) -> dict[str, int]:
        with self.snapshot():
            query = "SELECT type, count(*) FROM documents GROUP BY type ORDER BY count(*) DESC, type"
            return dict(self._connection.execute(query).fetchall())

    def counts(self, window: int) -> tuple[int, int, int]:
        """Documents, chunks, and chunks of more than `window` tokens (what a model with that window cannot see whole)."""
        with self.snapshot():
            documents = int(self._connection.execute("SELECT count(*) FROM documents").fetchone()[0])
            chunks, over = self._connection.execute(
                "SELECT count(*), coalesce(sum(tokens > ?), 0) FROM chunks", (window,)
            ).fetchone()
            return documents, int(chunks), int(over)

    def disk_usage(self) -> Mapping[str, int]:
        """Bytes by part."""

        def size(name: str) -> int:
            path = self.directory / name
            return path.stat().st_size if path.exists() else 0

        return {"catalog": size(CATALOG), "vectors": size(VECTORS), "chroma": self._mirror.size_on_disk()}

    def check(self) -> list[str]:
        """Read everything and list every contradiction; an empty list means that the index is sound."""
        with self.snapshot():
            problems = [
                str(entry[0]) for entry in self._connection.execute("PRAGMA integrity_check(10)") if entry[0] != "ok"
            ]
            rows = self._row_arrays()
            live = {int(entry[0]) for entry in self._connection.execute("SELECT row FROM chunks")}
            listed = {int(row) for row in np.flatnonzero(rows.live) + 1}
            if live != listed:
                problems.append(f"{len(live ^ listed)} chunks are in the catalog or in the word index but not in both")
            stored = embeddings.by_row(self._connection, rows.count, self.manifest.dimension)
            file = VectorFile(self.directory, self.manifest.dimension)
            if rows.count and not file.holds(rows.count):
                problems.append(f"{VECTORS} is shorter than the {rows.count} vectors of the catalog")
            elif not np.array_equal(np.where(rows.live[:, None], file.read(rows.count), 0), stored):
                problems.append(f"{VECTORS} differs from the catalog")
            return problems


def _top(scores: NDArray[Any], k: int) -> list[tuple[int, float]]:
    """The `k` largest as (row, score); ties go to the smaller row, also at the cut."""
    k = min(k, len(scores))
    if k <= 0:
        return []
    threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
    above = np.flatnonzero(scores > threshold)
    level = np.flatnonzero(scores == threshold)[: k - len(above)]
    chosen = np.concatenate([above, level])
    order = np.lexsort((chosen, -scores[chosen]))
    return [(int(i) + 1, float(scores[i])) for i in chosen[order]]
