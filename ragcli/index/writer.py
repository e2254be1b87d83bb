"""Changing an index. What is committed survives a crash at any moment; what is not leaves no trace that a reader sees.

Order of a commit: vectors are appended to `vectors.f32` beyond the committed length and synced; then one transaction makes
documents, chunks, postings and the new length visible together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragcli.datatypes import Chunk, NewDocument, SourceFile, TextVectors
from ragcli.errors import CopyFailed
from ragcli.index import copies, embeddings, failures, lexical, tagging
from ragcli.index.catalog import CATALOG, connect_writer, disk_errors, read_meta, transaction, translated, write_meta
from ragcli.index.chroma import ChromaMirror
from ragcli.index.copystate import TAGGED
from ragcli.index.lock import WriterLock
from ragcli.index.preparing import Identity, advance, now, prepare
from ragcli.index.reindexing import searchable_path
from ragcli.index.rows import (
    CHUNK_COLUMNS,
    CHUNK_WIDTH,
    DOCUMENT_COLUMNS,
    chunk_of,
    document_of,
    insert_chunks,
    insert_document,
)
from ragcli.index.vectors import VectorFile
from ragcli.protocols import REDACTION
from ragcli.reports import Failure

_RUN = 1000  # vectors that are written together


@contextmanager
def open_writer(
    directory: Path,
    *,
    embedder: Mapping[str, object],
    chunker: Mapping[str, object],
    model_source: str = "",
    sentences: bool | None = None,
    redaction_key: str = "",
    rebuild: bool = False,
) -> Iterator[IndexWriter]:
    """The only way to change the index at `directory`, which is made if need be. It keeps `redaction_key` unless it has one.

    Raises IndexLocked when another process is writing, IndexIncompatible when the index was made with other parts and
    `rebuild` (which empties it first) is false.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# made by rag; safe to delete, `rag ingest` makes it again\n*\n")
        with WriterLock(directory) as lock, translated(directory):
            connection = connect_writer(directory)
            try:
                identity = Identity(embedder, chunker, model_source, sentences, redaction_key)
                yield IndexWriter(directory, connection, lock, identity, rebuild=rebuild)
            finally:
                connection.close()
    except OSError as error:
        raise disk_errors(directory, error) from error


def upgrade_format(directory: Path) -> None:
    """Bring the catalog at `directory`, if there is one of an older format, to this version's. Raises IndexLocked when another
    process is writing."""
    if (directory / CATALOG).is_file():
        with WriterLock(directory), translated(directory):
            connect_writer(directory).close()


