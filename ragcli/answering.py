"""Question → answer: retrieve, decide whether to answer, write, verify."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import GeneratorType
from typing import Protocol

from ragcli.datatypes import Filter, QueryWord
from ragcli.errors import ModelUnavailable
from ragcli.generation.abstention import confidence, evidence, scaled
from ragcli.generation.citations import Citer, Verify, supported
from ragcli.generation.conflicts import disputes
from ragcli.generation.relevance import share_cited
from ragcli.protocols import Generator
from ragcli.results import Answer, Citation, Claim, DraftEvent, End, Hit, Note, QueryResult, Sentence, Tail
from ragcli.text.query import Query, parse_query

EXTRACTIVE = "extractive"
FALLBACK = "fallback"
RELEVANT = 0.5  # share of the question's terms that a written answer must cite; see `share_cited`
_WEIGHTS = {"exact": 1.0, "normalised": 1.0, "paraphrase": 0.9, "misattributed": 0.5, "unsupported": 0.0}


class Words(Protocol):
    """Resolves a question's words in an index; see `ragcli.index.words`."""

    def __call__(self, query: Query, *, correct: bool) -> Sequence[QueryWord]: ...


class Watcher:
    """Is told of an answer while it comes into being; does nothing."""

    def evidence(self, result: QueryResult, confidence: float, *, writing: bool) -> None:
        """The hits are known; `writing` says whether an answer will be tried."""

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
        """A sentence is verified; `citations` are all so far, in the order of their markers."""

    def tail(self, text: str) -> None:
        """The beginning of the next sentence."""

    def discarded(self, reason: str) -> None:
        """The sentences so far are no part of the answer; others follow."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what `retrieve` finds. `writer` gives the generator when it is needed; `threshold` is the least
    confidence with which it answers.

    A sentence that nothing supports is marked (`verify` warn and fail) or left out (drop). An answer without any supported
    sentence is none.
    """

    retrieve: Callable[[str, int, Filter], QueryResult]
    words: Words
    writer: Callable[[], Generator]
    threshold: float
    verify: Verify = "warn"
    scaling: tuple[float, float] = (1.0, 0.0)  # slope and intercept of the confidence; see `abstention.scaled`
    fallback: Callable[[], Generator] | None = None  # gives the extractive generator

    def answer(self, question: str, k: int, where: Filter, watcher: Watcher | None = None) -> Answer:
        """The answer with its citations, or `answered=False` with the nearest passages. An interrupt while it is written
        ends it where it is; a second one is raised."""
        watcher = watcher or Watcher()
        result = self.retrieve(question, k, where)
        started = time.perf_counter()
        before = scaled(self.unscaled(question, result.hits), *self.scaling) if result.hits else 0.0
        writing = bool(result.hits) and before >= self.threshold
        watcher.evidence(result, before, writing=writing)
        draft, name = _Draft(result.hits, self.verify, watcher), ""
        if writing:
            generator = self.writer()
            draft = _Draft(
                result.hits,
                self.verify,
                watcher,
                question,
                generator.name == EXTRACTIVE,
                patient=self.fallback is not None,
            )
            draft = self._written(generator, draft)
            name = generator.name  # of a chain: the one that wrote
        timings = {**result.timings, "answer": (time.perf_counter() - started) * 1000}
        answered = draft.holds
        copied = name in ("", EXTRACTIVE) or draft.fallen_back
        return Answer(
            question=question,
            answered=answered,
            sentences=tuple(draft.sentences) if answered else (),
            citations=tuple(draft.citations) if answered else (),
            hits=result.hits,
            confidence=round(before * (1.0 if copied else draft.support), 4),
            mode=_mode(name, draft),
            model=name or "none",
            timings=timings,
            notes=(*result.notes, *draft.notes, *draft.end.notes),
            dropped=draft.dropped,
            stopped=draft.end.stopped,
            usage=draft.end.usage,
            disputes=tuple(disputes(draft.citations, result.hits)) if answered else (),
        )

    def _written(self, generator: Generator, draft: _Draft) -> _Draft:
        """The draft with what the generator writes, or one by `fallback` that tells why."""
        failure = ""
        try:
            draft.read(generator.generate(draft.question, draft.hits))
        except ModelUnavailable as problem:
            if self.fallback is None or generator.name == EXTRACTIVE:
                raise
            failure = f"{generator.name} failed: {problem.message}"
        failure = failure or self._fault(generator, draft)
        if self.fallback is None or not failure:
            return draft
        draft.watcher.discarded(failure)
        other = _Draft(draft.hits, self.verify, draft.watcher, draft.question, copied=True, fallen_back=True)
        other.read(self.fallback().generate(draft.question, draft.hits))
        other.notes = [
            *draft.notes,
            *draft.end.notes,
            f"{failure}; these are sentences of the documents instead",
            *other.notes,
        ]
        other.end = End(other.end.stopped, draft.end.usage, other.end.notes)
        return other

    @staticmethod
    def _fault(generator: Generator, draft: _Draft) -> str:
        """Why a draft that was written to its end is no answer; empty when it is one, or is not to be replaced."""
        if generator.name == EXTRACTIVE or draft.end.stopped in ("interrupted", "refused"):
            return ""
        if draft.end.stopped == "repeated":
            return f"{generator.name} wrote the same again and again"
        if not draft.holds:
            wrote = any(sentence.text for sentence in draft.sentences) or draft.dropped
            return f"{generator.name} wrote nothing{' that the documents bear out' if wrote else ''}"
        fits = share_cited(draft.question, draft.citations, draft.hits) >= RELEVANT
        return "" if fits else f"what {generator.name} wrote is not about what was asked"

    def unscaled(self, question: str, hits: Sequence[Hit]) -> float:
        """How sure retrieval is that the hits answer the question, before `scaling`. Corrections do not count: a word that the
        documents do not hold speaks against an answer."""
        return confidence(evidence(self.words(parse_query(question), correct=False), hits)) if hits else 0.0


def _mode(name: str, draft: _Draft) -> str:
    if draft.fallen_back:
        return FALLBACK
    return "none" if not name else EXTRACTIVE if name == EXTRACTIVE else "generated"


@dataclass(slots=True)
class _Draft:
    """Reads a generator's events and verifies its claims as they come."""

    hits: Sequence[Hit]
    verify: Verify
    watcher: Watcher
    question: str = ""
    copied: bool = False  # by the extractive generator: a copy needs not be held against the question
    fallen_back: bool = False
    patient: bool = False  # the watcher is told nothing before a sentence is supported
    sentences: list[Sentence] = field(default_factory=list)
    end: End = field(default_factory=End)
    notes: list[str] = field(default_factory=list)
    dropped: int = 0
    _told: int = 0  # sentences that the watcher knows
    _citer: Citer = field(init=False)

    def __post_init__(self) -> None:
        self._citer = Citer(self.hits, "" if self.copied else self.question)

    @property
    def citations(self) -> list[Citation]:
        return self._citer.citations

    @property
    def holds(self) -> bool:
        """Whether some sentence is supported."""
        return any(supported(sentence, self.citations) for sentence in self.sentences)

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
        if self.patient and not self.holds:
            return
        untold, self._told = self.sentences[self._told :], len(self.sentences)
        for each in untold:
            self.watcher.sentence(each, self.citations)
