"""How much of the evidence, character by character, a ranking holds within a budget of tokens.

The measures of Smith & Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ragcli.evaluation.gold import GoldQuestion
from ragcli.results import Hit

BUDGET = 700  # tokens of the embedder: what a small model's prompt holds
Interval = tuple[int, int]
Locate = Callable[[str, str], Interval | None]


def span_scores(
    question: GoldQuestion,
    hits: Sequence[Hit],
    resolve: Callable[[str], str | None],
    locate: Locate,
    *,
    budget: int = BUDGET,
) -> dict[str, float]:
    """`span_recall`, `span_precision` and `span_iou` of the best hits that fit into `budget` (the first always does).

    Empty when no quoted evidence with a path can be located in its document. `locate` gives a quotation's place.
    """
    wanted: dict[str, list[Interval]] = {}
    for item in question.evidence:
        path = resolve(item.path) if item.path else None
        place = locate(path, item.quote) if path and item.quote else None
        if path and place:
            wanted.setdefault(path, []).append(place)
    if not wanted:
        return {}
    retrieved: dict[str, list[Interval]] = {}
    used = 0
    for hit in hits:
        used += hit.passage.tokens
        if used > budget and retrieved:
            break
        for document, span in [
            (hit.passage.document, hit.passage.span),
            *((place.document, place.span) for place in hit.also_at),
        ]:
            retrieved.setdefault(document.path, []).append((span.start, span.end))
    gold, found = _length(wanted), _length(retrieved)
    both = sum(_common(_merged(wanted[path]), _merged(retrieved.get(path, []))) for path in wanted)
    return {
        "span_recall": both / gold,
        "span_precision": both / found if found else 0.0,
        "span_iou": both / (gold + found - both),
    }


def _merged(intervals: Sequence[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _length(intervals: Mapping[str, Sequence[Interval]]) -> int:
    return sum(end - start for spans in intervals.values() for start, end in _merged(spans))


def _common(one: Sequence[Interval], other: Sequence[Interval]) -> int:
    return sum(max(0, min(b, d) - max(a, c)) for a, b in one for c, d in other)
