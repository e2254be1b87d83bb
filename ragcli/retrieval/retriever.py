"""The retrieval pipeline: legs → fusion → chunks → stitching."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ragcli.datatypes import Chunk, DocumentRecord, Filter, Mode, QueryResult, ScoredChunk
from ragcli.protocols import SearchIndex
from ragcli.retrieval.fusion import Leg, fuse
from ragcli.retrieval.stitching import stitch

if TYPE_CHECKING:
    from ragcli.datatypes import Vector


class SearchableIndex(SearchIndex, Protocol):
    """A SearchIndex that also gives the chunks behind the rows."""

    def chunks(self, rows: Sequence[int]) -> dict[int, tuple[Chunk, DocumentRecord]]: ...

    def snapshot(self) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class RetrievalOptions:
    """`weight` is the dense leg's share in a hybrid ranking; `depth` how many candidates each leg gives."""

    mode: Mode = "hybrid"
    fusion: str = "convex"
    weight: float = 0.5
    depth: int = 100
    stitch: bool = True


class Retriever:
    """Answers questions with hits from one index. `embed_query` is called for dense and hybrid modes only."""

    def __init__(self, index: SearchableIndex, embed_query: Callable[[str], Vector], options: RetrievalOptions) -> None:
        self._index = index
        self._embed_query = embed_query
        self._options = options

    def retrieve(self, question: str, k: int, where: Filter = Filter()) -> QueryResult:  # noqa: B008 - frozen
        """At most `k` hits, best first; equal scores are in the order in which chunks were indexed."""
        timings: dict[str, float] = {}
        scored = self.rank(question, max(2 * k, k + 10), where, timings)
        with _timed(timings, "stitch"):
            hits = stitch(scored, k, max_chunks=3 if self._options.stitch else 1)
        return QueryResult(question, self._options.mode, tuple(hits), timings)

    def rank(self, question: str, limit: int, where: Filter, timings: dict[str, float]) -> list[ScoredChunk]:
        """At most `limit` chunks before stitching, best first."""
        options = self._options
        depth = max(options.depth, limit)
        vector = None
        if options.mode != "lexical":
            with _timed(timings, "embed"):
                vector = self._embed_query(question)
        with self._index.snapshot():
            legs = []
            if options.mode != "dense":
                with _timed(timings, "lexical"):
                    ranking = self._index.lexical_search(question, depth, where)
                legs.append(Leg("lexical", ranking, 1.0 if vector is None else 1 - options.weight, floor=0.0))
            if vector is not None:
                with _timed(timings, "dense"):
                    ranking = self._index.dense_search(vector, depth, where)
                legs.append(
                    Leg("dense", ranking, 1.0 if options.mode == "dense" else options.weight, pool=options.depth)
                )
            with _timed(timings, "fuse"):
                fused = fuse(legs, method=options.fusion)[:limit]
            with _timed(timings, "fetch"):
                found = self._index.chunks([row for row, _ in fused])
        return [ScoredChunk(row, *found[row], trace.total, trace) for row, trace in fused if row in found]


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Add the milliseconds that the block takes to `timings[stage]`."""
    started = time.perf_counter()
    try:
        yield
    finally:
        timings[stage] = timings.get(stage, 0.0) + (time.perf_counter() - started) * 1000
