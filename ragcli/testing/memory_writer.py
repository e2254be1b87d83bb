"""Changing the index of a `MemoryStore`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ragcli.datatypes import Chunk, Document, DocumentRecord, NewDocument, SourceFile, TextVectors
from ragcli.errors import IndexDamaged
from ragcli.index.entries import PAGE
from ragcli.index.indexing import entry_of, moved_chunk, moved_document, searchable_path, text_hash
from ragcli.metadata import AccessTags, access_of
from ragcli.protocols import REDACTION
from ragcli.remains import Traces
from ragcli.reports import Failure
from ragcli.testing.memory_state import Held, Holder, Kept, State

_TAG = "tag."


class MemoryWriter:
    """See `ragcli.index.protocol.Writer`. `beside` is the state that a rebuild begins with."""

    def __init__(self, store: Holder, *, beside: State | None = None) -> None:
        self._store = store
        self._beside = beside
        self.progress = ""

    @property
    def _state(self) -> State:
        return self._store.state if self._beside is None else self._beside

    def _commit(self, **changes: Any) -> None:
        changed = replace(self._state, **changes)
        if self._beside is None:
            self._store.current = changed
        else:
            self._beside = changed

    @property
    def sentences(self) -> bool:
        return self._state.manifest.sentences

    def report(self, progress: str) -> None:
        self.progress = progress

    def page(self, after: str = "", limit: int = PAGE) -> Sequence[SourceFile]:
        state = self._state
        every = {identity: source for identity, (source, _, _) in state.failures.items()} | self.known(
            [*state.documents, *state.copies]
        )
        return [every[identity] for identity in sorted(every) if identity > after][:limit]

    def known(self, document_ids: Sequence[str]) -> dict[str, SourceFile]:
        state = self._state
        every = {identity: kept.source for identity, kept in state.documents.items()}
        every |= {identity: source for identity, (source, _) in state.copies.items()}
        return {identity: every[identity] for identity in document_ids if identity in every}

    def twins(self, content_hashes: Sequence[str]) -> list[SourceFile]:
        return [
            kept.source for kept in self._state.documents.values() if kept.source.content_hash in set(content_hashes)
        ]

    def copied(self, document_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(of for _, of in self._state.copies.values() if of in set(document_ids))

    def failed(self, document_ids: Sequence[str]) -> dict[str, tuple[SourceFile, Failure, str]]:
        failures = self._state.failures
        return {identity: failures[identity] for identity in document_ids if identity in failures}

    def tags(self, document_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        found = {
            identity: {key: value for key, value in kept.record.metadata.items() if key.startswith(_TAG)}
            for identity, kept in self._state.documents.items()
            if identity in set(document_ids)
        }
        return {identity: tags for identity, tags in found.items() if tags}

    def access(self, document_ids: Sequence[str]) -> dict[str, AccessTags]:
        state = self._state
        owners = {identity: identity for identity in state.documents} | {
            key: of for key, (_, of) in state.copies.items()
        }
        return {
            identity: access_of(state.documents[owners[identity]].record.metadata)
            for identity in document_ids
            if identity in owners
        }

    def outdated(self, changed: Mapping[str, int], redaction: str) -> frozenset[str]:
        def is_old(kept: Kept) -> bool:
            number = re.match(r"\d*", kept.reader)
            version = int(number[0] or 0) if number else 0
            other = kept.reader.partition(REDACTION)[2] != redaction
            return other or any(not h.chunk.blocks for h in kept.chunks) or version < changed.get(kept.record.type, 0)

        old = {identity for identity, kept in self._state.documents.items() if kept.chunks and is_old(kept)}
        return frozenset(old | {identity for identity, (_, of) in self._state.copies.items() if of in old})

    def counts(self) -> tuple[int, int]:
        return len(self._state.documents), len(self._state.chunks)

    def tag(self, document_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        documents = dict(self._state.documents)
        for identity in document_ids:
            if identity in documents:
                kept = documents[identity]
                found = {**kept.record.metadata, **tags}
                left = {key: value for key, value in found.items() if value or key not in tags}
                record = replace(kept.record, metadata=left)
                documents[identity] = replace(kept, record=record)
        self._commit(documents=documents, manifest=self._state.advanced().manifest)

    def without_embedding(self, chunks: Sequence[Chunk]) -> dict[bytes, Chunk]:
        stored = self._state.embeddings
        return {
            key: chunk
            for key, chunk in {text_hash(chunk): chunk for chunk in chunks}.items()
            if key not in stored or (self.sentences and stored[key].sentences is None)
        }

    def chunks_without_sentences(self, limit: int) -> list[tuple[Chunk, str]]:
        state = self._state
        lacking = [held for held in state.chunks.values() if state.embeddings[held.text_hash].sentences is None]
        chunks = [held.chunk for held in lacking[:limit]] if self.sentences else []
        return [(chunk, state.documents[chunk.document_id].record.type) for chunk in chunks]

    def store_embeddings(self, embedded: Mapping[bytes, TextVectors]) -> None:
        stored = dict(self._state.embeddings)
        for key, vectors in embedded.items():
            vector = stored[key].vector if key in stored else np.asarray(vectors.vector, dtype=np.float32)
            half = None if vectors.sentences is None else np.asarray(vectors.sentences, "<f2").astype(np.float32)
            stored[key] = TextVectors(vector, vectors.spans, half)
        self._commit(embeddings=stored)

    def commit(self, documents: Sequence[NewDocument]) -> None:
        self._replace([new.document.document_id for new in documents], documents)

    def add_copies(self, found: Sequence[tuple[SourceFile, str]]) -> None:
        if not found:
            return
        self._replace([source.document_id for source, _ in found], [])
        missing = [of for _, of in found if of not in self._state.documents]
        if missing:
            raise ValueError(f"{len(missing)} copies of documents that are not in the index")
        copies = {**self._state.copies, **{source.document_id: (source, of) for source, of in found}}
        self._commit(copies=copies, failures=self._without([source.document_id for source, _ in found]))

    def _without(self, document_ids: Sequence[str]) -> dict[str, tuple[SourceFile, Failure, str]]:
        """The failures of other sources."""
        return {key: value for key, value in self._state.failures.items() if key not in set(document_ids)}

    def _replace(self, leaving: Sequence[str], arriving: Sequence[NewDocument]) -> None:
        state, gone = self._state, set(leaving)
        arriving, copies = list(arriving), dict(state.copies)
        anew = {new.document.document_id: new.source.content_hash for new in arriving}
        for identity in leaving:
            kept = state.documents.get(identity)
            if kept is not None and anew.get(identity) == kept.source.content_hash:
                continue  # read anew: its copies stay its copies
            staying = [source for source in state.copies_of(identity) if source.document_id not in gone]
            for source in state.copies_of(identity):
                copies.pop(source.document_id)
            if staying:
                arriving.append(_inherited(state.documents[identity], staying[0]))
                copies |= {source.document_id: (source, staying[0].document_id) for source in staying[1:]}
        documents = {key: kept for key, kept in state.documents.items() if key not in gone}
        row = state.manifest.next_row
        for new in arriving:
            documents.pop(new.document.document_id, None)
            documents[new.document.document_id] = self._kept(new, row)
            row += len(new.chunks)
        self._commit(
            documents=documents,
            copies={key: value for key, value in copies.items() if key not in gone},
            failures=self._without([new.document.document_id for new in arriving]),
            manifest=replace(state.advanced().manifest, next_row=row),
        )

    def _kept(self, new: NewDocument, first: int) -> Kept:
        document, source, path = new.document, new.source, searchable_path(new.source)
        held = []
        for key, chunk in enumerate(new.chunks, first):
            if text_hash(chunk) not in self._state.embeddings:
                raise IndexDamaged(f"chunk {chunk.chunk_id} has no embedding", hint="rag ingest --rebuild")
            held.append(Held(key, chunk, text_hash(chunk), entry_of(chunk, path, document.language)))
        return Kept(source, _record(document, source, len(held)), tuple(held), new.reader)

    def touch(self, sources: Sequence[SourceFile]) -> None:
        def touched(before: SourceFile, now: SourceFile) -> SourceFile:
            return replace(now, path=before.path, content_hash=before.content_hash)

        documents, copies = dict(self._state.documents), dict(self._state.copies)
        for source in sources:
            identity = source.document_id
            if identity in documents:
                kept = documents[identity]
                record = replace(kept.record, root=source.root, is_file=source.is_file)
                documents[identity] = replace(kept, source=touched(kept.source, source), record=record)
            if identity in copies:
                copies[identity] = (touched(copies[identity][0], source), copies[identity][1])
        self._commit(
            documents=documents, copies=copies, failures=self._without([source.document_id for source in sources])
        )

    def record_failures(self, failed: Sequence[tuple[SourceFile, Failure]], reader: str) -> None:
        new = {source.document_id: (replace(source, content_hash=""), failure, reader) for source, failure in failed}
        self._commit(failures={**self._state.failures, **new})

    def remove(self, document_ids: Sequence[str]) -> int:
        known = list(self.known(document_ids))
        if known:
            self._replace(known, [])
        self._commit(failures=self._without(document_ids))
        return len(known)

    def traces(self, document_ids: Sequence[str], also: Sequence[str] = ()) -> Traces:
        """Names alone: there is no file in which more could be looked for."""
        return Traces(names=frozenset([*also, *(source.path for source in self.known(document_ids).values())]))

    def forget(self, document_ids: Sequence[str]) -> int:
        self._store.unfinished = True
        return self.remove(document_ids)

    def settle(self) -> None:
        self._store.unfinished = False

    def calibrate(self, values: Mapping[str, object]) -> None:
        self._commit(calibration=dict(values))

    def finish(self) -> list[str]:
        used = {held.text_hash for held in self._state.chunks.values()}
        self._commit(embeddings={key: value for key, value in self._state.embeddings.items() if key in used})
        if self._beside is not None:
            self._store.current, self._beside = self._beside, None
        return []


def _inherited(kept: Kept, source: SourceFile) -> NewDocument:
    chunks = [moved_chunk(held.chunk, source.document_id) for held in kept.chunks]
    return NewDocument(source, moved_document(kept.record, source), chunks, kept.reader)


def _record(document: Document, source: SourceFile, chunks: int) -> DocumentRecord:
    return DocumentRecord(
        document_id=document.document_id,
        path=source.path,
        root=source.root,
        type=document.type,
        title=document.title,
        chunks=chunks,
        has_lines=document.has_lines,
        page_starts=tuple(document.page_starts),
        language=document.language,
        metadata=dict(document.metadata),
        partial=document.partial,
        is_file=source.is_file,
    )
