"""Paths → index. A file that did not change is not read; one that changed re-embeds only the chunks whose text is new."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ragcli.datatypes import Chunk, Document, Item, NewDocument, SourceFile, TextVectors
from ragcli.errors import LoadError, NotADocument
from ragcli.protocols import Chunker, Embedder
from ragcli.reports import Failure, IngestReport
from ragcli.scanning import Found, Skipped, content_hash, read_bytes
from ragcli.text.units import vector_spans

BATCH_CHUNKS = 128  # documents are embedded and committed together when they have this many chunks; a longer document
# stores its embeddings in runs of this many, so that a killed ingest keeps them


class Writer(Protocol):
    """The part of an index writer that ingest uses; see `ragcli.index.writer.IndexWriter`."""

    def files(self) -> dict[str, SourceFile]: ...
    def failed_files(self) -> dict[str, tuple[SourceFile, Failure]]: ...
    def counts(self) -> tuple[int, int]: ...
    @property
    def sentences(self) -> bool: ...
    def without_embedding(self, chunks: Sequence[Chunk]) -> dict[bytes, Chunk]: ...
    def chunks_without_sentences(self, limit: int) -> list[tuple[Chunk, str]]: ...
    def store_embeddings(self, embedded: Mapping[bytes, TextVectors]) -> None: ...
    def commit(self, documents: Sequence[NewDocument]) -> None: ...
    def touch(self, sources: Sequence[SourceFile]) -> None: ...
    def record_failures(self, failed: Sequence[tuple[SourceFile, Failure]]) -> None: ...
    def remove(self, document_ids: Sequence[str]) -> int: ...
    def finish(self) -> list[str]: ...
    def report(self, progress: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: files done of `files`, chunks embedded so far, and the file at hand."""

    done: int
    files: int
    chunks: int
    current: str


@dataclass(slots=True)
class _Tally:
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    chunks_added: int = 0
    chunks_embedded: int = 0
    failed: list[Failure] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


