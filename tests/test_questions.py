"""What a question asks, word by word, and how near sentences are to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from ragcli.datatypes import TokenStates
from ragcli.generation.candidates import Candidate, candidates
from ragcli.generation.context import in_context, question_parts
from tests.helpers.answers import make_hit


def spans(text: str) -> list[tuple[int, int]]:
    """Of words and marks, between the two empty marks that models put around a text."""
    return [(0, 0), *((m.start(), m.end()) for m in re.finditer(r"\w+|[^\w\s]", text)), (0, 0)]


def test_the_focus_of_a_question_is_its_question_word_and_the_noun_after_it() -> None:
    parts = question_parts("How many people live in Kigali?", spans("How many people live in Kigali?"))
    assert parts.words == [[3], [4], [6]]
    assert parts.focus == [1, 2, 3]
    assert parts.rest == [0, 5, 7, 8]


def test_the_pieces_of_a_word_belong_together() -> None:
    assert question_parts("Kigali", [(0, 2), (2, 6)]).words == [[0, 1]]


def test_a_question_of_stop_words_has_no_content() -> None:
    parts = question_parts("is it", [(0, 2), (3, 5)])
    assert (parts.words, parts.focus, parts.rest) == ([], [], [0, 1])


def words_as_states(texts: Sequence[str]) -> list[TokenStates]:
    """Each word a direction of its own; marks of the model are the sum of the text's."""
    found = []
    for text in texts:
        places = spans(text)
        states = np.zeros((len(places), 64), dtype=np.float32)
        for i, (start, end) in enumerate(places[1:-1], start=1):
            states[i, sum(text[start:end].lower().encode()) % 63] = 1.0
        states[[0, -1], 63] = 1.0
        found.append(TokenStates(tuple(places), states))
    return found


def sentences(text: str) -> list[Candidate]:
    return candidates([make_hit(text)])


def test_likeness_is_that_of_the_nearest_token_by_word() -> None:
    found = sentences("Which team won the cup. Some other thing entirely.")
    likeness = in_context("Which team lost?", found, words_as_states)
    assert likeness.content == pytest.approx([1 / 2, 0])
    assert likeness.weakest == pytest.approx([0, 0])
    assert likeness.focus == pytest.approx([1, 0])


def test_what_a_question_lacks_counts_as_its_content() -> None:
    likeness = in_context("team cup", sentences("The team won the cup twice."), words_as_states)
    assert likeness.focus == pytest.approx(likeness.content)
    assert likeness.content == pytest.approx([1])


def test_without_candidates_there_is_no_likeness() -> None:
    assert [len(column) for column in in_context("Which team?", [], words_as_states)] == [0, 0, 0, 0]
