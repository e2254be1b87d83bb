"""Small indexes that are written without the command line."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ragcli.chunking import get_chunker
from ragcli.datatypes import Filter, NewDocument, SourceFile, source_id
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.engine.wiring import Engine
from ragcli.index.manifest import Identity
from ragcli.index.protocol import Writer
from ragcli.index.sqlite.catalog import CATALOG
from ragcli.index.sqlite.checksums import SEAL_ALL, teach
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.writer import IndexWriter, open_writer
from ragcli.ingest.vectors import embed_chunks
from ragcli.loaders import load_bytes
from ragcli.settings import resolve
from ragcli.text.query import parse_query
from ragcli.workspace import workspace_at

CHROMA = "RAGCLI_INGEST_CHROMA"  # "false" but in tests marked chroma: importing chromadb takes a second and more of CPU
EMBEDDER = HashingEmbedder(64)
CHUNKER = get_chunker("structure", 32, EMBEDDER)
TEXTS = {"a.md": "# Leave\n\nannual leave days", "b.md": "# Pay\n\nstandby pay", "c.txt": "parking spaces"}


def keeps_chroma() -> bool:
    """Whether the indexes of this test have a Chroma collection."""
    return os.environ.get(CHROMA) != "false"


@contextmanager
def writing(
    directory: Path, *, sentences: bool | None = None, rebuild: bool = False, chroma: bool | None = None
) -> Iterator[IndexWriter]:
    """With `chroma`, whether a Chroma collection is kept whatever the test says."""
    identity = Identity(EMBEDDER.identity, CHUNKER.parameters, "hashing", sentences)
    kept = keeps_chroma() if chroma is None else chroma
    with open_writer(directory, identity, rebuild=rebuild, chroma=kept) as writer:
        yield writer


def new(path: str, text: str, root: str = "docs") -> NewDocument:
    document = load_bytes(text.encode(), Path(path))
    return NewDocument(
        SourceFile(source_id(path), path, root, len(text), 1, 1, str(hash(text))), document, CHUNKER.split(document)
    )


def put(writer: Writer, *documents: NewDocument) -> None:
    missing = writer.without_embedding([chunk for entry in documents for chunk in entry.chunks])
    vectors = embed_chunks(EMBEDDER, [(chunk, "text") for chunk in missing.values()], sentences=writer.sentences)
    writer.store_embeddings(dict(zip(missing, vectors, strict=True)))
    writer.commit(documents)


@contextmanager
def altered(directory: Path) -> Iterator[sqlite3.Connection]:
    """The catalog, to be changed by hand as another version of rag could have written it; checksums follow."""
    with closing(sqlite3.connect(directory / CATALOG)) as connection, connection:
        teach(connection)
        yield connection
        for statement in SEAL_ALL.split(";")[:-1]:
            connection.execute(statement)


def build(directory: Path, texts: dict[str, str], **options: bool) -> None:
    with writing(directory, **options) as writer:
        for path, text in texts.items():
            put(writer, new(path, text))
        writer.finish()


def found(reader: IndexReader, question: str, where: Filter = Filter()) -> tuple[list[str], list[str]]:  # noqa: B008
    """Paths by lexical and by dense search."""
    answers = []
    for rows in (
        reader.lexical_search(reader.resolve(parse_query(question)), 10, where),
        reader.dense_search(EMBEDDER.embed_query(question), 10, where),
    ):
        chunks = reader.chunks([entry.key for entry in rows])
        answers.append([chunks[entry.key][1].path for entry in rows])
    return answers[0], answers[1]


def engine_of(work: Path, **flags: object) -> Engine:
    """An engine over the index in `work`, whatever the user has set."""
    given = {"embedding_model": "hashing", "index": str(work / ".rag"), "ingest_chroma": keeps_chroma(), **flags}
    return Engine(workspace_at(work, resolve(given, environment={}, directory=work, user_file=Path("none"))))