class Ingest:
    """One run over a set of items. Call `run` once."""

    def __init__(
        self,
        writer: Writer,
        chunker: Chunker,
        embedder: Embedder,
        detect_language: Callable[[str], str],
        *,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._writer = writer
        self._chunker = chunker
        self._embedder = embedder
        self._detect_language = detect_language
        self._on_progress = on_progress
        self._tally = _Tally()
        self._failures: list[tuple[SourceFile, Failure]] = []
        self._known: dict[str, SourceFile] = {}
        self._queue: list[NewDocument] = []
        self._emptied: list[str] = []  # ids of documents whose files hold no text any more

    def run(
        self, items: Sequence[Item], skipped: Iterable[Skipped], *, gone: Sequence[str], prune: bool
    ) -> IngestReport:
        """Ingest `items`. `gone` are ids of documents that no longer exist; they leave if `prune` says so.

        On KeyboardInterrupt everything finished so far is committed and the report says `interrupted`.
        """
        started = time.monotonic()
        for entry in skipped:
            if entry.reason.startswith("cannot"):
                self._tally.failed.append(Failure(entry.path, entry.reason))
            else:
                self._tally.skipped[entry.reason] += 1
        interrupted = False
        try:
            self._complete_sentences()
            self._ingest_all(items)
            self._tally.removed += self._writer.remove(gone) if prune and gone else 0
        except KeyboardInterrupt:
            interrupted = True
        self._record_failures()
        warnings: list[str] = []
        if not interrupted:
            self._on_progress(Progress(len(items), len(items), self._tally.chunks_embedded, "finishing the index"))
            self._writer.report("finishing the index")
            warnings = self._writer.finish()
        documents, chunks = self._writer.counts()
        tally = self._tally
        return IngestReport(
            added=tally.added,
            updated=tally.updated,
            unchanged=tally.unchanged,
            removed=tally.removed,
            missing=0 if prune else len(gone),
            failed=tuple(sorted(tally.failed, key=lambda failure: failure.path)),
            skipped=dict(sorted(tally.skipped.items())),
            chunks_added=tally.chunks_added,
            chunks_embedded=tally.chunks_embedded,
            documents=documents,
            chunks=chunks,
            seconds=time.monotonic() - started,
            interrupted=interrupted,
            warnings=tuple(warnings),
        )

    def _ingest_all(self, items: Sequence[Item]) -> None:
        self._known = self._writer.files()
        failed = self._writer.failed_files()
        touched: list[SourceFile] = []
        for done, item in enumerate(items):
            self._on_progress(Progress(done, len(items), self._tally.chunks_embedded, item.source.path))
            self._writer.report(f"{done} of {len(items)} files")
            before = self._known.get(item.source.document_id)
            if before is not None and _same_file(before, item.source):
                self._tally.unchanged += 1
            elif item.source.document_id in failed and _same_file(failed[item.source.document_id][0], item.source):
                self._count(failed[item.source.document_id][1])
            else:
                touched += self._read(item, before)
                if sum(len(new.chunks) for new in self._queue) >= BATCH_CHUNKS:
                    self._commit(done + 1, len(items))
        self._commit(len(items), len(items))
        if touched:
            self._writer.touch(touched)

    def _read(self, item: Item, before: SourceFile | None) -> list[SourceFile]:
        """Read one file and queue its chunks; returns it when only its times changed."""
        try:
            data = item.read()
            source = replace(item.source, content_hash=content_hash(data))
            if before is not None and before.content_hash == source.content_hash:
                self._tally.unchanged += 1
                return [source]
            document = self._with_language(item.load(data))
            self._queue.append(NewDocument(source, document, self._chunker.split(document)))
        except LoadError as error:
            failure = Failure(item.source.path, error.reason, isinstance(error, NotADocument))
            self._count(failure)
            self._failures.append((item.source, failure))
            if failure.skipped and before is not None:
                self._emptied.append(item.source.document_id)
        return []

    def _commit(self, done: int, files: int) -> None:
        """Embed and commit the queue."""
        missing = list(self._writer.without_embedding([chunk for new in self._queue for chunk in new.chunks]).items())
        types = {new.document.document_id: new.document.type for new in self._queue}
        for i in range(0, len(missing), BATCH_CHUNKS):
            self._embed({key: (chunk, types[chunk.document_id]) for key, chunk in missing[i : i + BATCH_CHUNKS]})
            self._on_progress(Progress(done, files, self._tally.chunks_embedded, self._queue[-1].source.path))
        if self._queue:
            self._writer.commit(self._queue)
        for new in self._queue:
            self._tally.added += new.source.document_id not in self._known
            self._tally.updated += new.source.document_id in self._known
            self._tally.chunks_added += len(new.chunks)
        self._queue = []
        if self._emptied:
            self._tally.removed += self._writer.remove(self._emptied)
            self._emptied = []
        self._record_failures()

    def _embed(self, batch: Mapping[bytes, tuple[Chunk, str]]) -> None:
        vectors = embed_chunks(self._embedder, list(batch.values()), sentences=self._writer.sentences)
        self._writer.store_embeddings(dict(zip(batch, vectors, strict=True)))
        self._tally.chunks_embedded += len(batch)

    def _complete_sentences(self) -> None:
        """Embed the sentences of chunks that were indexed without them, when the index is to have them now."""
        while batch := self._writer.chunks_without_sentences(BATCH_CHUNKS):
            self._on_progress(Progress(0, 0, self._tally.chunks_embedded, "sentences of what is indexed"))
            keys = {id(chunk): key for key, chunk in self._writer.without_embedding([c for c, _ in batch]).items()}
            self._embed({keys[id(chunk)]: (chunk, type_) for chunk, type_ in batch if id(chunk) in keys})

    def _with_language(self, document: Document) -> Document:
        """Source code counts as English: its words are."""
        return document if document.type == "code" else replace(document, language=self._detect_language(document.text))

    def _count(self, failure: Failure) -> None:
        if failure.skipped:
            self._tally.skipped[failure.reason] += 1
        else:
            self._tally.failed.append(failure)

    def _record_failures(self) -> None:
        if self._failures:
            self._writer.record_failures(self._failures)
            self._failures = []


def embed_chunks(embedder: Embedder, chunks: Sequence[tuple[Chunk, str]], *, sentences: bool) -> list[TextVectors]:
    """The vectors of chunks, each given with its document's type, in their order."""
    spans = [vector_spans(chunk.text, lines=type_ == "code") if sentences else [] for chunk, type_ in chunks]
    texts = [chunk.searchable_text for chunk, _ in chunks]
    texts += [chunk.text[start:end] for (chunk, _), places in zip(chunks, spans, strict=True) for start, end in places]
    matrix = embedder.embed_documents(texts)
    embedded, position = [], len(chunks)
    for i, places in enumerate(spans):
        own = matrix[position : position + len(places)]
        embedded.append(TextVectors(matrix[i], places, own) if sentences else TextVectors(matrix[i]))
        position += len(places)
    return embedded


def file_items(found: Iterable[Found], load: Callable[[bytes, Path], Document]) -> Iterator[Item]:
    """Files as items; `load` turns bytes and the catalog's path into a Document."""
    for file in found:
        yield Item(
            file.source,
            read=lambda file=file: read_bytes(file),  # type: ignore[misc]
            load=lambda data, file=file: load(data, Path(file.source.path)),  # type: ignore[misc]
        )


def _same_file(before: SourceFile, now: SourceFile) -> bool:
    """The system's word that a file was not written since: size, modification time and change time are equal."""
    return (before.size, before.mtime_ns, before.ctime_ns) == (now.size, now.mtime_ns, now.ctime_ns)
