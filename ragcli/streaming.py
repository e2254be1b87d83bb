"""An answer as a sequence of events, while it comes into being."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ragcli.generation.drafting import Watcher

if TYPE_CHECKING:
    from ragcli.cancellation import Cancellation
    from ragcli.results import Answer, Citation, Hit, QueryResult, Sentence


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """The first event of a streamed answer: the passages are known. `confidence` is the probability that they answer the
    question, 0 to 1; `writing` says whether an answer will be tried."""

    hits: tuple[Hit, ...]
    confidence: float
    writing: bool


@dataclass(frozen=True, slots=True)
class SentenceWritten:
    """A sentence is finished and verified; `citations` are all so far, in the order of their markers."""

    sentence: Sentence
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class TextWritten:
    """The beginning of the next sentence, not verified yet; each replaces the one before it."""

    text: str


@dataclass(frozen=True, slots=True)
class SentencesDiscarded:
    """The sentences so far are no part of the answer, for a reason in words; others follow."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The last event: the whole answer, as `Rag.ask` returns it."""

    answer: Answer


AnswerEvent: TypeAlias = EvidenceFound | SentenceWritten | TextWritten | SentencesDiscarded | AnswerFinished


def streamed(ask: Callable[[Watcher], Answer], cancel: Cancellation) -> Iterator[AnswerEvent]:
    """What a watcher of `ask` is told, as events; see `ragcli.Rag.ask_stream`. `ask` runs in a thread of its own and must heed
    `cancel`, which is cancelled when the events are read no longer."""
    events: queue.SimpleQueue[AnswerEvent | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            events.put(AnswerFinished(ask(_Telling(events))))
        except BaseException as error:  # handed to the thread that reads the events
            events.put(error)

    worker = threading.Thread(target=work, name="ragcli-ask", daemon=True)
    worker.start()
    try:
        while True:
            event = events.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, AnswerFinished):
                return
    finally:
        cancel.cancel()
        worker.join()


class _Telling(Watcher):
    def __init__(self, events: queue.SimpleQueue[AnswerEvent | BaseException]) -> None:
        self._events = events

    def evidence(self, result: QueryResult, confidence: float, *, writing: bool) -> None:
        self._events.put(EvidenceFound(result.hits, confidence, writing))

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
        self._events.put(SentenceWritten(sentence, tuple(citations)))

    def tail(self, text: str) -> None:
        self._events.put(TextWritten(text))

    def discarded(self, reason: str) -> None:
        self._events.put(SentencesDiscarded(reason))
