"""A second opinion on the first passages, by a model that reads question and passage together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from ragcli.cancellation import NEVER, Cancellation
from ragcli.protocols import Reranker
from ragcli.results import ScoredChunk
from ragcli.scores import LegTrace, ScoreTrace

_BATCH = 4
_REMEMBERED = 2_000  # pairs of a question and a passage; the oldest are forgotten first


class RememberingReranker:
    """A Reranker that asks `inner` only for pairs that it was not asked for lately: a question is asked twice when the index
    changes meanwhile, when it names documents, and by `rag why`. Any number of threads may use it."""

    def __init__(self, inner: Reranker) -> None:
        self._inner = inner
        self._scores: dict[tuple[str, str], float] = {}

    @property
    def name(self) -> str:
        return self._inner.name

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        known = {passage: self._scores.get((question, passage)) for passage in passages}
        missing = [passage for passage, score in known.items() if score is None]
        scores = dict(zip(missing, self._inner.score(question, missing) if missing else (), strict=True))
        self._scores.update({(question, passage): score for passage, score in scores.items()})
        if len(self._scores) > _REMEMBERED:
            for oldest in list(self._scores)[:-_REMEMBERED]:
                self._scores.pop(oldest, None)
        scores.update({passage: score for passage, score in known.items() if score is not None})
        return [scores[passage] for passage in passages]


def rerank(
    reranker: Reranker,
    question: str,
    ranked: Sequence[ScoredChunk],
    depth: int,
    seconds: float,
    cancel: Cancellation = NEVER,
) -> tuple[list[ScoredChunk], str]:
    """The first `depth` in the order of the reranker's scores, the others after them, and a remark when time ran out.

    Scoring goes from the best passage on and stops after the batch in which `seconds` run out; what was not read keeps its
    place behind what was. The score of a reranked passage becomes the reranker's (0 to 1) plus 1, so that scores go on
    descending; its trace keeps the earlier ranking as a leg without weight. Raises Cancelled between two batches.
    """
    deadline = time.monotonic() + seconds
    scores: list[float] = []
    first = list(ranked[:depth])
    while len(scores) < len(first) and time.monotonic() < deadline:
        cancel.check()
        batch = first[len(scores) : len(scores) + _BATCH]
        scores += reranker.score(question, [entry.chunk.searchable_text for entry in batch])
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    read = [_reranked(first[i], i + 1, rank, scores[i], reranker.name) for rank, i in enumerate(order, start=1)]
    cut = len(scores) < len(first)
    remark = f"the reranker read {len(scores)} of {len(first)} passages in {seconds:g} s" if cut else ""
    return read + list(ranked[len(scores) :]), remark


def _reranked(entry: ScoredChunk, before: int, rank: int, score: float, name: str) -> ScoredChunk:
    legs = (
        LegTrace(f"reranker {name}", rank, score, 1 + score, 1.0, 1 + score),
        LegTrace("before", before, entry.score, entry.score, 0.0, 0.0),
        *(replace(leg, weight=0.0, contribution=0.0) for leg in entry.trace.legs),
    )
    return replace(entry, score=1 + score, trace=ScoreTrace("rerank", legs, 1 + score))
