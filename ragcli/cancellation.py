"""Ending a question before its answer is complete: whoever asked gives up, or a deadline passes. And what is not to be ended
halfway."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ragcli.errors import Cancelled


class Cancellation:
    """Goes with one question through retrieval, reranking and writing. Stages ask `check()` between each other, language models
    `expired` between tokens.

    `seconds` from now on is the deadline; None means that there is none. Any thread may `cancel`, and a signal handler may.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._deadline = math.inf if seconds is None else time.monotonic() + seconds
        self._cancelled = False
        self._attending = 0

    def cancel(self) -> None:
        """Give up. What is written so far of an answer stays; what comes before the writing raises Cancelled."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether somebody gave up."""
        return self._cancelled

    @property
    def expired(self) -> bool:
        """Whether somebody gave up or the deadline has passed."""
        return self._cancelled or self.remaining <= 0

    @property
    def remaining(self) -> float:
        """Seconds to the deadline; negative when it has passed, infinite when there is none."""
        return self._deadline - time.monotonic()

    def check(self) -> None:
        """Raises Cancelled when `expired`."""
        if self._cancelled:
            raise Cancelled("cancelled")
        if self.remaining <= 0:
            raise Cancelled(f"not answered within {self.seconds:g} s", hint="allow more time")

    @property
    def attended(self) -> bool:
        """Whether the work is at a place that looks at `expired` many times a second, so that `cancel` is enough to end it."""
        return self._attending > 0

    @contextmanager
    def attending(self) -> Iterator[None]:
        """Around work that looks at `expired` many times a second."""
        self._attending += 1
        try:
            yield
        finally:
            self._attending -= 1


class _Never(Cancellation):
    def cancel(self) -> None:
        raise RuntimeError("this one is shared by all who do not want to cancel; make a Cancellation()")


NEVER = _Never()
"""For questions that nobody will cancel."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside, the first Ctrl-C waits until the end; the second one counts at once. So does SIGTERM where it has a handler. Only
    the main thread is ever interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}
    waiting: list[tuple[int, FrameType | None]] = []

    def defer(number: int, frame: FrameType | None) -> None:
        waiting.append((number, frame))
        if len(waiting) > 1:
            handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, defer)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number, frame in waiting[:1]:
        handlers[number](number, frame)
