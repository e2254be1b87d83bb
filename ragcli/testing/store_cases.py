"""What the contract of stores works with: documents, and what is shown of an index."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ragcli.chunking import get_chunker
from ragcli.datatypes import Candidate, Document, Filter, NewDocument, SourceFile, source_id
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import RagError
from ragcli.index.manifest import Identity
from ragcli.index.protocol import Reader, Writer
from ragcli.ingest.vectors import embed_chunks
from ragcli.loaders import load_bytes
from ragcli.text.query import parse_query

EMBEDDER = HashingEmbedder(64)
CHUNKER = get_chunker("structure", 32, EMBEDDER)
IDENTITY = Identity(EMBEDDER.identity, CHUNKER.parameters, "hashing")


def message_of(kind: type[RagError], do: Callable[[], object]) -> str:
    """What the error says that `do` must raise."""
    try:
        do()
    except kind as error:
        return error.message
    raise AssertionError(f"no {kind.__name__} was raised")


def many(count: int) -> dict[str, str]:
    """Documents of eight words, in folders of which one holds a thousandth, one a hundredth, one a tenth of them and so on."""
    chance = random.Random(3)
    shares = {"thousandth": count // 1000, "hundredth": count // 100, "tenth": count // 10, "half": count // 2}
    folders = [name for name, share in shares.items() for _ in range(share)]
    folders += ["rest"] * (count - len(folders))
    chance.shuffle(folders)
    words = [f"word{i}" for i in range(300)]
    return {f"{folder}/{i}.txt": " ".join(chance.choices(words, k=8)) for i, folder in enumerate(folders)}


def hash_of(path: str) -> str:
    return f"hash of {path}"


def source(of: str, path: str) -> SourceFile:
    return SourceFile(source_id(path), path, path.partition("/")[0], 10, 1, 1, hash_of(of))


def document(path: str, text: str) -> Document:
    """A file with a NUL is no text; a PDF may hold one, as the document that is made here."""
    document = load_bytes(text.replace("\x00", "\ufffd").encode(), Path(path))
    return replace(document, text=document.text.replace("\ufffd", "\x00"))


def put(writer: Writer, texts: dict[str, str]) -> None:
    """Commit documents as an ingest does."""
    found = {path: document(path, text) for path, text in texts.items()}
    new = [NewDocument(source(path, path), document, CHUNKER.split(document), "1") for path, document in found.items()]
    missing = writer.without_embedding([chunk for entry in new for chunk in entry.chunks])
    vectors = embed_chunks(EMBEDDER, [(chunk, "text") for chunk in missing.values()], sentences=writer.sentences)
    writer.store_embeddings(dict(zip(missing, vectors, strict=True)))
    writer.commit(new)


def answer(
    reader: Reader,
    question: str,
    where: Filter = Filter(),  # noqa: B008 - frozen
    k: int = 5,
) -> tuple[object, list[list[tuple[str, float]]]]:
    """How the question is read, and (chunk id, score) of each leg."""
    with reader.snapshot():
        understood = reader.understand(question)
        query = parse_query(understood.text)
        words = reader.resolve(query)
        where = replace(where, phrases=where.phrases + query.phrases, without=where.without + query.excluded)
        found = reader.candidates(words, EMBEDDER.embed_query(query.text), k, where)
        read = understood, [(word.forms, round(word.idf, 9), word.weight) for word in words]
        return read, [shown(reader, leg) for leg in (found.lexical, found.dense, found.rescored)]


def shown(reader: Reader, ranking: Sequence[Candidate]) -> list[tuple[str, float]]:
    chunks = reader.fetch([entry.key for entry in ranking])
    return [(chunks[entry.key].chunk.chunk_id, entry.score) for entry in ranking]
