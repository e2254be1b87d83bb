"""An answer as events, from the thread that makes it to the loop that sends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

from ragcli.cancellation import Cancellation
from ragcli.errors import Cancelled
from ragcli.render import jsonout, jsonserving
from ragcli.serving.http.gate import Gate
from ragcli.serving.http.service import shown
from ragcli.streaming import (
    AnswerEvent,
    AnswerFinished,
    EvidenceFound,
    SentencesDiscarded,
    SentenceWritten,
    TextWritten,
)

_GRACE = 2.0  # seconds after the deadline for what is written so far
TAIL_SECONDS = 0.05  # between two tails that are sent


class Events:
    """The events of one answer. The last one is AnswerFinished."""

    def __init__(self, cancel: Cancellation) -> None:
        self._queue: asyncio.Queue[AnswerEvent | None] = asyncio.Queue()
        self._cancel = cancel
        self._result: asyncio.Future[None] | None = None

    async def next(self, seconds: float = float("inf")) -> AnswerEvent | None:
        """The next event, None when there is none within `seconds`. Raises what the answer raises, and Cancelled when its
        deadline has passed and it did not end."""
        limit = max(0.0, self._cancel.remaining + _GRACE)
        try:
            async with asyncio.timeout(min(seconds, limit)):
                event = await self._queue.get()
        except TimeoutError:
            if seconds < limit:
                return None
            raise Cancelled("not answered in time", hint="allow more time") from None
        if event is None:
            assert self._result is not None, "an end is told of something that was begun"
            self._result.result()
            raise Cancelled("cancelled")
        return event


@asynccontextmanager
async def answering(
    gate: Gate, asked: Callable[[Cancellation], Iterator[AnswerEvent]], seconds: float
) -> AsyncIterator[Events]:
    """The events of `asked`, which runs in a thread of `gate` and is cancelled at the end of the block. Raises TooBusy."""
    cancel, loop = Cancellation(seconds), asyncio.get_running_loop()
    events = Events(cancel)
    put = events._queue.put_nowait

    def work(cancel: Cancellation) -> None:
        for event in asked(cancel):
            loop.call_soon_threadsafe(put, event)

    async with gate.started(work, cancel) as (result, _):
        events._result = result
        result.add_done_callback(lambda _: put(None))
        yield events


class Lines:
    """Events as those of a stream (text/event-stream), numbered from 1."""

    def __init__(self) -> None:
        self._number = 0
        self._sentences = 0
        self._cited = 0
        self._tail = float("-inf")

    def of(self, event: AnswerEvent) -> Iterator[bytes]:
        """What is sent for one; nothing for a tail that follows another one too soon."""
        match event:
            case EvidenceFound(hits=hits, confidence=confidence, writing=writing):
                yield self.line("evidence", jsonserving.evidence(hits, confidence, writing, shown))
            case TextWritten(text=text):
                now = asyncio.get_running_loop().time()
                if now - self._tail >= TAIL_SECONDS:
                    self._tail = now
                    yield self.line("tail", jsonserving.tail(text))
            case SentenceWritten(sentence=sentence, citations=citations):
                made = jsonserving.sentence(self._sentences, sentence, citations[self._cited :], shown)
                self._sentences, self._cited = self._sentences + 1, len(citations)
                yield self.line("sentence", made)
            case SentencesDiscarded(reason=reason):
                self._sentences = self._cited = 0
                yield self.line("discarded", jsonserving.discarded(reason))
            case AnswerFinished(answer=answer):
                yield self.line("done", jsonout.ask(answer, shown))

    def line(self, name: str, document: Mapping[str, object]) -> bytes:
        """An event with a document."""
        self._number += 1
        return f"id: {self._number}\nevent: {name}\ndata: {jsonout.dumps(document)}\n\n".encode("ascii")
