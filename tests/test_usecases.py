"""Use cases with parts that stand in for real ones: each takes what it needs, so none of these tests has an index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Filter
from ragcli.errors import ModelUnavailable
from ragcli.generation.drafting import Watcher
from ragcli.protocols import Write
from ragcli.results import Answer, Understood
from ragcli.settings import from_arguments
from ragcli.usecases.chatting import Conversation
from ragcli.workspace import with_settings, workspace_at


def no_answer(question: str, *, where: Filter, watcher: Watcher | None, cancel: Cancellation) -> Answer:
    """Answers nothing, and reads every question as it stands."""
    return Answer(question, False, (), (), (), 0.0, "none", "none", understood=Understood(question))


def writing(reply: str) -> Callable[[], Write]:
    """A language model that always says `reply`."""

    def write(text: str, cancel: Cancellation = NEVER, /) -> str:
        return reply

    return lambda: write


def unreachable() -> Write | None:
    raise ModelUnavailable("the model is not there")


@pytest.mark.parametrize(
    ("language_model", "asked"),
    [
        (writing("How many days of leave do trainees have?"), "How many days of leave do trainees have?"),
        (writing("How many days of leave do trainees have in 2019?"), None),  # a year that nobody named
        (writing("Two questions?\nOr one?"), None),
        (unreachable, None),
        (lambda: None, None),
    ],
)
def test_a_follow_up_is_completed_by_the_model_where_it_keeps_to_what_was_said_and_else_by_rules(
    language_model: Callable[[], Write | None], asked: str | None
) -> None:
    ruled = Conversation(no_answer, lambda: None, Filter())
    ruled.ask("How many days of leave do I have?", "How many days of leave do I have?")
    by_rules = ruled.standalone("And for trainees?")
    assert "leave" in by_rules
    conversation = Conversation(no_answer, language_model, Filter())
    conversation.ask("How many days of leave do I have?", "How many days of leave do I have?")
    assert conversation.standalone("And for trainees?") == (asked or by_rules)


def test_no_model_is_asked_to_complete_a_question_that_stands_alone() -> None:
    conversation = Conversation(no_answer, unreachable, Filter())
    conversation.ask("How many days of leave do I have?", "How many days of leave do I have?")
    assert conversation.standalone("What does the canteen cost?") == "What does the canteen cost?"


def test_a_workspace_shows_stored_paths_from_where_the_user_is(tmp_path: Path) -> None:
    (tmp_path / "handbook" / ".rag").mkdir(parents=True)
    (tmp_path / "handbook" / "drafts").mkdir()
    inside = workspace_at(tmp_path / "handbook" / "drafts", from_arguments({}))
    assert (inside.index_directory, inside.project) == (tmp_path / "handbook" / ".rag", tmp_path / "handbook")
    assert inside.shown("leave.md") == "../leave.md"
    assert inside.shown("https://example.org/leave", is_file=False) == "https://example.org/leave"


def test_a_changed_workspace_says_what_was_changed_and_leaves_the_first_one_alone(tmp_path: Path) -> None:
    before = workspace_at(tmp_path, from_arguments({"retrieval_k": 3}))
    after = with_settings(before, {"retrieval_weight": 0.2, "index": str(tmp_path / "other")}, project=tmp_path)
    assert (after.settings.retrieval_k, after.settings.retrieval_weight) == (3, 0.2)
    assert (after.resolved.sources["retrieval_weight"], after.resolved.sources["retrieval_k"]) == ("tune", "argument")
    assert (after.index_directory, after.project) == (tmp_path / "other", tmp_path)
    assert before.settings.retrieval_weight == 0.5
