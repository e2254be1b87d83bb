"""One writer at a time. The kernel holds the lock and drops it when its process dies; the file only names the holder."""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from pathlib import Path
from types import TracebackType

from ragcli.errors import IndexLocked, RagError
from ragcli.index.entries import LastWrite
from ragcli.logs import log
from ragcli.private import open_private

LOCK = "lock"
WAIT_SECONDS = 2.0
_UNFINISHED = re.compile(r"\d+ of \d+ files")
_LONG_SECONDS = 0.05  # a shorter wait is not worth a message


def last_write(directory: Path) -> LastWrite:
    """See `ragcli.index.protocol.Store.last_write`. An ingest that finished says so at its end, one that was stopped or killed
    leaves the number of its files."""
    try:
        descriptor = open_private(directory / LOCK, os.O_RDONLY)
    except OSError:
        return LastWrite()
    try:
        progress = str(json.loads(os.pread(descriptor, 4096, 0))["progress"])[:80]
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return LastWrite(progress if _UNFINISHED.fullmatch(progress) else "")
    except BlockingIOError:
        return LastWrite(progress, running=True)
    except (OSError, ValueError, KeyError, TypeError):
        return LastWrite()
    finally:
        os.close(descriptor)


class WriterLock:
    """A context manager around `flock`. Raises IndexLocked, naming the holder and its progress, after `wait` seconds."""

    def __init__(self, directory: Path, *, wait: float = WAIT_SECONDS) -> None:
        self._path = directory / LOCK
        self._wait = wait
        self._descriptor = -1

    def __enter__(self) -> WriterLock:
        try:
            self._descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise RagError(
                f"cannot write to {self._path.parent}: {error.strerror or error}", hint="check its permissions"
            ) from error
        begun = time.monotonic()
        deadline = begun + self._wait
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = self._holder()
                    os.close(self._descriptor)
                    raise IndexLocked(
                        f"another process is writing to {self._path.parent}{holder}",
                        hint="wait for it to finish, or stop it",
                    ) from None
                time.sleep(0.05)
        if (waited := time.monotonic() - begun) >= _LONG_SECONDS:
            log("index", "info", "waited %.1f s for another writer of %s", waited, self._path.parent)
        self.report("starting")
        return self

    @property
    def descriptor(self) -> int:
        """While a process holds this open, so that it may write, nobody else gets the lock."""
        return self._descriptor

    def report(self, progress: str) -> None:
        """Tell those who wait how far this writer is."""
        text = json.dumps({"pid": os.getpid(), "progress": progress}).encode()
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text, 0)
        except OSError:
            return  # a full disk must not stop the work over a courtesy

    def _holder(self) -> str:
        try:
            entry = json.loads(os.pread(self._descriptor, 4096, 0))
            return f": process {int(entry['pid'])}, {str(entry['progress'])[:80]}"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
