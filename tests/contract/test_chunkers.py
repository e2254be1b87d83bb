"""What every chunker promises: nothing lost, exact spans, deterministic; and for the default, nothing over the limit."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.chunking import STRATEGIES, get_chunker
from ragcli.chunking.plugged import fault
from ragcli.datatypes import Document
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import SettingsError
from ragcli.loaders import load_bytes
from ragcli.protocols import Chunker, Embedder
from ragcli.testing import ChunkerContract

COUNTER = HashingEmbedder()
WORDS = st.sampled_from(["alpha", "beta.", "Gamma", "delta,", "The", "end.", "x" * 60, "1.5", "?"])
LINES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=30).map(" ".join),
    st.sampled_from(["", "# Title", "## Part", "### Small", "- item", "| a | b |", "|---|---|", "```", "    code"]),
)
MARKDOWN = st.lists(LINES, min_size=1, max_size=40).map("\n".join).filter(lambda text: text.strip())


def chunkers(limit: int = 32) -> list[Chunker]:
    return [get_chunker(name, limit, COUNTER) for name in STRATEGIES]


def load(text: str, name: str = "doc.md") -> Document:
    return load_bytes(text.encode(), Path(name))


class TestEveryChunker(ChunkerContract):
    @pytest.fixture(autouse=True, params=STRATEGIES)
    def _strategy(self, request: pytest.FixtureRequest) -> None:
        self.strategy: str = request.param
        self.bounded = request.param != "document"

    def chunker(self, embedder: Embedder, max_tokens: int) -> Chunker:
        return get_chunker(self.strategy, max_tokens, embedder)


@settings(max_examples=150, deadline=None)
@given(MARKDOWN)
def test_chunks_tile_the_document_and_repeat_exactly(text: str) -> None:
    document = load(text)
    for chunker in chunkers():
        chunks = chunker.split(document)
        assert fault(document, chunks) == ""
        assert chunker.split(document) == chunks


@settings(max_examples=150, deadline=None)
@given(MARKDOWN, st.integers(16, 64))
def test_no_chunk_exceeds_the_limit(text: str, limit: int) -> None:
    document = load(text)
    for strategy in STRATEGIES:
        if strategy != "document":
            for chunk in get_chunker(strategy, limit, COUNTER).split(document):
                assert chunk.tokens <= limit, strategy
                assert sum(COUNTER.count_tokens([chunk.header, chunk.text])) == chunk.tokens


def test_a_chunk_does_not_cross_into_a_section_once_it_is_long_enough() -> None:
    body = "This sentence has exactly seven words here. " * 6
    chunks = get_chunker("structure", 64, COUNTER).split(load(f"# A\n\n{body}\n\n# B\n\n{body}"))
    assert [chunk.headings for chunk in chunks if "# B" in chunk.text] == [("B",)]


def test_small_sections_stay_together_under_their_common_heading() -> None:
    chunks = get_chunker("structure", 64, COUNTER).split(load("# A\n\n## B\n\nOne.\n\n## C\n\nTwo.\n"))
    assert len(chunks) == 1
    assert chunks[0].headings == ("A",)


def test_sentences_are_not_cut_unless_they_alone_exceed_the_limit() -> None:
    text = " ".join(f"Sentence number {i} stands here." for i in range(40))
    for chunk in get_chunker("structure", 24, COUNTER).split(load(text)):
        assert chunk.text.startswith("Sentence")
        assert chunk.text.endswith("here.")


def test_a_line_without_any_white_space_is_cut_all_the_same() -> None:
    chunks = get_chunker("structure", 32, COUNTER).split(load("x.y," * 12_500, "doc.txt"))
    assert max(len(chunk.text) for chunk in chunks) <= 32 * 10
    assert sum(len(chunk.text) for chunk in chunks) == 50_000


def test_the_header_names_document_and_section_and_a_cut_table_repeats_its_first_row() -> None:
    rows = "\n".join(f"| item {i} | price {i} |" for i in range(40))
    chunks = get_chunker("structure", 48, COUNTER).split(load(f"# Prices\n\n| name | cost |\n|---|---|\n{rows}\n"))
    assert len(chunks) > 2
    assert all(chunk.header.startswith("Prices") for chunk in chunks)
    assert all("| name | cost |" in chunk.header for chunk in chunks[1:])


def test_lines_and_pages_are_those_of_the_first_and_last_character() -> None:
    text = "One.\n\nTwo.\nThree.\n"
    chunk = get_chunker("document", 0, COUNTER).split(load(text, "doc.txt"))[0]
    assert (chunk.span.line_start, chunk.span.line_end) == (1, 4)


def test_an_unknown_chunker_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(SettingsError) as caught:
        get_chunker("magic", 200, COUNTER)
    assert "structure" in caught.value.hint
