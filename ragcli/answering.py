"""Question → answer: retrieve, decide whether to answer, write, verify."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import GeneratorType
from typing import Protocol

from ragcli.datatypes import Filter
from ragcli.generation.abstention import scaled
from ragcli.generation.citations import Citer, Verify, supported
from ragcli.generation.conflicts import disputes
from ragcli.generation.pieces import Choice, claim_of
from ragcli.generation.recency import Newest, newest_first, older_versions
from ragcli.protocols import Generator
from ragcli.results import (
    Answer,
    Citation,
    Claim,
    Closest,
    Dispute,
    DraftEvent,
    End,
    Hit,
    Note,
    QueryResult,
    Sentence,
    Tail,
)  # fmt: skip
from ragcli.text.subquestions import sub_questions

EXTRACTIVE = "extractive"
_OF_A_PART = 2  # passages that are looked for
_WEIGHTS = {"exact": 1.0, "normalised": 1.0, "paraphrase": 0.9, "misattributed": 0.5, "unsupported": 0.0}


class Choose(Protocol):
    """Chooses what answers a question; see `ragcli.generation.choosing.Chooser`."""

    def __call__(self, question: str, hits: Sequence[Hit]) -> Choice: ...


class Watcher:
    """Is told of an answer while it comes into being; does nothing."""

    def evidence(self, result: QueryResult, confidence: float, *, writing: bool) -> None:
        """The hits are known; `writing` says whether an answer will be tried."""

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
        """A sentence is verified; `citations` are all so far, in the order of their markers."""

    def tail(self, text: str) -> None:
        """The beginning of the next sentence."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what `retrieve` finds. `widen` gives hits their surroundings, `choose` what answers best and
    how likely it does; `writer` gives the generator when it is needed. Of two versions of a passage the newer one answers (see
    `recency`).

    With a confidence of at least `threshold` it answers. Below it, and from `closest` on, the piece that comes closest is
    the reply, and says so; below that there is none. A sentence that nothing supports is marked (`verify` warn and fail) or
    left out (drop). An answer without any supported sentence is none."""

    retrieve: Callable[[str, int, Filter], QueryResult]
    widen: Callable[[Sequence[Hit]], list[Hit]]
    choose: Choose
    writer: Callable[[], Generator]
    threshold: float
    closest: float
    verify: Verify = "warn"
    scaling: tuple[float, float] = (1.0, 0.0)  # slope and intercept of the confidence; see `abstention.scaled`

    def answer(self, question: str, k: int, where: Filter, watcher: Watcher | None = None) -> Answer:
        """The answer with its citations, or `answered=False` with the closest piece, if any, and the nearest passages. An
        interrupt while it is written ends it where it is; a second one is raised."""
        watcher = watcher or Watcher()
        result = self.retrieve(question, k, where)
        started = time.perf_counter()
        newest = newest_first(result.asked, result.hits)
        result = replace(result, hits=newest.hits)
        hits = self._with_parts(result.asked, newest.current, len(result.hits), where)
        choice = self.choose(result.asked, hits)
        before = scaled(choice.confidence, *self.scaling) if choice.units else 0.0
        writing = bool(choice.units) and before >= self.threshold
        watcher.evidence(result, before, writing=writing)
        draft = _Draft(hits, self.verify, watcher)
        name = ""
        if writing:
            generator = self.writer()
            draft.read(generator.generate(result.asked, hits))
            name = generator.name
        answered = any(supported(sentence, draft.citations) for sentence in draft.sentences)
        near = _Draft(hits, self.verify, Watcher())
        if not answered and choice.units and (writing or before >= self.closest):
            near.read(iter([claim_of(choice.units[0], hits)]))
        shown = draft.citations if answered else near.citations
        cited = {citation.hit_rank for citation in shown}
        return Answer(
            question=question,
            answered=answered,
            sentences=tuple(draft.sentences) if answered else (),
            citations=tuple(draft.citations) if answered else (),
            hits=(*result.hits, *(hit for hit in hits if hit.rank > len(result.hits) and hit.rank in cited)),
            confidence=round(before * (draft.support if name not in ("", EXTRACTIVE) else 1.0), 4),
            mode="none" if not name else EXTRACTIVE if name == EXTRACTIVE else "generated",
            model=name or "none",
            timings={**result.timings, "answer": (time.perf_counter() - started) * 1000},
            notes=(*result.notes, *draft.notes, *draft.end.notes),
            dropped=draft.dropped,
            stopped=draft.end.stopped,
            usage=draft.end.usage,
            disputes=_against(result.asked, draft.citations, newest) if answered else (),
            closest=Closest(near.sentences[0], near.citations[0]) if near.sentences and near.citations else None,
            understood=result.understood,
        )

    def unscaled(self, question: str, hits: Sequence[Hit]) -> float:
        """How sure it is that the hits answer the question, before `scaling`. `question` is as it was read
        (`QueryResult.asked`)."""
        choice = self.choose(question, self.widen(hits))
        return choice.confidence if choice.units else 0.0

    def _with_parts(self, question: str, hits: Sequence[Hit], last: int, where: Filter) -> list[Hit]:
        """The hits with their surroundings, and after them the best passages for each part of a question that asks for
        several things or compares two, unless they are there already; their ranks go on from `last`."""
        found = list(hits)
        for part in sub_questions(question):
            known = {i for hit in found for i in hit.passage.chunk_ids}
            others = (
                hit for hit in self.retrieve(part, _OF_A_PART, where).hits if known.isdisjoint(hit.passage.chunk_ids)
            )
            found += [replace(hit, rank=last + len(found) - len(hits) + i) for i, hit in enumerate(others, 1)]
        return self.widen(found)


def _against(question: str, citations: Sequence[Citation], newest: Newest) -> tuple[Dispute, ...]:
    """What among the hits speaks against the citations: older versions first, each document of these once."""
    older = older_versions(question, citations, newest)
    told = {dispute.document.path for dispute in older}
    others = [entry for entry in disputes(citations, newest.hits) if entry.document.path not in told]
    return (*older, *others)


@dataclass(slots=True)
class _Draft:
    """Reads a generator's events and verifies its claims as they come."""

    hits: Sequence[Hit]
    verify: Verify
    watcher: Watcher
    sentences: list[Sentence] = field(default_factory=list)
    end: End = field(default_factory=End)
    notes: list[str] = field(default_factory=list)
    dropped: int = 0
    _citer: Citer = field(init=False)

    def __post_init__(self) -> None:
        self._citer = Citer(self.hits)

    @property
    def citations(self) -> list[Citation]:
        return self._citer.citations

    @property
    def support(self) -> float:
        """Mean over the sentences of what their best citation is worth."""
        worth = [
            max((_WEIGHTS[self.citations[m - 1].status] for m in sentence.markers), default=0.0)
            for sentence in self.sentences
            if sentence.text
        ]
        return sum(worth) / len(worth) if worth else 0.0

    def read(self, events: Iterator[DraftEvent]) -> None:
        """Read to the end; an interrupt that arrives while an event is looked at is handed to the generator, which then ends
        its draft."""
        event = next(events, None)
        interrupted = False
        while event is not None:
            try:
                self._see(event)
                event = next(events, None)
            except KeyboardInterrupt:
                if interrupted or not isinstance(events, GeneratorType):
                    raise
                interrupted = True
                event = events.throw(KeyboardInterrupt())

    def _see(self, event: DraftEvent) -> None:
        if isinstance(event, End):
            self.end = event
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, Tail):
            self.watcher.tail(event.text)
        else:
            self._take(event)

    def _take(self, claim: Claim) -> None:
        sentence = self._citer.add(claim, keep_unsupported=self.verify != "drop")
        if sentence is None:
            self.dropped += 1
            return
        self.sentences.append(sentence)
        self.watcher.sentence(sentence, self.citations)
