"""What every generator promises: claims within the hits it was given, one end, and the same again for the same question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ragcli.cancellation import NEVER, Cancellation
from ragcli.drafts import Claim, DraftEvent, End
from ragcli.errors import ModelUnavailable
from ragcli.generation import GeneratorConfig, get_generator
from ragcli.generation.choosing import Chooser
from ragcli.generation.citations import Citer
from ragcli.protocols import Generator
from tests.helpers.answers import COPIER, chooser, generator, make_hit, words_of
from tests.servers import Script, model_server

KINDS = ["extractive", "random gguf", "copying gguf", "openai", "anthropic", "chain"]


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Generator]:
    kind = request.param
    if kind == "extractive":
        yield generator("extractive")
    elif kind.endswith("gguf"):
        pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
        pytest.importorskip("gguf", reason="needs the package gguf")
        from tests.make_gguf import write_tiny_gguf

        path = write_tiny_gguf(tmp_path / "tiny.gguf") if kind.startswith("random") else COPIER
        yield generator(str(path))
    elif kind == "chain":
        yield generator("missing.gguf", "extractive")
    else:
        pytest.importorskip(kind, reason=f"needs the extra [{kind}]")
        with model_server(Script()) as address:
            yield generator(f"{kind}:m@{address}{'/v1' if kind == 'openai' else ''}")


def claims_of(events: Iterator[DraftEvent]) -> list[Claim]:
    return [event for event in events if isinstance(event, Claim)]


def test_a_draft_cites_only_what_it_was_given_and_repeats_exactly(model: Generator) -> None:
    hits = [make_hit(), make_hit("Standby pays 310 euros.", rank=2, start=0)]
    events = list(model.generate("How many days of annual leave?", hits))
    again = model.generate("How many days of annual leave?", hits)
    assert claims_of(iter(events)) == claims_of(again)
    assert [isinstance(event, End) for event in events].count(True) == 1
    assert isinstance(events[-1], End)
    citer = Citer(hits)
    for claim in claims_of(iter(events)):
        sentence = citer.add(claim)
        assert sentence is not None
        assert sentence.markers, "no sentence is shown unchecked"
        assert all(1 <= marker <= len(citer.citations) for marker in sentence.markers)
    for citation in citer.citations:
        passage = next(hit.passage for hit in hits if hit.rank == citation.hit_rank)
        assert citation.quote in passage.text
        assert passage.span.start <= citation.span.start < citation.span.end <= passage.span.end


def test_without_hits_nothing_is_claimed(model: Generator) -> None:
    assert claims_of(model.generate("anything", [])) == []


def test_a_generator_has_a_name_and_an_identity(model: Generator) -> None:
    assert model.name
    assert model.identity


def test_the_extractive_answer_is_the_sentence_that_answers() -> None:
    claims = claims_of(
        generator("extractive").generate("How many days of annual leave does every employee have?", [make_hit()])
    )
    assert claims[0].text.startswith("Every employee has 28 days of annual leave.")


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


def test_a_chain_says_who_was_passed_over_and_who_answered() -> None:
    from ragcli.drafts import Note

    chain = generator("missing.gguf", "extractive")
    events = list(chain.generate("annual leave", [make_hit()]))
    assert [event.text for event in events if isinstance(event, Note)] == [
        "missing.gguf was passed over: no model at missing.gguf"
    ]
    assert chain.name == "extractive"
    with pytest.raises(ModelUnavailable, match=r"one\.gguf.*two\.gguf"):
        list(generator("one.gguf", "two.gguf").generate("annual leave", [make_hit()]))


@pytest.mark.parametrize("kept", [False, True])
def test_an_answer_that_is_cancelled_while_a_sentence_is_shown_ends_there_and_keeps_it(
    kept: bool, tmp_path: Path
) -> None:
    from ragcli.answering import Answerer
    from ragcli.datatypes import Filter
    from ragcli.drafts import Limits
    from ragcli.generation.caching import CachingGenerator
    from ragcli.generation.drafting import Watcher
    from ragcli.generation.prompted import EstimatedModel, PromptedGenerator, PromptOptions
    from ragcli.prompts import Prompt
    from ragcli.results import QueryResult

    class Talker(EstimatedModel):
        name = identity = "talker"

        def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
            while True:
                yield "Every employee has 28 days of annual leave. [1] "

    cancel = Cancellation()

    class Impatient(Watcher):
        def sentence(self, sentence: object, citations: object) -> None:
            assert cancel.attended, "an interrupt would be left to the writer"
            cancel.cancel()

    written = PromptedGenerator(Talker(), lambda question, found: [1.0] * len(found), PromptOptions())
    writer = CachingGenerator(written, tmp_path / "drafts") if kept else written
    hits = (make_hit(),)
    answerer = Answerer(
        retrieve=lambda question, k, where, cancel=NEVER: QueryResult(question, "hybrid", hits),
        widen=list,
        choose=chooser(),
        writer=lambda: writer,
        threshold=0.0,
        closest=0.0,
    )
    answer = answerer.answer("How many days?", 1, Filter(), Impatient(), cancel)
    assert not cancel.attended
    assert answer.stopped == "interrupted"
    assert answer.sentences[0].text == "Every employee has 28 days of annual leave."
    assert not (tmp_path / "drafts").exists(), "a draft that was stopped is not kept"


def test_the_embedder_is_given_candidates_and_may_return_zero_vectors() -> None:
    silent: Callable[[object], np.ndarray] = lambda texts: np.zeros((len(texts), 4), dtype=np.float32)  # type: ignore[arg-type]  # noqa: E731
    parts = GeneratorConfig(
        embed_documents=silent,
        embed_query=lambda _: np.zeros(4, dtype=np.float32),
        sentence_cosines=lambda chunk_ids, vector: {},
        choose=Chooser(words_of, lambda _: np.zeros(4, dtype=np.float32), lambda chunk_ids, vector: {}),
        max_pieces=1,
    )
    assert len(claims_of(get_generator(["extractive"], parts).generate("annual leave", [make_hit()]))) == 1


def test_threads_that_share_a_chooser_get_the_choice_for_their_own_question() -> None:
    shared = chooser()
    hits = [make_hit(), make_hit("Standby pays 310 euros. The canteen opens at noon.\n", rank=2, start=0, path="e.md")]
    questions = ["How many days of annual leave?", "What does standby pay?", "When does the office open?", "canteen?"]
    alone = {question: [unit.shown for unit in chooser()(question, hits).units] for question in questions}
    with ThreadPoolExecutor(16) as pool:
        asked = questions * 100
        found = list(pool.map(lambda question: [unit.shown for unit in shared(question, hits).units], asked))
    assert found == [alone[question] for question in asked]
