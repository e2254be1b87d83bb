"""Sentences compared with a question token by token, each read in its context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragcli.generation.candidates import Candidate
from ragcli.protocols import TokenEmbedder
from ragcli.text.query import STOP_WORDS

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, TokenStates

Column: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
_WINDOW = 800  # characters that are read together; about what fits the window of a small model


def in_context(question: str, found: Sequence[Candidate], embed: TokenEmbedder) -> tuple[Column, Column]:
    """For each candidate the cosine of its mean state with the question's, and the mean over the question's words of the best
    cosine with one of its tokens; both at least 0. The question's stop words and punctuation do not count as words."""
    windows = list(_windows(found))
    asked, *read = embed([question, *(_text(found, first, last) for first, _, last in windows)])
    cosine, late = np.zeros(len(found)), np.zeros(len(found))
    if not len(asked.states):
        return cosine, late
    whole, words = _unit(asked.states.mean(axis=0)), _unit(asked.states[_words(question, asked)])
    for (first, new, last), states in zip(windows, read, strict=True):
        base = found[first].start
        for i in range(new, last + 1):
            begin, end = found[i].start - base, found[i].end - base
            inside = [t for t, (a, b) in enumerate(states.spans) if a >= begin and b <= end and b > a]
            if inside:
                own = states.states[inside]
                cosine[i] = float(_unit(own.mean(axis=0)) @ whole)
                late[i] = float((_unit(own) @ words.T).max(axis=0).mean())
    return np.clip(cosine, 0.0, 1.0), np.clip(late, 0.0, 1.0)


def _windows(found: Sequence[Candidate]) -> Iterator[tuple[int, int, int]]:
    """(first, first that is new, last) of runs of candidates of one passage; a run begins with the last one of the run before
    it where both fit."""
    first = new = 0

    def together(i: int, j: int) -> bool:
        return found[i].hit is found[j].hit and found[j].end - found[i].start <= _WINDOW

    for i in range(1, len(found) + 1):
        if i < len(found) and together(first, i):
            continue
        yield first, new, i - 1
        first, new = (i - 1 if i < len(found) and together(i - 1, i) else i), i


def _text(found: Sequence[Candidate], first: int, last: int) -> str:
    passage = found[first].hit.passage
    return passage.text[found[first].start - passage.span.start : found[last].end - passage.span.start]


def _words(question: str, asked: TokenStates) -> list[int]:
    """Tokens of the question that carry meaning; all of them when none does."""
    kept = [
        i
        for i, (start, end) in enumerate(asked.spans)
        if question[start:end].lower() not in STOP_WORDS and question[start:end].isalnum()
    ]
    return kept or list(range(len(asked.spans)))


def _unit(vectors: Matrix) -> Matrix:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)
