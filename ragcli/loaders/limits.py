"""What one file may cost. A loader reports every step to the running `Budget`, which keeps the parent informed and says stop.

A loader that collects text piece by piece works inside `keep_what_was_read`: when a limit is reached, what was read so far is
the document, and it is marked as partly read.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ragcli.errors import LoadError

TEXT_BYTES = 20_000_000  # of a text or source file; a page of text has three kilobytes
EXPANSION = 50  # characters of text for each byte of the file …
EXPANSION_FREE = 1_000_000  # … beyond this many characters
MAX_DEPTH = 3  # of files within files, such as mails attached to mails


@dataclass(frozen=True, slots=True)
class Limits:
    """Per file: its size, seconds without progress and in all, CPU seconds, the parser's address space, characters of text."""

    file_bytes: int = 100_000_000
    idle_seconds: float = 30.0
    seconds: float = 300.0
    cpu_seconds: float = 120.0
    memory_bytes: int = 1 << 30
    characters: int = 20_000_000


class LimitReached(LoadError):
    """A limit stopped a loader; `reason` names it."""


class Budget:
    """What is left for one file of `size` bytes. `heartbeat` is called at most ten times a second while there is progress."""

    def __init__(self, limits: Limits, size: int, heartbeat: Callable[[], None] = lambda: None) -> None:
        self._limits = limits
        self._characters = min(limits.characters, max(EXPANSION_FREE, EXPANSION * size))
        self._bomb = self._characters < limits.characters
        self._heartbeat = heartbeat
        self._started = self._last = time.monotonic()
        self._used = 0
        self._beating = False
        self.depth = 0

    def spend(self, characters: int) -> None:
        """Count text. Raises LimitReached when it is too much, or when three quarters of the time are over."""
        self._used += characters
        now = time.monotonic()
        if self._used > self._characters:
            kind = (
                f"more than {EXPANSION} times its size as text"
                if self._bomb
                else f"more than {self._characters:,} characters"
            )
            raise LimitReached(f"limit: {kind}")
        if now - self._started > 0.75 * self._limits.seconds:
            raise LimitReached(f"limit: more than {0.75 * self._limits.seconds:g} s")
        self.alive()

    def alive(self) -> bool:
        """Tell the parent of progress. A signal's handler may call this at any moment; False says that it came in between while
        the parent was told, which must not be broken off."""
        if self._beating:
            return False
        now = time.monotonic()
        if now - self._last > 0.1:
            self._beating = True
            try:
                self._last = now
                self._heartbeat()
            finally:
                self._beating = False
        return True


# Outside of `budget`, which is where parsers work, nothing is limited.
_running = Budget(Limits(seconds=math.inf, characters=sys.maxsize), sys.maxsize)


@contextmanager
def budget(limits: Limits, size: int, heartbeat: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Loaders called inside spend from a budget of their own."""
    global _running  # noqa: PLW0603 - one file at a time in one process; passing it through every parser would tell no more
    before, _running = _running, Budget(limits, size, heartbeat)
    try:
        yield
    finally:
        _running = before


def spend(characters: int = 0) -> None:
    """Tell the running budget of progress, and of text; see `Budget.spend`."""
    _running.spend(characters)


def alive() -> bool:
    """Tell the running budget of progress; see `Budget.alive`."""
    return _running.alive()


@contextmanager
def nested() -> Iterator[None]:
    """Around the reading of a file inside a file. Raises LimitReached when that goes too deep."""
    _running.depth += 1
    try:
        if _running.depth > MAX_DEPTH:
            raise LimitReached(f"limit: files within files more than {MAX_DEPTH} deep")
        yield
    finally:
        _running.depth -= 1
