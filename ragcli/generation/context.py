"""Sentences compared with a question token by token, each read in its context."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from ragcli.generation.candidates import Candidate
from ragcli.protocols import TokenEmbedder
from ragcli.text.query import STOP_WORDS
from ragcli.text.questions import QUESTION_WORDS

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix

Column: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
_WINDOW = 800  # characters that are read together; about what fits the window of a small model


class Likeness(NamedTuple):
    """How near the words of a question are to each candidate, from 0 to 1: a word is as near as its most similar token.

    `content`: mean over the words that are no stop words; `weakest`: the farthest of them; `focus`: mean over the question
    word and the noun after it ("which company", "how many people"), whose states in context resemble those of an answer;
    `rest`: mean over the other stop words and marks. What a question lacks takes the value of `content`.
    """

    content: Column
    weakest: Column
    focus: Column
    rest: Column


def in_context(question: str, found: Sequence[Candidate], embed: TokenEmbedder) -> Likeness:
    """The likeness of each candidate, read in a window of its passage, to `question`; zeros where nothing can be compared."""
    windows = list(_windows(found))
    asked, *read = embed([question, *(_text(found, first, last) for first, _, last in windows)])
    parts = question_parts(question, asked.spans)
    table = np.zeros((len(Likeness._fields), len(found)))
    if not parts.words and not parts.rest:
        return Likeness(*table)
    asked_states = _unit(asked.states)
    for (first, new, last), states in zip(windows, read, strict=True):
        base = found[first].start
        for i in range(new, last + 1):
            begin, end = found[i].start - base, found[i].end - base
            if found[i].is_row:
                begin, end = 0, len(found[i].meaning)
            inside = [t for t, (a, b) in enumerate(states.spans) if a >= begin and b <= end and b > a]
            if inside:
                best = (_unit(states.states[inside]) @ asked_states.T).max(axis=0)
                words = [float(best[tokens].mean()) for tokens in parts.words] or [float(best[parts.rest].mean())]
                content = sum(words) / len(words)
                focus = float(best[parts.focus].mean()) if parts.focus else content
                rest = float(best[parts.rest].mean()) if parts.rest else content
                table[:, i] = content, min(words), focus, rest
    return Likeness(*np.clip(table, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class QuestionParts:
    """The tokens of a question: of each content word, of the focus, and of everything else but question words."""

    words: list[list[int]]
    focus: list[int]
    rest: list[int]


def question_parts(question: str, spans: Sequence[tuple[int, int]]) -> QuestionParts:
    """Sort the tokens at `spans` of `question`; empty ones (marks of the model) belong to the rest."""
    words = [(match.start(), match.end(), match.group().lower()) for match in re.finditer(r"\w+", question)]
    asks = [word in QUESTION_WORDS for _, _, word in words]
    content = [word not in STOP_WORDS and not ask for (_, _, word), ask in zip(words, asks, strict=True)]
    focal = [ask or (content[i] and i > 0 and asks[i - 1]) for i, ask in enumerate(asks)]
    owner = [
        next((i for i, (a, b, _) in enumerate(words) if a <= start and end <= b and end > start), None)
        for start, end in spans
    ]
    return QuestionParts(
        words=[own for i in range(len(words)) if content[i] and (own := [t for t, o in enumerate(owner) if o == i])],
        focus=[t for t, i in enumerate(owner) if i is not None and focal[i]],
        rest=[t for t, i in enumerate(owner) if i is None or not (content[i] or asks[i])],
    )


def _windows(found: Sequence[Candidate]) -> Iterator[tuple[int, int, int]]:
    """(first, first that is new, last) of runs of candidates of one passage; a run begins with the last one of the run before
    it where both fit. A row is a run of its own."""
    first = new = 0

    def together(i: int, j: int) -> bool:
        alone = found[i].is_row or found[j].is_row
        return not alone and found[i].hit is found[j].hit and found[j].end - found[i].start <= _WINDOW

    for i in range(1, len(found) + 1):
        if i < len(found) and together(first, i):
            continue
        yield first, new, i - 1
        first, new = (i - 1 if i < len(found) and together(i - 1, i) else i), i


def _text(found: Sequence[Candidate], first: int, last: int) -> str:
    if found[first].is_row:
        return found[first].meaning
    passage = found[first].hit.passage
    return passage.text[found[first].start - passage.span.start : found[last].end - passage.span.start]


def _unit(vectors: Matrix) -> Matrix:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)
