"""Sources → index. What did not change is not read; what changed re-embeds only the chunks whose text is new."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ragcli.cancellation import uninterrupted
from ragcli.datatypes import Chunk, Document, NewDocument, Reading, SourceFile
from ragcli.errors import LoadError
from ragcli.ingest.copying import Copies
from ragcli.ingest.estimating import Estimate, long_last
from ragcli.ingest.granting import granted
from ragcli.ingest.parts import Options, Progress, Reader, Tally
from ragcli.ingest.vectors import embed_chunks
from ragcli.metadata import TAG, AccessTags, described
from ragcli.protocols import Chunker, Embedder
from ragcli.reports import Failure, IngestReport
from ragcli.sources.changes import same_file
from ragcli.sources.scanning import Skipped
from ragcli.text.dating import dated

if TYPE_CHECKING:
    from ragcli.index.protocol import Writer

BATCH_CHUNKS = 128  # documents are embedded and committed together when they have this many chunks; a longer document
# stores its embeddings in runs of this many, so that a killed ingest keeps them
MAX_CHUNKS = 50_000  # of one source


class Ingest:
    """One run over a set of sources. Call `run` once."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        chunker: Chunker,
        embedder: Embedder,
        detect_language: Callable[[str], str],
        *,
        options: Options = Options(),  # noqa: B008 - frozen
        on_progress: Callable[[Progress], object] = lambda _: None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._chunker = chunker
        self._embedder = embedder
        self._detect_language = detect_language
        self._options = options
        self._on_progress = on_progress
        self._tally = Tally()
        self._failures: list[tuple[SourceFile, Failure]] = []
        self._known: dict[str, SourceFile] = {}
        self._bare: frozenset[str] = frozenset()  # documents to read again, as they would be read now
        self._tags: dict[str, dict[str, str]] = {}
        self._access: dict[str, AccessTags] = {}  # as it was before this run
        self._queue: list[NewDocument] = []
        self._copies = Copies(writer, self._access_of, {}, frozenset())
        self._touched: list[SourceFile] = []
        self._done, self._files, self._estimate = 0, 0, Estimate([])
        self._emptied: list[str] = []  # ids of documents whose files hold no text any more

    def run(
        self, sources: Sequence[SourceFile], skipped: Iterable[Skipped], *, gone: Sequence[str] = ()
    ) -> IngestReport:
        """Ingest `sources`. `gone` are ids of documents that no longer exist; they leave if the options say so.

        On KeyboardInterrupt every document that was read is committed and the report says `interrupted`; a second one leaves
        out those that are not embedded yet.
        """
        started = time.monotonic()
        for entry in skipped:
            self._tally.count(Failure(entry.path, entry.reason, skipped=not entry.reason.startswith("cannot")))
        interrupted = False
        try:
            self._complete_sentences()
            inherited = self._hand_over(gone) if self._options.prune else []
            rest = [identity for identity in gone if identity not in inherited]
            self._ingest_all(sources, set(rest))
            self._tally.removed += self._writer.remove(rest) if self._options.prune and rest else 0
        except KeyboardInterrupt:
            interrupted = True
            with suppress(KeyboardInterrupt):  # the second one
                self._keep_what_was_read()
        self._record_failures()
        warnings: list[str] = []
        if not interrupted:
            done = len(sources)
            self._on_progress(Progress(done, done, self._tally.chunks_embedded, "finishing the index"))
            self._writer.report("finishing the index")
            with uninterrupted():
                warnings = self._writer.finish()
        return self._tally.report(
            self._writer.counts(),
            missing=0 if self._options.prune else len(gone),
            seconds=time.monotonic() - started,
            interrupted=interrupted,
            warnings=warnings,
        )

    def _hand_over(self, gone: Sequence[str]) -> list[str]:
        """Remove those of the documents that are gone whose copies inherit their text, before new copies of it are looked
        for."""
        copied = self._writer.copied(gone)
        inherited = [identity for identity in gone if identity in copied]
        self._tally.removed += self._writer.remove(inherited) if inherited else 0
        return inherited

    def _ingest_all(self, sources: Sequence[SourceFile], gone: Set[str]) -> None:
        self._known = self._writer.known([source.document_id for source in sources])
        self._copies = Copies(self._writer, self._access_of, self._known, gone)
        self._access = {**self._options.access_before, **self._writer.access(list(self._known))}
        moved = granted(self._writer, [(s, self._access_of(s)) for s in sources if s.document_id in self._known])
        self._bare = self._writer.outdated(self._reader.changed, self._reader.redaction) | moved
        wanted = long_last(self._wanted(sources), BATCH_CHUNKS)
        self._tags = self._writer.tags([source.document_id for source in wanted])
        self._done, self._files = len(sources) - len(wanted), len(sources)
        self._estimate = Estimate(wanted)
        hashes = {i: source.content_hash for i, source in self._known.items() if i not in self._bare}
        known = ((source, hashes.get(source.document_id, "")) for source in wanted)
        begun = time.monotonic()
        for source, reading in zip(wanted, self._reader.read(known), strict=True):
            self._tell(source.path)
            self._writer.report(f"{self._done} of {self._files} files")
            queued = self._waiting
            self._take(source, reading)
            self._done += 1
            self._estimate.read(source, time.monotonic() - begun, self._waiting - queued)
            if self._copies.inheriting or self._waiting >= BATCH_CHUNKS:
                self._commit()
            begun = time.monotonic()
        self._commit()
        if self._touched:
            self._writer.touch(self._touched)

    @property
    def _waiting(self) -> int:
        """Chunks in the queue."""
        return sum(len(new.chunks) for new in self._queue)

    def _tell(self, current: str) -> None:
        embedded, left = self._tally.chunks_embedded, self._estimate.seconds_left()
        self._on_progress(Progress(self._done, self._files, embedded, current, left))

    def _keep_what_was_read(self) -> None:
        """After an interruption: commit the queue, but for documents that would take long to embed; what is embedded of those
        is kept for the next time."""
        long = {
            new.source.document_id
            for new in self._queue
            if len(self._writer.without_embedding(new.chunks)) > BATCH_CHUNKS
        }
        self._queue = [new for new in self._queue if new.source.document_id not in long]
        self._copies.drop(long)
        if self._queue or self._copies:
            self._tell("keeping what was read; Ctrl-C again stops at once")
            self._commit()

    def _wanted(self, sources: Sequence[SourceFile]) -> list[SourceFile]:
        """The sources that must be read; the others are counted, and tagged."""
        failed = {} if self._options.retry else self._writer.failed([source.document_id for source in sources])
        wanted, unchanged = [], []
        for source in sources:
            before = self._known.get(source.document_id)
            _, failure, reader = failed.get(source.document_id, (source, None, ""))
            locked = self._options.unlock and failure is not None and failure.reason.startswith("encrypted")
            if (
                failure
                and not locked
                and reader == self._reader.version
                and same_file(failed[source.document_id][0], source)
            ):
                self._tally.count(failure)
            elif (
                not failure
                and before is not None
                and same_file(before, source)
                and source.document_id not in self._bare
            ):
                self._tally.unchanged += 1
                unchanged.append(source.document_id)
            else:
                wanted.append(source)
        if self._options.tags and unchanged:
            self._writer.tag(unchanged, {f"{TAG}{name}": value for name, value in self._options.tags.items()})
        return wanted

    def _take(self, source: SourceFile, reading: Reading) -> None:
        """Queue what was read of one source."""
        before = self._known.get(source.document_id)
        source = replace(source, content_hash=reading.content_hash)
        if reading.reason:
            self._fail(source, Failure(source.path, reading.reason, reading.skipped))
        elif reading.document is None:
            self._tally.unchanged += 1
            self._touched.append(source)
        elif (twin := self._copies.twin(source)) != source.document_id:
            self._copies.add(source, twin)
            self._tally.copies += before is None
            self._tally.updated += before is not None
        else:
            self._queue_document(source, reading.document)

    def _queue_document(self, source: SourceFile, document: Document) -> None:
        tags = {name.removeprefix(TAG): value for name, value in self._tags.get(source.document_id, {}).items()}
        tags = {**tags, **self._options.tags}
        document = described(dated(self._with_language(document)), source, tags, self._access_of(source))
        try:
            chunks = self._chunker.split(document)
        except LoadError as error:  # of a plug-in
            self._fail(source, Failure(source.path, error.reason))
            return
        if len(chunks) > MAX_CHUNKS:
            self._fail(source, Failure(source.path, f"limit: more than {MAX_CHUNKS:,} chunks"))
            return
        if document.partial:
            self._tally.partial.append(Failure(source.path, document.partial))
        self._tally.redacted.update(entry.kind for entry in document.redactions)
        self._copies.arrive(source)
        self._queue.append(NewDocument(source, document, chunks, self._reader.version))

    def _access_of(self, source: SourceFile) -> AccessTags:
        return self._options.access_tags(source, self._access.get(source.document_id, AccessTags()))

    def _fail(self, source: SourceFile, failure: Failure) -> None:
        self._tally.count(failure)
        self._failures.append((source, failure))
        if failure.skipped and source.document_id in self._known:
            self._copies.forget(source)
            self._emptied.append(source.document_id)

    def _commit(self) -> None:
        """Embed and commit the queue; a long document, which is always its last one, after all others."""
        last = self._queue[-1:]
        if len(self._queue) > 1 and len(last[0].chunks) > BATCH_CHUNKS:
            self._queue = self._queue[:-1]
            self._commit_queue()
            self._queue = last
        self._commit_queue()

    def _commit_queue(self) -> None:
        begun, count = time.monotonic(), self._waiting
        missing = list(self._writer.without_embedding([chunk for new in self._queue for chunk in new.chunks]).items())
        types = {new.document.document_id: new.document.type for new in self._queue}
        for i in range(0, len(missing), BATCH_CHUNKS):
            self._embed({key: (chunk, types[chunk.document_id]) for key, chunk in missing[i : i + BATCH_CHUNKS]})
            self._tell(self._queue[-1].source.path)
        with uninterrupted():
            self._write_queue()
        self._estimate.embedded(time.monotonic() - begun, count)

    def _write_queue(self) -> None:
        self._copies.write_around(lambda: self._writer.commit(self._queue) if self._queue else None)
        for new in self._queue:
            self._tally.added += new.source.document_id not in self._known
            self._tally.updated += new.source.document_id in self._known
            self._tally.chunks_added += len(new.chunks)
        self._queue = []
        if self._emptied:
            self._tally.removed += self._writer.remove(self._emptied)
            self._emptied = []
        self._copies.committed()
        self._record_failures()

    def _embed(self, batch: Mapping[bytes, tuple[Chunk, str]]) -> None:
        vectors = embed_chunks(self._embedder, list(batch.values()), sentences=self._writer.sentences)
        with uninterrupted():
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

    def _record_failures(self) -> None:
        if self._failures:
            self._writer.record_failures(self._failures, self._reader.version)
            self._failures = []
