"""What every store promises; see `ragcli.testing.StoreContract`."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ragcli.datatypes import NewDocument, SourceFile
from ragcli.index import open_store
from ragcli.index.manifest import Identity
from ragcli.index.pages import documents
from ragcli.index.protocol import Store, Writer
from ragcli.ingest.vectors import embed_chunks
from ragcli.loaders import load_bytes
from ragcli.protocols import REDACTION
from ragcli.testing import MemoryStore, StoreContract
from tests.helpers.indexes import CHUNKER, EMBEDDER

IDENTITY = Identity(EMBEDDER.identity, CHUNKER.parameters, "hashing")


class Redacting(StoreContract):
    """What a store keeps of redaction."""

    def test_the_key_of_placeholders_is_the_first_that_was_given(self) -> None:
        store = self.store()
        for given, kept in (("", ""), ("first", "first"), ("second", "first"), ("", "first")):
            with store.writer(replace(IDENTITY, redaction_key=given)) as writer:
                writer.finish()
            assert (manifest := store.manifest()) is not None
            assert manifest.redaction_key == kept
        for given in ("second", ""):
            with store.writer(replace(IDENTITY, redaction_key=given), rebuild=True) as writer:
                writer.finish()
            assert (manifest := store.manifest()) is not None
            assert manifest.redaction_key == "first"

    def test_what_is_read_anew_keeps_its_copies_and_its_placeholders_are_counted(self) -> None:
        store = self.store()
        old, copy = read("a.txt", "token", reader="3"), read("b.txt", "token", reader="3").source
        anew = read("a.txt", "token", reader=f"3{REDACTION}1:redact:off", redacted="email=1 token=2")
        with store.writer(IDENTITY) as writer:
            commit(writer, old)
            writer.add_copies([(copy, old.document.document_id)])
            both = {old.document.document_id, copy.document_id}
            assert writer.outdated({}, "") == frozenset()
            assert writer.outdated({}, "1:redact:off") == both
            commit(writer, anew)
            assert writer.outdated({}, "1:redact:off") == frozenset()
            assert writer.outdated({}, "") == both
            assert writer.copied([old.document.document_id]) == {old.document.document_id}
            writer.finish()
        with closing(store.catalog()) as catalog:
            assert [document.copies for document in documents(catalog)] == [("b.txt",)]
            assert catalog.redacted() == {"email": 1, "token": 2}


def read(path: str, text: str, *, reader: str, redacted: str = "") -> NewDocument:
    """A file as a version of the reader read it; all files with one text have one content."""
    document = load_bytes(text.encode(), Path(path))
    document = replace(document, metadata={**document.metadata, **({"redacted": redacted} if redacted else {})})
    source = SourceFile(document.document_id, path, ".", len(text), 1, 1, text)
    return NewDocument(source, document, CHUNKER.split(document), reader)


def commit(writer: Writer, new: NewDocument) -> None:
    missing = writer.without_embedding(new.chunks)
    vectors = embed_chunks(EMBEDDER, [(chunk, "text") for chunk in missing.values()], sentences=writer.sentences)
    writer.store_embeddings(dict(zip(missing, vectors, strict=True)))
    writer.commit([new])


class InDirectories(Redacting):
    @pytest.fixture(autouse=True)
    def _folder(self, work: Path) -> None:
        self.folder = work

    def store(self) -> Store:
        return open_store(Path(tempfile.mkdtemp(dir=self.folder)) / ".rag", chroma=self.engine == "chroma")


class TestDirectoriesWithTheExactEngine(InDirectories):
    engine = "exact"


class TestDirectoriesWithTheEngineOfChroma(InDirectories):
    engine = "chroma"


class TestMemory(Redacting):
    def store(self) -> Store:
        return MemoryStore()
