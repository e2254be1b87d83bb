"""How near the words of a question are to a unit that is read in its passage: late interaction (Khattab & Zaharia 2020) over
the token states of the embedding model, with the unit's headings and what leads in to it as its context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ragcli.generation.context import QuestionParts, question_parts
from ragcli.generation.units import Unit
from ragcli.protocols import TokenEmbedder

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, TokenStates

Column: TypeAlias = NDArray[np.float64]
WINDOW = 800  # characters that are read together; about what fits the window of a small model
_OVERLAP = 100
LATE = tuple("""
    late late_min late_idf late_heavy late_focus late_rest
    ctx ctx_min ctx_idf ctx_heavy ctx_focus ctx_rest
    heads heads_max heads_idf
""".split())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a hit's passage that is read at once: from `start` to `end` of its text."""

    unit: Unit  # one of the hit's units
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Read:
    """Of one text: where its tokens stand, and how near each is to each token of the question, [tokens, tokens of the
    question]."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    near: Column

    def best(self, start: int, end: int) -> Column | None:
        """The nearest token between two places, for each token of the question; None when there is none."""
        inside = (self.starts >= start) & (self.ends <= end)
        return np.asarray(self.near[inside].max(axis=0)) if inside.any() else None


def late_features(
    question: str, weights: Sequence[tuple[str, float]], units: Sequence[Unit], embed: TokenEmbedder, *, room: int
) -> tuple[list[int], Column]:
    """The positions of the units that were read, and [len(positions), len(LATE)] for them, from 0 to 1. At most about `room`
    characters of passages are read, in the order of `units`; `weights` are the idf of the question's words, folded."""
    windows, read = _windows(units, room)
    contexts = list(dict.fromkeys(context for i in read for context in (_heads(units[i]), units[i].lead) if context))
    texts = [window.unit.hit.whole.text[window.start : window.end] for window in windows]
    asked, *states = embed([question, *texts, *contexts])
    parts = question_parts(question, asked.spans)
    if not read or not (parts.words or parts.rest):
        return [], np.zeros((0, len(LATE)))
    asked_states = _unit(asked.states)
    found = list(_read(states, asked_states))
    above = {
        text: one.near.max(axis=0) for text, one in zip(contexts, found[len(windows) :], strict=True) if len(one.near)
    }
    words = parts.words or [parts.rest]
    idf = _weights(question, asked.spans, words, weights)
    none = np.zeros(len(asked_states))
    rows: list[dict[str, float]] = []
    for unit in (units[i] for i in read):
        own = _own(unit, windows, found, none)
        heads, lead = above.get(_heads(unit), none), above.get(unit.lead, none)
        rows.append(_row(own, heads, np.maximum(own, np.maximum(heads, lead)), words, parts, idf))
    table = np.array([[row[name] for name in LATE] for row in rows], dtype=np.float64)
    return read, np.clip(table.reshape(len(rows), len(LATE)), 0.0, 1.0)


def _read(texts: Sequence[TokenStates], asked: Matrix) -> Iterator[_Read]:
    """All texts compared in one product: many small ones cost more."""
    near = np.asarray(_unit(np.concatenate([text.states for text in texts])) @ asked.T, dtype=np.float64)
    at = 0
    for text in texts:
        spans = np.array(text.spans, dtype=np.int64).reshape(-1, 2)
        yield _Read(spans[:, 0], spans[:, 1], near[at : at + len(spans)])
        at += len(spans)


def _own(unit: Unit, windows: Sequence[Window], found: Sequence[_Read], none: Column) -> Column:
    """How near the unit's own tokens come to each token of the question; `none` where it was not read."""
    own = none
    for window, one in zip(windows, found, strict=False):
        if window.unit.hit is unit.hit:
            base = unit.hit.whole.span.start + window.start
            for start, end in unit.spans:
                best = one.best(start - base, end - base)
                own = own if best is None else np.maximum(own, best)
    return own


def _row(
    own: Column, heads: Column, context: Column, words: list[list[int]], parts: QuestionParts, idf: Column
) -> dict[str, float]:
    """By name. `late` is of the unit's own tokens, `heads` of its headings', `ctx` of both and of what leads in to it."""
    share, heavy = idf / idf.sum(), int(np.argmax(idf))
    with_heads = np.maximum(own, heads)
    row: dict[str, float] = {}
    for name, near, others in (("late", own, own), ("ctx", context, with_heads), ("heads", heads, heads)):
        by_word = [float(near[tokens].sum()) / len(tokens) for tokens in words]
        mean = sum(by_word) / len(words)
        row |= {
            name: mean,
            f"{name}_min": min(by_word),
            f"{name}_max": max(by_word),
            f"{name}_idf": float(share @ by_word),
            f"{name}_heavy": by_word[heavy],
            f"{name}_focus": float(others[parts.focus].sum()) / len(parts.focus) if parts.focus else mean,
            f"{name}_rest": float(others[parts.rest].sum()) / len(parts.rest) if parts.rest else mean,
        }
    return row


def _weights(
    question: str, spans: Sequence[tuple[int, int]], words: list[list[int]], weights: Sequence[tuple[str, float]]
) -> Column:
    """The idf of each word; a word that the index does not know weighs as much as the heaviest one."""
    known = dict(weights)
    most = max(known.values(), default=1.0) or 1.0
    texts = [question[spans[tokens[0]][0] : spans[tokens[-1]][1]].lower() for tokens in words]
    return np.array([max(known.get(text, most), 1e-3) for text in texts])


def _heads(unit: Unit) -> str:
    return " › ".join(unit.headings[-2:])


def _windows(units: Sequence[Unit], room: int) -> tuple[list[Window], list[int]]:
    """Windows of the passages, and the positions of the units that they cover: those that come first, as far as `room`
    reaches."""
    covered: dict[int, list[tuple[int, int]]] = {}
    owner: dict[int, Unit] = {}
    read: list[int] = []
    for i, unit in enumerate(units):
        base, key = unit.hit.whole.span.start, id(unit.hit)
        spans = _joined([*covered.get(key, []), (unit.start - base, unit.end - base)])
        others = sum(b - a for other, own in covered.items() if other != key for a, b in own)
        if read and others + sum(b - a for a, b in spans) > room:
            continue
        covered[key], owner[key] = spans, unit
        read.append(i)
    windows = [Window(owner[key], *cut) for key, spans in covered.items() for span in spans for cut in _cuts(*span)]
    return windows, read


def _cuts(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a span that are read at once; each begins before the one before it ends."""
    for at in range(start, max(start + 1, end - _OVERLAP), WINDOW - _OVERLAP):
        yield at, min(end, at + WINDOW)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch or nearly touch as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + _OVERLAP:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _unit(vectors: Matrix) -> Matrix:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1.0), dtype=np.float32)
