"""The suites of `ragcli.testing` fail for parts that break their contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragcli.chunking import get_chunker
from ragcli.datatypes import Chunk, Document
from ragcli.drafts import End, Limits
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.loaders.plain import PlainTextLoader
from ragcli.prompts import Prompt
from ragcli.protocols import Chunker, Embedder, Loader
from ragcli.testing import ChunkerContract, EmbedderContract, LanguageModelContract, LoaderContract

TEXT = b"One paragraph.\n\nAnother one.\n"


class Altered:
    """A loader of text whose documents `alter` changes."""

    def __init__(self, alter: Callable[[Document], Document]) -> None:
        self._alter = alter

    def load(self, data: bytes, path: Path) -> Document:
        return self._alter(PlainTextLoader().load(data, path))


class Strict:
    """A loader that lets an error of its own out for what it does not know."""

    def load(self, data: bytes, path: Path) -> Document:
        if data != TEXT:
            raise KeyError(path)
        return PlainTextLoader().load(data, path)


class Unbounded:
    """A loader that does not report what it reads."""

    def load(self, data: bytes, path: Path) -> Document:
        return self._document

    _document = PlainTextLoader().load(TEXT, Path("a.txt"))


@pytest.mark.parametrize(
    ("loader", "test"),
    [
        (Altered(lambda d: replace(d, text="x", blocks=d.blocks[:1])), "test_the_text_of_the_sample_is_there"),
        (Altered(lambda d: replace(d, blocks=d.blocks[:1])), "test_blocks_are_in_order_and_cover_all_text"),
        (Altered(lambda d: replace(d, blocks=d.blocks[::-1])), "test_blocks_are_in_order_and_cover_all_text"),
        (Altered(lambda d: replace(d, title="")), "test_blocks_are_in_order_and_cover_all_text"),
        (
            Altered(lambda d: replace(d, document_id="1")),
            "test_loading_is_deterministic_and_the_id_is_that_of_the_path",
        ),
        (Altered(lambda d: replace(d, language="de")), "test_a_document_passes_between_processes_unchanged"),
        (Strict(), "test_damaged_bytes_are_read_or_are_a_load_error_with_a_reason"),
        (Unbounded(), "test_a_limit_of_text_ends_the_reading_with_a_partial_document_or_a_reason"),
    ],
)
def test_a_loader_that_breaks_its_contract_fails_the_suite(loader: Loader, test: str) -> None:
    class Suite(LoaderContract):
        name = "a.txt"
        data = TEXT
        expected = ("Another one.",)

        def loader(self) -> Loader:
            return loader

    with pytest.raises((AssertionError, KeyError)):
        getattr(Suite(), test)()


class Careless:
    """A chunker of sentences whose chunks `alter` changes."""

    def __init__(self, inner: Chunker, alter: Callable[[list[Chunk]], list[Chunk]]) -> None:
        self._inner = inner
        self._alter = alter

    @property
    def parameters(self) -> Mapping[str, object]:
        return {"sizes": (1, 2)}

    def split(self, document: Document) -> list[Chunk]:
        return self._alter(self._inner.split(document))


@pytest.mark.parametrize(
    ("alter", "test"),
    [
        (lambda chunks: chunks[:-1], "test_chunks_tile_the_document"),
        (lambda chunks: chunks[::-1], "test_chunks_tile_the_document"),
        (lambda chunks: [replace(c, tail="") for c in chunks], "test_chunks_tile_the_document"),
        (lambda chunks: [replace(c, ordinal=1) for c in chunks], "test_chunks_tile_the_document"),
        (lambda chunks: [replace(c, chunk_id="1") for c in chunks], "test_chunks_tile_the_document"),
        (lambda chunks: [replace(c, header=str(id(chunks))) for c in chunks], "test_cutting_is_deterministic"),
        (
            lambda chunks: [replace(c, tokens=1) for c in chunks],
            "test_tokens_are_those_of_header_and_text_and_keep_to_the_limit",
        ),
        (lambda chunks: chunks, "test_parameters_are_kept_by_the_index_as_json"),
    ],
)
def test_a_chunker_that_breaks_its_contract_fails_the_suite(
    alter: Callable[[list[Chunk]], list[Chunk]], test: str
) -> None:
    class Suite(ChunkerContract):
        def chunker(self, embedder: Embedder, max_tokens: int) -> Chunker:
            return Careless(get_chunker("sentence", max_tokens, embedder), alter)

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()


class Long(HashingEmbedder):
    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().embed_documents(texts) * np.float32(2)


class Centred(HashingEmbedder):
    def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        matrix = super().embed_documents(texts)
        return matrix - matrix.mean(axis=0) if len(texts) > 1 else matrix


class Cutting(HashingEmbedder):
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [min(count, 512) for count in super().count_tokens(texts)]


@pytest.mark.parametrize(
    ("embedder", "test"),
    [
        (Long(), "test_vectors_have_the_declared_dimension_and_unit_length"),
        (Centred(), "test_order_and_company_do_not_change_a_vector"),
        (Cutting(), "test_tokens_are_counted_without_a_limit"),
    ],
)
def test_an_embedder_that_breaks_its_contract_fails_the_suite(embedder: Embedder, test: str) -> None:
    class Suite(EmbedderContract):
        def embedder(self) -> Embedder:
            return embedder

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()


class Talker:
    """A model that writes on, whatever it is told, and ends as often as `ends` says."""

    name = identity = "talker"
    context_tokens = 4096

    def __init__(self, ends: int = 1, words: int = 50) -> None:
        self._ends = ends
        self._words = words

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        yield from ["word "] * self._words
        yield from [End()] * self._ends


@pytest.mark.parametrize(
    ("model", "test"),
    [
        (Talker(ends=0), "test_a_reply_is_pieces_of_text_and_one_end"),
        (Talker(ends=2), "test_a_reply_is_pieces_of_text_and_one_end"),
        (Talker(words=0), "test_a_reply_is_pieces_of_text_and_one_end"),
        (Talker(), "test_a_reply_keeps_to_its_tokens"),
        (Talker(), "test_a_reply_ends_soon_after_it_is_cancelled"),
    ],
)
def test_a_language_model_that_breaks_its_contract_fails_the_suite(model: Talker, test: str) -> None:
    class Suite(LanguageModelContract):
        def model(self) -> Talker:
            return model

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()
