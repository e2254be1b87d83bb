"""What becomes of a model's draft: repeats and copies are left out, and the documents answer where nothing is left."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console
from rich.text import Text

from ragcli.answering import Answerer
from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Filter
from ragcli.drafts import Claim, DraftEvent, End
from ragcli.errors import ModelUnavailable
from ragcli.generation.cleaning import loops
from ragcli.generation.drafting import Watcher
from ragcli.render.answers import AnswerStream
from ragcli.results import Answer, Citation, Hit, QueryResult, Sentence
from tests.helpers.answers import Writer, chooser, generator, make_hit, prompted

QUESTION = "How many days of annual leave does every employee have?"
LEAVE = "Every employee has 28 days of annual leave."


def drafted(*pieces: str) -> tuple[list[str], End]:
    *events, end = prompted(Writer(*pieces)).generate(QUESTION, [make_hit()])
    assert isinstance(end, End)
    return [event.text for event in events if isinstance(event, Claim)], end


class Seen(Watcher):
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reason = ""

    def discarded(self, reason: str) -> None:
        self.texts.clear()
        self.reason = reason

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
        self.texts.append(sentence.text)


def answered(model: Writer, *, fallback: bool = True, watcher: Watcher | None = None) -> Answer:
    hits = (make_hit(),)
    answerer = Answerer(
        retrieve=lambda question, k, where, cancel=NEVER: QueryResult(question, "hybrid", hits),
        widen=list,
        choose=chooser(),
        writer=lambda: prompted(model),
        threshold=0.0,
        closest=0.0,
        fallback=(lambda: generator("extractive")) if fallback else None,
    )
    return answerer.answer(QUESTION, 1, Filter(), watcher)


@pytest.mark.parametrize(
    "reply",
    [
        f"{LEAVE} [1] {LEAVE} [1]",
        f"{LEAVE} EVERY employee has 28 days of  annual leave!",
        f"{LEAVE} Every employee here has 28 days of annual leave.",
        f"{{fence}} [1] Handbook › Leave\n\n{LEAVE} [1]\n\n{{fence}} end of the sources",
        f"# Leave\n\nHandbook › Leave\n\n{LEAVE}",
        f"{QUESTION} Answer in one or two sentences. {LEAVE}",
        f"Answer:\n\n{LEAVE} After every sentence give the number of the source that says it in square brackets.",
    ],
)
def test_repeats_and_pieces_of_the_prompt_are_left_out(reply: str) -> None:
    sentences, end = drafted(reply)
    assert sentences == [LEAVE]
    assert any("left out" in note for note in end.notes)


def test_a_draft_that_runs_in_circles_is_ended_early() -> None:
    model = Writer(*[f"{LEAVE} "] * 500)
    *events, end = prompted(model).generate(QUESTION, [make_hit()])
    assert [event.text for event in events if isinstance(event, Claim)] == [LEAVE]
    assert isinstance(end, End)
    assert end.stopped == "repeated"
    assert model.taken < 10


@pytest.mark.parametrize("text", ["and the days of " * 3, "the " * 10, "1. 2 3 4 5 6 7 8\n" * 3])
def test_a_text_that_ends_with_the_same_again_and_again_loops(text: str) -> None:
    assert loops("It begins well. " + text)


@pytest.mark.parametrize("text", ["", LEAVE, "| a | b |\n|---|---|\n", "10,000,000", f"{LEAVE} {LEAVE}", "-" * 9])
def test_ordinary_text_does_not_loop(text: str) -> None:
    assert not loops(text)


def test_a_sentence_without_a_number_is_attributed_afterwards() -> None:
    answer = answered(Writer(LEAVE))
    assert (answer.mode, [c.status for c in answer.citations]) == ("generated", ["exact"])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Writer("The moon is made of cheese. [1]"), "writer wrote nothing that the documents bear out"),
        (Writer("{fence} end of the sources"), "writer wrote nothing"),
        (Writer(), "writer wrote nothing"),
        (Writer(*[f"{LEAVE} "] * 50), "writer wrote the same again and again"),
        (Writer("The office opens at 6."), "what writer wrote is not about what was asked"),
        (Writer(broken=True), "writer failed: the server is gone"),
    ],
)
def test_when_nothing_of_a_draft_holds_the_documents_answer(model: Writer, reason: str) -> None:
    watcher = Seen()
    answer = answered(model, watcher=watcher)
    assert (answer.mode, answer.model) == ("fallback", "writer")
    assert answer.text.startswith(LEAVE)
    assert [citation.status for citation in answer.citations] == ["exact"]
    assert (watcher.texts, watcher.reason) == ([answer.text], reason)
    assert any(note.startswith(f"{reason}; these are") for note in answer.notes)


def test_sentences_are_shown_from_the_first_one_that_holds() -> None:
    watcher = Seen()
    answered(Writer(f"The moon is made of cheese. {LEAVE} Carry over ends on 31 March."), watcher=watcher)
    assert watcher.texts == ["The moon is made of cheese.", LEAVE, "Carry over ends on 31 March."]


def test_without_the_fallback_a_draft_without_support_is_no_answer() -> None:
    answer = answered(Writer("The moon is made of cheese. [1]"), fallback=False)
    assert (answer.answered, answer.mode) == (False, "generated")
    with pytest.raises(ModelUnavailable):
        answered(Writer(broken=True), fallback=False)


def test_a_model_that_finds_no_answer_in_the_sources_is_believed() -> None:
    answer = answered(Writer("NOT IN THE DOCUMENTS"))
    assert (answer.answered, answer.mode, answer.stopped) == (False, "generated", "refused")


def test_the_extractive_answer_needs_no_fallback() -> None:
    class Silent:
        name = identity = "extractive"

        def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
            yield End()

    hits = (make_hit(),)
    answer = Answerer(
        retrieve=lambda question, k, where, cancel=NEVER: QueryResult(question, "hybrid", hits),
        widen=list,
        choose=chooser(),
        writer=Silent,
        threshold=0.0,
        closest=0.0,
        fallback=lambda: pytest.fail("there is nothing else to ask"),
    ).answer(QUESTION, 1, Filter())
    assert (answer.answered, answer.mode) == (False, "extractive")


def test_sentences_that_went_to_a_pipe_are_called_back_in_a_line() -> None:
    stream = io.StringIO()
    shown = AnswerStream(Console(file=stream, width=200), lambda hit: Text(""))
    shown.sentence(Sentence("The office opens at 6.", ()), [])
    shown.discarded("what writer wrote is not about what was asked")
    shown.sentence(Sentence(LEAVE, ()), [])
    shown.close()
    assert [line for line in stream.getvalue().splitlines() if line] == [
        "The office opens at 6. (not supported)",
        "(what writer wrote is not about what was asked; sentences of the documents instead)",
        f"{LEAVE} (not supported)",
    ]