class IndexWriter:
    """Made by `open_writer`; every method commits what it changes before it returns."""

    def __init__(
        self,
        directory: Path,
        connection: sqlite3.Connection,
        lock: WriterLock,
        identity: Identity,
        *,
        rebuild: bool,
    ) -> None:
        self._directory = directory
        self._connection = connection
        self._lock = lock
        prepare(connection, identity, rebuild=rebuild)
        self.sentences = bool(self._meta()["sentences"])
        self._dimension = int(str(identity.embedder["dimension"]))
        self._vectors = VectorFile(directory, self._dimension)
        self._repair_vectors()

    def _repair_vectors(self) -> None:
        rows = self._next_row() - 1
        if rows and not self._vectors.holds(rows):
            self._vectors.write(1, embeddings.by_row(self._connection, rows, self._dimension))

    def _meta(self) -> dict[str, Any]:
        return read_meta(self._connection)

    def _next_row(self) -> int:
        return int(self._meta()["next_row"])

    def report(self, progress: str) -> None:
        """What others are told while they wait for this writer."""
        self._lock.report(progress)

    def files(self) -> dict[str, SourceFile]:
        """What is remembered of the source of every document and of every copy of one, by document id."""
        return {**self.originals(), **copies.sources(self._connection)}

    def originals(self) -> dict[str, SourceFile]:
        """The sources of documents, without copies."""
        query = "SELECT document_id, path, root, size, mtime_ns, ctime_ns, content_hash FROM documents"
        return {entry[0]: SourceFile(*entry) for entry in self._connection.execute(query)}

    def outdated(self, changed: Mapping[str, int], redaction: str) -> frozenset[str]:
        """Ids of the documents that would be read otherwise now: of before format 4, whose chunks do not know their blocks,
        those of a type in `changed` that an older reader than the one named there has read, and those with placeholders for
        something else than `redaction` says. With each document its copies."""
        query = (
            "SELECT DISTINCT documents.row, document_id, type, CAST(reader AS INTEGER), reader, blocks = '[]' FROM chunks "
            "JOIN documents ON documents.row = document_row"
        )
        found = {
            row: name
            for row, name, type_, number, reader, bare in self._connection.execute(query)
            if bare or number < changed.get(type_, 0) or reader.partition(REDACTION)[2] != redaction
        }
        copied = self._connection.execute("SELECT document_id, of FROM copies")
        return frozenset([*found.values(), *(name for name, of in copied if of in found)])

    def failed_files(self) -> dict[str, tuple[SourceFile, Failure, str]]:
        """Sources that were not indexed, by document id, with the reason and the version of the reader that gave up."""
        return failures.read(self._connection)

    def counts(self) -> tuple[int, int]:
        """Documents, without copies, and chunks."""
        documents, chunks = self._connection.execute(
            "SELECT count(*), coalesce(sum(chunks), 0) FROM documents"
        ).fetchone()
        return int(documents), int(chunks)

    def tags(self) -> dict[str, dict[str, str]]:
        """The tags of documents that have any, by document id."""
        return tagging.read(self._connection)

    def tag(self, document_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Give documents more tags; a value of an equal name is replaced."""
        with transaction(self._connection, write=True):
            tagging.write(self._connection, document_ids, tags)
            behind = {*self._meta().get(TAGGED, []), *document_ids}
            write_meta(self._connection, {TAGGED: sorted(behind)})
            advance(self._connection)

    def without_embedding(self, chunks: Sequence[Chunk]) -> dict[bytes, Chunk]:
        """Text hash → chunk for those whose text has no stored embedding yet, or none of its sentences if those are wanted."""
        return embeddings.missing(self._connection, chunks, sentences=self.sentences)

    def chunks_without_sentences(self, limit: int) -> list[tuple[Chunk, str]]:
        """At most `limit` chunks with their documents' types that lack the sentence vectors that the index should have."""
        if not self.sentences:
            return []
        query = (
            f"SELECT {CHUNK_COLUMNS}, {DOCUMENT_COLUMNS} FROM chunks JOIN documents ON documents.row = document_row "
            "JOIN embeddings USING (text_hash) WHERE sentences IS NULL ORDER BY chunks.row LIMIT ?"
        )
        found = self._connection.execute(query, (limit,)).fetchall()
        return [(chunk_of(entry), document_of(entry[CHUNK_WIDTH:]).type) for entry in found]

    def store_embeddings(self, embedded: Mapping[bytes, TextVectors]) -> None:
        """Keep embeddings, by text hash, before the documents that need them are complete."""
        with transaction(self._connection, write=True):
            embeddings.store(self._connection, embedded)

    def commit(self, documents: Sequence[NewDocument]) -> None:
        """Add documents whose embeddings are stored, replacing those of the same id."""
        self._replace([new.document.document_id for new in documents], documents)

    def add_copies(self, found: Sequence[tuple[SourceFile, str]]) -> None:
        """Remember sources as copies of the documents with the ids beside them; documents of their own that they had, go."""
        if not found:
            return
        self._replace([source.document_id for source, _ in found], [])
        with transaction(self._connection, write=True):
            copies.add(self._connection, found)
            failures.forget(self._connection, [source.document_id for source, _ in found])
            advance(self._connection)

    def _replace(self, leaving: Sequence[str], arriving: Sequence[NewDocument]) -> None:
        """In one transaction, documents and copies go, and others come. Copies of what goes take its place; those of what was
        only read anew stay its copies."""
        anew = {new.source.document_id: new.source.content_hash for new in arriving}
        kept = copies.of_same_content(self._connection, anew, leaving)
        heirs = copies.heirs(self._connection, [identity for identity in leaving if identity not in kept])
        documents = [*arriving, *(heir for heir, _ in heirs)]
        first_row = self._next_row()
        chunks = [(new, chunk) for new in documents for chunk in new.chunks]
        for i in range(0, len(chunks), _RUN):
            run = [chunk for _, chunk in chunks[i : i + _RUN]]
            self._vectors.write(first_row + i, embeddings.of_chunks(self._connection, run, self._dimension))
        with transaction(self._connection, write=True):
            copies.remove(self._connection, [*leaving, *(heir.source.document_id for heir, _ in heirs)])
            self._delete_documents(leaving)
            row, document_rows = first_row, list[int]()
            for new in documents:
                document_row = insert_document(self._connection, new, now())
                insert_chunks(self._connection, row, document_row, new.chunks)
                document_rows += [document_row] * len(new.chunks)
                row += len(new.chunks)
            if chunks:
                entries = (
                    lexical.entry_of(chunk, searchable_path(new.source), new.document.language) for new, chunk in chunks
                )
                lexical.add_segments(self._connection, first_row, entries, document_rows)
            failures.forget(self._connection, [new.source.document_id for new in documents])
            for heir, others in heirs:
                copies.add(self._connection, [(other, heir.source.document_id) for other in others])
            for identity, others in kept.items():
                copies.add(self._connection, [(other, identity) for other in others])
            advance(self._connection, next_row=row)
        while self._merge():
            pass

    def touch(self, sources: Sequence[SourceFile]) -> None:
        """Remember new times of files whose content is that of their documents, and forget their failures."""
        with transaction(self._connection, write=True):
            self._connection.executemany(
                "UPDATE documents SET size = ?, mtime_ns = ?, ctime_ns = ?, root = ? WHERE document_id = ?",
                [
                    (source.size, source.mtime_ns, source.ctime_ns, source.root, source.document_id)
                    for source in sources
                ],
            )
            for source in sources:
                copies.touch(self._connection, source)
            failures.forget(self._connection, [source.document_id for source in sources])

    def record_failures(self, failed: Sequence[tuple[SourceFile, Failure]], reader: str) -> None:
        """Remember files that this version of the reader could not read; a document that an earlier version of the file gave
        stays."""
        with transaction(self._connection, write=True):
            failures.record(self._connection, failed, reader)

    def remove(self, document_ids: Sequence[str]) -> int:
        """Delete documents, copies and remembered failures; returns how many documents and copies went."""
        files = self.files()
        known = [identity for identity in document_ids if identity in files]
        if known:
            self._replace(known, [])
        with transaction(self._connection, write=True):
            failures.forget(self._connection, document_ids)
        return len(known)

    def finish(self) -> list[str]:
        """Drop embeddings that no chunk uses, merge segments, and bring Chroma up to date; returns what went wrong with
        the copies, none of which harms the index."""
        with transaction(self._connection, write=True):
            embeddings.sweep(self._connection)
        while self._merge():
            pass
        generation = int(self._meta()["generation"])
        try:
            ChromaMirror(self._directory).sync(self._connection, generation=generation, held=[self._lock.descriptor])
        except CopyFailed as problem:
            return [f"{problem.message} ({problem.hint})"]
        return []

    def _merge(self) -> bool:
        with transaction(self._connection, write=True):
            return lexical.merge_segments(self._connection)

    def _delete_documents(self, ids: Sequence[str]) -> None:
        rows = [
            entry[0]
            for document_id in ids
            for entry in self._connection.execute(
                "SELECT chunks.row FROM chunks JOIN documents ON documents.row = document_row WHERE document_id = ?",
                (document_id,),
            )
        ]
        lexical.delete_rows(self._connection, rows)
        self._connection.executemany(
            "DELETE FROM documents WHERE document_id = ?", [(document_id,) for document_id in ids]
        )
