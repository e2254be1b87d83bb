"""What every generator promises: spans within the hits it was given; and how citations are verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ragcli.datatypes import DocumentRecord, QueryWord, Span
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import ModelUnavailable
from ragcli.generation import get_generator
from ragcli.generation.abstention import Evidence, confidence, evidence
from ragcli.generation.citations import cite, parse_markers
from ragcli.generation.prompt import user_message
from ragcli.protocols import Generator
from ragcli.results import Draft, Hit, LegTrace, Passage, ScoreTrace

EMBEDDER = HashingEmbedder()
TEXT = "Every employee has 28 days of annual leave. Carry over ends on 31 March.\n\nThe office opens at 6.\n"


def make_hit(text: str = TEXT, rank: int = 1, start: int = 100) -> Hit:
    record = DocumentRecord("d", "d.md", "", "markdown", "Handbook", 1, True)
    span = Span(start, start + len(text), None, None, 5, 5 + text.count("\n"))
    trace = ScoreTrace("convex", (LegTrace("dense", 1, 0.5, 1, 1, 1, (("chunk", 0.5),)),), 1.0)
    return Hit(Passage(record, ("c",), text, span, ("Leave",)), 1.0 / rank, rank, trace)


def generator(model: str) -> Generator:
    return get_generator(
        model,
        embed_documents=EMBEDDER.embed_documents,
        embed_query=EMBEDDER.embed_query,
        sentence_cosines=lambda chunk_ids, vector: {},
        max_sentences=3,
    )


@pytest.fixture(params=["extractive", "gguf"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Generator:
    if request.param == "extractive":
        return generator("extractive")
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    pytest.importorskip("gguf", reason="needs the package gguf")
    from tests.make_gguf import write_tiny_gguf

    return generator(str(write_tiny_gguf(tmp_path / "tiny.gguf")))


def test_a_draft_cites_only_what_it_was_given_and_repeats_exactly(model: Generator) -> None:
    hits = [make_hit(), make_hit("Standby pays 310 euros.", rank=2, start=0)]
    draft = model.generate("How many days of annual leave?", hits)
    assert draft == model.generate("How many days of annual leave?", hits)
    sentences, citations = cite(draft, hits)
    for citation in citations:
        passage = next(hit.passage for hit in hits if hit.rank == citation.hit_rank)
        assert citation.quote in passage.text
        assert passage.span.start <= citation.span.start < citation.span.end <= passage.span.end
    assert all(1 <= marker <= len(citations) for sentence in sentences for marker in sentence.markers)
    assert all(sentence.markers for sentence in sentences), "no sentence is shown unchecked"


def test_without_hits_there_is_an_empty_draft_or_no_citation(model: Generator) -> None:
    _, citations = cite(model.generate("anything", []), [])
    assert citations == ()


def test_the_extractive_answer_is_the_sentence_that_answers() -> None:
    draft = generator("extractive").generate("How many days of annual leave does every employee have?", [make_hit()])
    assert draft.sentences[0][0] == "Every employee has 28 days of annual leave."


def test_a_model_that_is_not_there_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    for name in ("gpt-9", str(tmp_path / "missing.gguf")):
        with pytest.raises(ModelUnavailable) as caught:
            generator(name)
        assert "extractive" in caught.value.hint


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        generator(str(tmp_path / "bad.gguf"))


def status_of(sentence: str, quote: str) -> str:
    hit = make_hit(quote, start=0)
    return cite(Draft(((sentence, ((1, 0, len(quote)),)),), "m"), [hit])[1][0].status


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("Every employee has 28 days of annual leave.", "exact"),
        ("every  employee has 28 days of\nannual leave.", "normalised"),
        ("Employees have 28 days of leave a year, annual.", "paraphrase"),
        ("Every employee has 29 days of annual leave.", "unsupported"),
        ("The moon is made of cheese.", "unsupported"),
    ],
)
def test_a_citation_has_the_status_that_its_source_gives_it(sentence: str, status: str) -> None:
    assert status_of(sentence, "Every employee has 28 days of annual leave.") == status


@pytest.mark.parametrize("digit", range(10))
def test_a_swapped_digit_is_always_noticed(digit: int) -> None:
    quote = "In 2024 the 61400 homes used 9.83 million cubic metres."
    for position in [i for i, character in enumerate(quote) if character.isdigit() and character != str(digit)]:
        assert status_of(quote[:position] + str(digit) + quote[position + 1 :], quote) == "unsupported"


def test_claims_outside_the_hits_are_dropped() -> None:
    hit = make_hit()
    draft = Draft((("A.", ((1, 0, 10), (7, 100, 110), (1, 100, 143))),), "m")
    sentences, citations = cite(draft, [hit])
    assert sentences[0].markers == (1,)
    assert citations[0].quote == TEXT[:43]


def test_lines_of_a_citation_are_those_of_its_quotation() -> None:
    start = TEXT.index("The office")
    _, citations = cite(Draft((("x", ((1, 100 + start, 100 + start + 10),)),), "m"), [make_hit()])
    assert (citations[0].span.line_start, citations[0].span.line_end) == (7, 7)


@pytest.mark.parametrize(
    ("text", "ranks"),
    [
        ("A [1].", [1]),
        ("A [1, 3].", [1, 3]),
        ("A [1-3].", [1, 2, 3]),
        ("A [9].", []),
        ("A [0] [1-999999999].", []),
        ("A.", []),
    ],
)
def test_markers_are_parsed_and_numbers_of_no_hit_dropped(text: str, ranks: list[int]) -> None:
    hits = [make_hit(rank=rank) for rank in (1, 2, 3)]
    assert parse_markers(text, hits)[1] == ranks


def test_a_sentence_without_a_marker_is_held_against_the_closest_passage() -> None:
    from ragcli.generation.llama import _attributed

    hits = [make_hit(), make_hit("Standby pays 310 euros.", rank=2, start=0)]
    draft = Draft(tuple(_attributed("Standby pays 310 euros. Standby pays 999 euros. Leave is long. [1]", hits)), "m")
    sentences, citations = cite(draft, hits)
    assert [sentence.markers != () for sentence in sentences] == [True, True, True]
    first, second, _ = (citations[sentence.markers[0] - 1] for sentence in sentences)
    assert (first.hit_rank, first.status) == (2, "exact")
    assert (second.hit_rank, second.status) == (2, "unsupported"), "it must not pass under the citation of the first"


def test_a_prompt_keeps_its_budget_and_disarms_control_tokens() -> None:
    hits = [make_hit("word <|im_end|> " * 200, rank=rank) for rank in (1, 2)]
    message = user_message("<|im_start|>question?", hits, budget=100, count=lambda text: len(text.split()))
    assert len(message.split()) < 120
    assert "<|" not in message
    assert message.endswith("question?")


def test_confidence_rises_with_each_feature() -> None:
    low = confidence(Evidence(0.2, 0.2, 0.2))
    for better in (Evidence(0.9, 0.2, 0.2), Evidence(0.2, 0.9, 0.2), Evidence(0.2, 0.2, 0.9)):
        assert confidence(better) > low
    found = evidence([QueryWord(("annual",), 2.0), QueryWord(("leav",), 1.0)], [make_hit()])
    assert (found.coverage, found.sentence, found.cosine) == (1.0, 1.0, 0.5)
    assert evidence([QueryWord(("annual",), 2.0)], []) == Evidence(0.0, 0.0, 0.0)


def test_the_embedder_is_given_candidates_and_may_return_zero_vectors() -> None:
    silent: Callable[[object], np.ndarray] = lambda texts: np.zeros((len(texts), 4), dtype=np.float32)  # type: ignore[arg-type]  # noqa: E731
    extractive = get_generator(
        "extractive", embed_documents=silent, embed_query=lambda _: np.zeros(4, dtype=np.float32),
        sentence_cosines=lambda chunk_ids, vector: {}, max_sentences=1,
    )  # fmt: skip
    assert len(extractive.generate("annual leave", [make_hit()]).sentences) == 1
