"""Programs that a test starts and talks to."""

from __future__ import annotations

import queue
import threading
from typing import IO

PATIENCE = 60.0  # seconds, for a machine that is busy


class Lines:
    """The lines of a program's output as they come, without waiting for them for ever. Close it when the program has ended."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream is not None, "start the program with PIPE"
        self._lines: queue.Queue[str] = queue.Queue()
        self._reading = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reading.start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line)

    def next(self, seconds: float = PATIENCE) -> str:
        """The next line, "" when none comes within `seconds`."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return ""

    def close(self) -> None:
        """Wait for the end of the output."""
        self._reading.join(PATIENCE)
