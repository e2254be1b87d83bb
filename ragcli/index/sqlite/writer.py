"""Changing an index. What is committed survives a crash at any moment; what is not leaves no trace that a reader sees.

Order of a commit: vectors are appended to `vectors.f32` beyond the committed length and synced; then one transaction makes
documents, chunks, postings and the new length visible together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ragcli.datatypes import Chunk, NewDocument, SourceFile, TextVectors
from ragcli.errors import CopyFailed, RagError
from ragcli.index.entries import PAGE
from ragcli.index.indexing import entry_of, searchable_path
from ragcli.index.links import refuse_links
from ragcli.index.manifest import Identity
from ragcli.index.sqlite import (
    calibration,
    catalog,
    copies,
    embeddings,
    erasing,
    failures,
    lexical,
    merging,
    rebuilding,
    remembered,
    removals,
    tagging,
)
from ragcli.index.sqlite.catalog import connect_writer, disk_errors, read_meta, transaction, translated, write_meta
from ragcli.index.sqlite.chroma import ChromaMirror
from ragcli.index.sqlite.committed import write_committed
from ragcli.index.sqlite.copystate import TAGGED
from ragcli.index.sqlite.lock import WriterLock
from ragcli.index.sqlite.preparing import advance, merge_words, now, prepare
from ragcli.index.sqlite.rows import delete_documents, insert_chunks, insert_document, touch_document
from ragcli.index.sqlite.traces import traces_of
from ragcli.index.sqlite.vectors import VectorFile, note_runs
from ragcli.metadata import AccessTags
from ragcli.private import make_private_folder, replace_private
from ragcli.remains import Traces
from ragcli.reports import Failure

_RUN = 1000  # vectors that are written together


@contextmanager
def open_writer(
    directory: Path, identity: Identity, *, rebuild: bool = False, chroma: bool = True
) -> Iterator[IndexWriter]:
    """The only way to change the index at `directory`, which is made if need be.

    With `rebuild`, an index without documents, which takes the place of the old one when it is finished (see `rebuilding`).
    Without `chroma`, no copy is kept in a Chroma collection, and one that is there is removed.
    Raises IndexLocked when another process is writing, IndexIncompatible when the index was made with other parts and
    `rebuild` is false.
    """
    try:
        make_private_folder(directory)
        refuse_links(directory)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            replace_private(ignore, "# made by rag; safe to delete, `rag ingest` makes it again\n*\n")
        with (
            WriterLock(directory) as lock,
            translated(directory),
            closing(IndexWriter(directory, lock, identity, rebuild=rebuild, chroma=chroma)) as writer,
        ):
            yield writer
    except OSError as error:
        raise disk_errors(directory, error) from error


class IndexWriter:
    """Made by `open_writer`; every method commits what it changes before it returns."""

    def __init__(self, directory: Path, lock: WriterLock, identity: Identity, *, rebuild: bool, chroma: bool) -> None:
        self._directory = directory
        self._lock = lock
        self._dimension = int(str(identity.embedder["dimension"]))
        self._chroma = chroma
        self._unchecked = False  # whether `settle` is to be called by who forgets
        self._beside = rebuild and (directory / catalog.CATALOG).exists()
        if self._beside:
            self._connection, before = rebuilding.begin(directory, identity.embedder)
            self._vectors = VectorFile(directory / rebuilding.BESIDE, self._dimension)
        else:
            rebuilding.remove_leftovers(directory)
            self._connection, before = connect_writer(directory), None
            self._vectors = VectorFile(directory, self._dimension)
        try:
            merging.remove_unseen(self._connection)
            prepare(self._connection, identity, before)
            if not self._beside:
                calibration.carry_over(self._connection, directory)
            self.sentences = bool(self._meta()["sentences"])
            self._repair_vectors()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the catalog; of a rebuild that was not finished only the embeddings stay."""
        if self._beside:
            rebuilding.leave_embeddings(self._connection, self._directory)
            return
        with closing(self._connection), suppress(sqlite3.Error, RagError, OSError):  # then the next writer says it
            write_committed(self._directory, [self._state()], sync=False)

    def _state(self) -> tuple[str, int]:
        meta = self._meta()
        return str(meta["id"]), int(meta["generation"])

    def _take_place(self) -> None:
        state = self._state()
        self._connection.close()
        rebuilding.change_over(self._directory, *state)
        self._beside = False
        self._connection = connect_writer(self._directory)
        calibration.carry_over(self._connection, self._directory)
        self._vectors = VectorFile(self._directory, self._dimension)

    def _repair_vectors(self) -> None:
        if not self._vectors.sound(self._connection, self._next_row() - 1):
            erasing.write_vectors(self._connection, self._vectors, self._next_row() - 1, self._dimension)

    def _meta(self) -> dict[str, Any]:
        return read_meta(self._connection)

    def _next_row(self) -> int:
        return int(self._meta()["next_row"])

    def report(self, progress: str) -> None:
        """What others are told while they wait for this writer."""
        self._lock.report(progress)

    def page(self, after: str = "", limit: int = PAGE) -> Sequence[SourceFile]:
        """See `ragcli.index.protocol.Writer`, as for the members below."""
        return remembered.page(self._connection, after, limit)

    def known(self, document_ids: Sequence[str]) -> dict[str, SourceFile]:
        return remembered.known(self._connection, document_ids)

    def twins(self, content_hashes: Sequence[str]) -> list[SourceFile]:
        return remembered.twins(self._connection, content_hashes)

    def copied(self, document_ids: Sequence[str]) -> frozenset[str]:
        return remembered.copied(self._connection, document_ids)

    def failed(self, document_ids: Sequence[str]) -> dict[str, tuple[SourceFile, Failure, str]]:
        return remembered.failed(self._connection, document_ids)

    def tags(self, document_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        return tagging.read(self._connection, document_ids)

    def access(self, document_ids: Sequence[str]) -> dict[str, AccessTags]:
        return tagging.access(self._connection, document_ids)

    def outdated(self, changed: Mapping[str, int], redaction: str) -> frozenset[str]:
        return remembered.outdated(self._connection, changed, redaction)

    def counts(self) -> tuple[int, int]:
        documents, chunks = self._connection.execute(
            "SELECT count(*), coalesce(sum(chunks), 0) FROM documents"
        ).fetchone()
        return int(documents), int(chunks)

    def tag(self, document_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        with transaction(self._connection, write=True):
            tagging.write(self._connection, document_ids, tags)
            behind = {*self._meta().get(TAGGED, []), *document_ids}
            write_meta(self._connection, {TAGGED: sorted(behind)})
            advance(self._connection)

    def without_embedding(self, chunks: Sequence[Chunk]) -> dict[bytes, Chunk]:
        return embeddings.missing(self._connection, chunks, sentences=self.sentences)

    def chunks_without_sentences(self, limit: int) -> list[tuple[Chunk, str]]:
        return remembered.chunks_without_sentences(self._connection, limit) if self.sentences else []

    def store_embeddings(self, embedded: Mapping[bytes, TextVectors]) -> None:
        with transaction(self._connection, write=True):
            embeddings.store(self._connection, embedded)

    def commit(self, documents: Sequence[NewDocument]) -> None:
        self._replace([new.document.document_id for new in documents], documents)

    def add_copies(self, found: Sequence[tuple[SourceFile, str]]) -> None:
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
        chunks, runs = [(new, chunk) for new in documents for chunk in new.chunks], []
        for i in range(0, len(chunks), _RUN):
            run = [chunk for _, chunk in chunks[i : i + _RUN]]
            matrix = embeddings.of_chunks(self._connection, run, self._dimension)
            runs.append(self._vectors.write(first_row + i, matrix))
        with transaction(self._connection, write=True):
            copies.remove(self._connection, [*leaving, *(heir.source.document_id for heir, _ in heirs)])
            lexical.delete_rows(self._connection, delete_documents(self._connection, leaving))
            row, document_rows = first_row, list[int]()
            for new in documents:
                document_row = insert_document(self._connection, new, now())
                insert_chunks(self._connection, row, document_row, new.chunks)
                document_rows += [document_row] * len(new.chunks)
                row += len(new.chunks)
            if chunks:
                entries = (entry_of(chunk, searchable_path(new.source), new.document.language) for new, chunk in chunks)
                lexical.add_segments(self._connection, first_row, entries, document_rows)
            note_runs(self._connection, runs)
            failures.forget(self._connection, [new.source.document_id for new in documents])
            for heir, others in heirs:
                copies.add(self._connection, [(other, heir.source.document_id) for other in others])
            for identity, others in kept.items():
                copies.add(self._connection, [(other, identity) for other in others])
            advance(self._connection, next_row=row)
        merge_words(self._connection)

    def touch(self, sources: Sequence[SourceFile]) -> None:
        with transaction(self._connection, write=True):
            for source in sources:
                touch_document(self._connection, source)
                copies.touch(self._connection, source)
            failures.forget(self._connection, [source.document_id for source in sources])

    def record_failures(self, failed: Sequence[tuple[SourceFile, Failure]], reader: str) -> None:
        with transaction(self._connection, write=True):
            failures.record(self._connection, failed, reader)

    def remove(self, document_ids: Sequence[str]) -> int:
        return self._remove(document_ids, thorough=False)

    def forget(self, document_ids: Sequence[str]) -> int:
        self._unchecked = True
        return self._remove(document_ids, thorough=True)

    def _remove(self, document_ids: Sequence[str], *, thorough: bool) -> int:
        begun = removals.begun(self._directory)
        every = list(dict.fromkeys([*document_ids, *(begun.documents if begun else ())]))
        known = list(self.known(every))
        if (known or thorough) and not self._beside:
            removals.begin(self._directory, every, thorough=thorough)
        if known:
            self._replace(known, [])
        with transaction(self._connection, write=True):
            failures.forget(self._connection, every)
        return len(set(known) & set(document_ids))

    def settle(self) -> None:
        removals.end(self._directory)

    def traces(self, document_ids: Sequence[str], also: Sequence[str] = ()) -> Traces:
        begun = removals.begun(self._directory)
        every = [*document_ids, *(begun.documents if begun else ())]
        return traces_of(self._connection, self._directory, every, also)

    def calibrate(self, values: Mapping[str, object]) -> None:
        calibration.keep(self._connection, values)

    def finish(self) -> list[str]:
        """Drop embeddings that no chunk uses, merge segments, let a rebuilt index take the place of the old one, complete a
        removal, and bring Chroma up to date, or remove its collection where none is kept; returns what went wrong with the
        copies, none of which harms the index."""
        with transaction(self._connection, write=True):
            embeddings.sweep(self._connection)
        merge_words(self._connection)
        if self._beside:
            self._take_place()
        apart = erasing.complete(self._connection, self._directory, self._vectors, self._dimension)
        generation, held, problems = int(self._meta()["generation"]), [self._lock.descriptor], []
        mirror = ChromaMirror(self._directory)
        update = partial(mirror.sync, generation=generation, held=held, apart=apart) if self._chroma else mirror.remove
        try:
            update(self._connection)
        except CopyFailed as problem:
            problems = [f"{problem.message} ({problem.hint})"]
        if not self._unchecked:
            self.settle()
        return problems
