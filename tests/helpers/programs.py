"""Programs that a test starts and talks to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import IO

LINE_SECONDS = 60.0


def next_line(stream: IO[str] | None) -> str:
    """The next line of a program's output, "" at its end. Raises TimeoutError when none comes within LINE_SECONDS; the thread
    that waits for it ends with the program, which the test must end."""
    assert stream is not None, "start the program with PIPE"
    waiting = ThreadPoolExecutor(1)
    try:
        return waiting.submit(stream.readline).result(timeout=LINE_SECONDS)
    finally:
        waiting.shutdown(wait=False)
