"""Where the chunkers cut that follow something else than headings: clauses, meaning, and small chunks for whole sections."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragcli.chunking import get_chunker
from ragcli.datatypes import Chunk
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.loaders import load_bytes
from ragcli.protocols import Embedder
from tests.conftest import Rag

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

CONTRACT = """Article 1 Scope

1.1 Terms are used as they are defined below.

(a) A party is whoever signs this contract.

(i) A witness is no party to it.

(b) A day is a working day of both parties.

1.2 Notices are given in writing and signed.

Article 2 Payment

2.1 Fees are due at once and in full.
"""


def cut(strategy: str, max_tokens: int, text: str, embedder: Embedder | None = None) -> list[Chunk]:
    document = load_bytes(text.encode(), Path("contract.txt"))
    return get_chunker(strategy, max_tokens, embedder or HashingEmbedder()).split(document)


def test_a_clause_stands_under_the_clauses_that_it_lies_in() -> None:
    numbers = [[heading.split()[0] for heading in chunk.headings] for chunk in cut("clauses", 20, CONTRACT)]
    assert numbers == [
        ["Article"],
        ["Article", "1.1"],
        ["Article", "1.1", "(a)"],
        ["Article", "1.1", "(a)", "(i)"],
        ["Article", "1.1", "(b)"],
        ["Article", "1.2"],
        ["Article"],
        ["Article", "2.1"],
    ]
    assert cut("clauses", 20, CONTRACT)[-1].headings[0] == "Article 2 Payment"


def test_a_clause_with_a_whole_number_lies_in_its_article_and_holds_those_with_parts_of_it() -> None:
    text = "Article 1 Scope\n\n1. Pumps of both plants are meant.\n\n1.1 Valves are not meant at all.\n\n2. Hoses are meant too.\n"
    numbers = [[heading.split()[0] for heading in chunk.headings] for chunk in cut("clauses", 16, text)]
    assert numbers == [["Article"], ["Article", "1."], ["Article", "1.", "1.1"], ["Article", "2."]]


def test_articles_and_their_clauses_begin_chunks_and_what_lies_deeper_stays_with_them() -> None:
    assert [chunk.text.split()[0] for chunk in cut("clauses", 200, CONTRACT)] == [
        "Article",
        "1.1",
        "1.2",
        "Article",
        "2.1",
    ]


class Topics:
    """Embeds a text by how often it names alpha and beta; counts words as tokens."""

    @property
    def identity(self) -> Mapping[str, object]:
        return {"name": "topics", "dimension": 2}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        counts = np.array([[text.count("alpha"), text.count("beta")] for text in texts], dtype=np.float32)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self.embed_documents([text])[0]
        return vector


def test_a_semantic_chunk_ends_where_the_topic_changes() -> None:
    sentences = [f"Here alpha number {i} is described." for i in range(6)]
    sentences += [f"Here beta number {i} is described." for i in range(5)]
    chunks = cut("semantic", 100, " ".join(sentences), Topics())
    assert [("alpha" in chunk.text, "beta" in chunk.text) for chunk in chunks] == [(True, False), (False, True)]


def test_a_semantic_chunk_does_not_end_before_it_has_a_quarter_of_its_tokens() -> None:
    sentences = ["Here alpha is described.", *(f"Here beta number {i} is described." for i in range(9))]
    assert len(cut("semantic", 100, " ".join(sentences), Topics())) == 1
    assert len(cut("semantic", 100, " ".join([*sentences[:1] * 7, *sentences[1:]]), Topics())) == 2


def test_a_hierarchical_index_searches_small_chunks_and_shows_their_whole_section(
    rag: Rag, write: Callable[[str, str], Path]
) -> None:
    leave = [
        f"Rule {i} of leave names the {word} of the year."
        for i, word in enumerate("spring summer autumn winter".split())
    ]
    pay = [f"Rule {i} of pay names another sum in euros." for i in range(4)]
    write("docs/rules.md", "# Leave\n\n" + " ".join(leave) + "\n\n# Pay\n\n" + " ".join(pay) + "\n")
    rag("ingest", "docs", "--chunker", "hierarchical", "--max-tokens", "32")
    assert json.loads(rag("stats", "--json").stdout)["chunks"] > 4
    hits = json.loads(rag("query", "winter leave", "-k", "1", "--json").stdout)["hits"]
    assert [hit["text"] for hit in hits] == ["# Leave\n\n" + " ".join(leave)]
