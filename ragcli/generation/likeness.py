"""How near the words of a question are to a unit,
    read in its passage: late interaction (Khattab & Zaharia 2020) over the token
states of the embedding model, with the unit's headings and what leads in to it as its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ragcli.generation.context import question_parts
from ragcli.generation.units import Unit
from ragcli.protocols import TokenEmbedder

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix

Column: TypeAlias = NDArray[np.float64]
WINDOW = 800  # characters that are read together; about what fits the window of a small model
_OVERLAP = 100
LATE = (
    "late", "late_min", "late_focus", "late_rest", "ctx", "ctx_min", "late_idf", "ctx_idf", "heads", "heads_idf",
        "heads_max", "ctx_rest",
    "ctx_focus", "late_heavy", "ctx_heavy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """Of one text: where its tokens stand, and how near each is to each token of the question, [tokens, tokens of the
    question]."""

    spans: Sequence[tuple[int, int]]
    near: Column

    def best(self, places: Sequence[tuple[int, int]]) -> Column | None:
        """The nearest token inside the places, for each token of the question; None when there is none."""
        inside = [any(a <= start and end <= b for a, b in places) for start, end in self.spans]
        return np.asarray(self.near[inside].max(axis=0)) if any(inside) else None


def late_features(
    question: str, weights: Sequence[tuple[str, float]], units: Sequence[Unit], embed: TokenEmbedder, *, room: int
) -> tuple[list[int], Column]:
    """The positions of the units that were read, and [len(positions),
        len(LATE)] for them. At most about `room` characters of
    passages are read, in the order of `units`; `weights` are the idf of the question's words, folded."""
    windows, read = _windows(units, room)
    contexts = list(dict.fromkeys(context for i in read for context in (_heads(units[i]), units[i].lead) if context))
    texts = [unit.hit.whole.text[start:end] for unit, start, end in windows]
    asked, *states = embed([question, *texts, *contexts])
    parts = question_parts(question, asked.spans)
    if not read or not (parts.words or parts.rest):
        return [], np.zeros((0, len(LATE)))
    asked_states = _unit(asked.states)
    found = [_Read(s.spans, np.asarray(_unit(s.states) @ asked_states.T, dtype=np.float64)) for s in states]
    above = {
        text: one.near.max(axis=0) for text, one in zip(contexts, found[len(windows) :], strict=True) if len(one.spans)
    }
    words = parts.words or [parts.rest]
    idf = _weights(question, asked.spans, words, weights)
    none = np.zeros(len(asked_states))
    rows: list[list[float]] = []
    for i in read:
        own = none
        for (unit, start, end), one in zip(windows, found, strict=False):
            if unit.hit is units[i].hit:
                base = unit.hit.whole.span.start + start
                inside = [(a - base, b - base) for a, b in units[i].spans if a < base + end - start and b > base]
                best = one.best(inside) if inside else None
                own = own if best is None else np.maximum(own, best)
        heads, lead = above.get(_heads(units[i]), none), above.get(units[i].lead, none)
        rows.append(_row(own, heads, np.maximum(own, np.maximum(heads, lead)), words, parts.focus, parts.rest, idf))
    return read, np.clip(np.array(rows).reshape(len(rows), len(LATE)), 0.0, 1.0)


def _row(
    own: Column, heads: Column, context: Column, words: list[list[int]], focus: list[int], rest: list[int], idf: Column
) -> list[float]:
    by_word, by_head, by_context = ([float(near[w].mean()) for w in words] for near in (own, heads, context))
    share = idf / idf.sum()
    heavy = int(np.argmax(idf))
    late, ctx = sum(by_word) / len(words), sum(by_context) / len(words)
    with_heads = np.maximum(own, heads)
    return [
        late, min(by_word), float(own[focus].mean()) if focus else late, float(own[rest].mean()) if rest else late,
            ctx, min(by_context),
        float(share @ by_word), float(share @ by_context), sum(by_head) / len(words), float(share @ by_head), max(by_head),
        float(with_heads[rest].mean()) if rest else ctx, float(with_heads[focus].mean()) if focus else ctx,
            by_word[heavy], by_context[heavy],
    ]  # fmt: skip


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


def _windows(units: Sequence[Unit], room: int) -> tuple[list[tuple[Unit, int, int]], list[int]]:
    """Windows of the passages as (a unit of it, start, end) of its text,
        and the units that they cover: those that come first,
    as far as `room` reaches."""
    covered: dict[int, list[tuple[int, int]]] = {}
    owner: dict[int, Unit] = {}
    read: list[int] = []
    for i, unit in enumerate(units):
        base, key = unit.hit.whole.span.start, id(unit.hit)
        start, end = unit.start - base, unit.end - base
        spans = _joined([*covered.get(key, []), (start, end)])
        others = sum(b - a for other, own in covered.items() if other != key for a, b in own)
        if read and others + sum(b - a for a, b in spans) > room:
            continue
        covered[key], owner[key] = spans, unit
        read.append(i)
    windows = [
        (owner[key], at, min(end, at + WINDOW))
        for key, spans in covered.items()
        for start, end in spans
        for at in range(start, max(start + 1, end - _OVERLAP), WINDOW - _OVERLAP)
    ]
    return windows, read


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
