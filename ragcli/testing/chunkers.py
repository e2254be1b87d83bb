"""The contract of chunkers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from ragcli.chunking.plugged import fault
from ragcli.datatypes import Document
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.loaders.reading import load_bytes
from ragcli.protocols import Chunker, Embedder

_PIECES = ("Alpha beta. ", "The end.", "x" * 60, "1.5 of it, ", "\n", "\n\n", "\n# Title\n", "\n## Part\n", "\n- item\n",
           "\n| a | b |\n|---|---|\n| 1 | 2 |\n", "\n```\n    code\n```\n", "What? ", "Größe, naïve café. ")  # fmt: skip
_DOCUMENTS = 60


class ChunkerContract:
    """`chunker` makes what is tested. `bounded` says whether its chunks keep to `max_tokens`."""

    bounded: bool = True

    def chunker(self, embedder: Embedder, max_tokens: int) -> Chunker:
        """A new chunker whose chunks have at most `max_tokens` of the embedder's tokens, header and text together."""
        raise NotImplementedError

    def test_chunks_tile_the_document(self) -> None:
        chunker = self.chunker(HashingEmbedder(), 32)
        for document in self.documents():
            assert fault(document, chunker.split(document)) == "", document.text

    def test_cutting_is_deterministic(self) -> None:
        first, second = (self.chunker(HashingEmbedder(), 32) for _ in range(2))
        for document in self.documents():
            assert first.split(document) == second.split(document), document.text

    def test_tokens_are_those_of_header_and_text_and_keep_to_the_limit(self) -> None:
        counter = HashingEmbedder()
        for limit in (16, 33, 64):
            for document in self.documents():
                for chunk in self.chunker(counter, limit).split(document):
                    assert chunk.tokens == sum(counter.count_tokens([chunk.header, chunk.text])), chunk
                    assert not self.bounded or chunk.tokens <= limit, chunk

    def test_parameters_are_kept_by_the_index_as_json(self) -> None:
        parameters = dict(self.chunker(HashingEmbedder(), 32).parameters)
        assert json.loads(json.dumps(parameters)) == parameters, "only what JSON gives back unchanged"
        assert parameters == dict(self.chunker(HashingEmbedder(), 32).parameters)

    def documents(self) -> Iterator[Document]:
        """Markdown with headings, lists, tables, code and words without an end, the same in every run."""
        chance = random.Random(0)
        yield load_bytes(b"One line", Path("one.txt"))
        for number in range(_DOCUMENTS):
            text = "Text. " + "".join(chance.choices(_PIECES, k=chance.randint(1, 60)))
            yield load_bytes(text.encode(), Path(f"{number}.md"))
