"""The retrieval pipeline: question → sub-queries → legs → fusion → reranking → selection → stitching."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Candidate, Filter, Mode
from ragcli.protocols import Reranker
from ragcli.results import Hit, QueryResult, ScoredChunk, Understood
from ragcli.retrieval.diversity import Selection, select
from ragcli.retrieval.fusion import Leg, fuse
from ragcli.retrieval.languages import language_note, unbridged
from ragcli.retrieval.recent import prefer_recent
from ragcli.retrieval.reranking import rerank
from ragcli.retrieval.stitching import grow, stitch
from ragcli.retrieval.transforms import SubQuery, Transform
from ragcli.text.query import STOP_WORDS, Query, language_of, parse_query
from ragcli.text.synonyms import Synonyms

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.index.protocol import Searcher


@dataclass(frozen=True, slots=True)
class RetrievalOptions:
    """`weight` is the dense leg's share in a hybrid ranking; `depth` how many candidates each leg gives; `correct` repairs
    misspelt words; `model` is the name of the embedding model, and `reads` the language that it reads alone, "" when there
    are several or it is not known; `rerank_depth` how many passages are reranked, for at most `rerank_seconds`;
    `whole_sections` lets passages grow to their sections; `prefer_recent` lets the dates of documents count. See
    `Selection` and `stitch` for the rest."""

    mode: Mode = "hybrid"
    fusion: str = "convex"
    weight: float = 0.5
    depth: int = 100
    correct: bool = True
    model: str = ""
    reads: str = ""
    stitch: bool = True
    stitch_tokens: int = 600
    whole_sections: bool = False
    selection: Selection = Selection()  # noqa: RUF009 - frozen
    rerank_depth: int = 20
    rerank_seconds: float = 10.0
    prefer_recent: bool = False


class Retriever:
    """Answers questions with hits from one index. `embed_query` is called for dense and hybrid modes only."""

    def __init__(
        self,
        index: Searcher,
        embed_query: Callable[[str], Vector],
        options: RetrievalOptions,
        *,
        reranker: Reranker | None = None,
        transform: Transform | None = None,
        synonyms: Synonyms | None = None,
    ) -> None:
        self._index = index
        self._embed_query = embed_query
        self._options = options
        self._reranker = reranker
        self._transform = transform
        self._synonyms = synonyms

    def retrieve(
        self,
        question: str,
        k: int,
        where: Filter = Filter(),  # noqa: B008 - frozen
        cancel: Cancellation = NEVER,
    ) -> QueryResult:
        """At most `k` hits, best first; equal scores are in the order of keys, in which chunks were indexed.

        The index is read in short snapshots; embedding, language models and reranking run between them, so that they keep no
        writer waiting. When the index changed meanwhile, the question is asked once more; when it changed again, hits that are
        gone by then are left out. Raises Cancelled.
        """
        result = self._attempt(question, k, where, cancel, last=False)
        if result is None:
            result = self._attempt(question, k, where, cancel, last=True)
        assert result is not None
        return result

    def _attempt(self, question: str, k: int, where: Filter, cancel: Cancellation, *, last: bool) -> QueryResult | None:
        """None when the index changed between the first snapshot and the last one, unless this is the `last` attempt."""
        timings: dict[str, float] = {}
        notes: list[str] = []
        options = self._options
        joins = options.stitch or options.selection.collapse  # several chunks may become one hit
        wanted = max(2 * k, k + 10) if joins else k
        with _timed(timings, "read"), self._index.snapshot():
            seen = self._index.generation()
            understood = self.understand(question)
        scored = self.rank(understood.text, wanted, where, timings, notes, cancel)
        cancel.check()
        with self._index.snapshot():
            if self._index.generation() != seen:
                if not last:
                    return None
                scored = self._still_there(scored)
            hits = self._hits(scored, k, wanted, timings)
        understood, remarks = self._remarks(understood, hits)
        return QueryResult(question, options.mode, tuple(hits), timings, (*remarks, *notes), understood)

    def _still_there(self, scored: Sequence[ScoredChunk]) -> list[ScoredChunk]:
        """Those of the chunks that the index holds now."""
        found = self._index.fetch([entry.key for entry in scored])
        return [
            entry for entry in scored if entry.key in found and found[entry.key].chunk.chunk_id == entry.chunk.chunk_id
        ]

    def _vectors(self, keys: Sequence[int]) -> Matrix:
        """float32 [len(keys), dimension] in their order; all of them must exist."""
        import numpy as np

        found = self._index.fetch(keys, vectors=True)
        return np.asarray([found[key].vector for key in keys], dtype=np.float32)

    def _hits(self, scored: Sequence[ScoredChunk], k: int, wanted: int, timings: dict[str, float]) -> list[Hit]:
        """At most `k` hits from ranked chunks, selected and stitched."""
        options = self._options
        with _timed(timings, "select"):
            chosen, alike = select(scored, options.selection, self._vectors)
        with _timed(timings, "stitch"):
            most = 3 if options.stitch else 1
            hits = stitch(chosen, wanted, max_chunks=most, max_tokens=options.stitch_tokens, alike=alike)
            if options.whole_sections and options.stitch:
                hits = grow(hits, k, self._index.document_chunks, max_tokens=options.stitch_tokens)
        return hits[:k]

    def understand(self, question: str) -> Understood:
        """How the question is read: as it stands, unless the options let misspelt words be repaired."""
        if self._options.correct:
            return self._index.understand(question)
        return Understood(question, language=language_of(question))

    def _remarks(self, understood: Understood, hits: Sequence[Hit]) -> tuple[Understood, list[str]]:
        """What the reader should know of how the question was read, now that it is known what was found."""
        options = self._options
        notes = [
            f"“{typed}” is in no document; read as “{read}”"
            for typed, read in understood.repaired
            if read not in STOP_WORDS
        ]
        documents = unbridged(understood.language, hits, options.mode, options.reads)
        if documents:
            notes.append(language_note(understood.language, documents, options.mode, options.reads, options.model))
        return replace(understood, documents=documents), notes

    def rank(
        self,
        question: str,
        limit: int,
        where: Filter,
        timings: dict[str, float],
        notes: list[str],
        cancel: Cancellation = NEVER,
    ) -> list[ScoredChunk]:
        """At most `limit` chunks before selection and stitching, best first. Raises Cancelled."""
        depth = max(limit, self._options.rerank_depth if self._reranker else 0)
        depth = max(depth, self._options.depth if self._options.prefer_recent else 0)
        ranked = self._rank_one(SubQuery(question), depth, where, timings, notes)
        cancel.check()
        if self._transform is not None:
            with _timed(timings, "transform"):
                made = self._transform(question, ranked, cancel)
                others = {other.label: other for other in made if other.label != question}
            cancel.check()
            if others:
                within = replace(where, without=where.without + parse_query(question).excluded)
                rankings = [(question, ranked)] if not any(other.replaces for other in others.values()) else []
                rankings += [(label, self._rank_one(o, depth, within, timings, notes)) for label, o in others.items()]
                notes.extend(f"also searched: {label}" for label in others)
                ranked = _joined(rankings)[:depth]
        if self._reranker is not None:
            with _timed(timings, "rerank"):
                ranked, remark = rerank(
                    self._reranker, question, ranked, self._options.rerank_depth, self._options.rerank_seconds, cancel
                )
                notes += [remark] if remark else []
        return (prefer_recent(ranked) if self._options.prefer_recent else ranked)[:limit]

    def _rank_one(
        self, sub: SubQuery, limit: int, where: Filter, timings: dict[str, float], notes: list[str]
    ) -> list[ScoredChunk]:
        options = self._options
        query = parse_query(sub.text)
        if self._synonyms is not None:
            query = self._synonyms.apply(query, query.text)
        where = replace(where, phrases=where.phrases + query.phrases, without=where.without + query.excluded)
        vector = None
        if options.mode != "lexical":
            with _timed(timings, "embed"):
                vector = self._embed_query(sub.passage or query.text or sub.text)
        depth = max(options.depth, limit)
        with self._index.snapshot():
            legs = self._legs(query, vector, depth, where, timings, notes)
            if query.phrases and not any(leg.ranking for leg in legs):
                notes.append(
                    "no passage holds " + " and ".join(f"“{phrase}”" for phrase in query.phrases) + " word for word"
                )
                legs = self._legs(query, vector, depth, replace(where, phrases=()), timings, [])
            with _timed(timings, "fuse"):
                fused = fuse(legs, method=options.fusion)[:limit]
            with _timed(timings, "fetch"):
                found = self._index.fetch([key for key, _ in fused])
        return [
            ScoredChunk(key, found[key].chunk, found[key].document, trace.total, trace)
            for key, trace in fused
            if key in found
        ]

    def _legs(
        self,
        query: Query,
        vector: Vector | None,
        depth: int,
        where: Filter,
        timings: dict[str, float],
        notes: list[str],
    ) -> list[Leg]:
        """The rankings that the mode asks for. The dense one scores the candidates of both by chunk and best sentence."""
        options = self._options
        legs: list[Leg] = []
        words = None
        if options.mode != "dense":
            with _timed(timings, "lexical"):
                words = self._index.resolve(query)
        found = self._index.candidates(words, vector, depth, where)
        if words is not None:
            _add_time(timings, "lexical", found.milliseconds["lexical"])
            legs.append(Leg("lexical", found.lexical, 1.0 if vector is None else 1 - options.weight, floor=0.0))
        if vector is not None:
            _add_time(timings, "dense", found.milliseconds["dense"])
            # Of those within the depth, the lowest score counts as 0, however many more are asked for.
            pool = {entry.key for ranking in (found.lexical, found.dense) for entry in ranking[: options.depth]}
            floor = min((entry.score for entry in found.rescored if entry.key in pool), default=None)
            legs.append(Leg("dense", found.rescored, 1.0 if options.mode == "dense" else options.weight, floor))
        return legs


def _joined(rankings: Sequence[tuple[str, Sequence[ScoredChunk]]]) -> list[ScoredChunk]:
    """Several rankings as one, by reciprocal rank fusion; the trace has a leg for each."""
    chunks = {entry.key: entry for _, ranking in reversed(rankings) for entry in ranking}
    legs = [Leg(label, [Candidate(entry.key, entry.score) for entry in ranking], 1.0) for label, ranking in rankings]
    return [replace(chunks[key], score=trace.total, trace=trace) for key, trace in fuse(legs, method="rrf")]


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Add the milliseconds that the block takes to `timings[stage]`."""
    started = time.perf_counter()
    try:
        yield
    finally:
        _add_time(timings, stage, (time.perf_counter() - started) * 1000)


def _add_time(timings: dict[str, float], stage: str, milliseconds: float) -> None:
    timings[stage] = timings.get(stage, 0.0) + milliseconds
