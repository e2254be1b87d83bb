"""Ingests that were asked for: one runs at a time, and whoever asks again with its number is told how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.errors import RagError, UsageError

if TYPE_CHECKING:
    from ragcli.api import Rag
    from ragcli.ingest import Progress
    from ragcli.reports import IngestReport

_FAILURES = 20  # files that could not be read which a reply lists


class Job:
    """One ingest, in a thread of its own."""

    def __init__(self, number: str, rag: Callable[[], Rag], paths: Sequence[Path], tags: Mapping[str, str]) -> None:
        self.number = number
        self._done = self._of = 0
        self._report: IngestReport | None = None
        self._error = ""
        self._ended = threading.Event()
        threading.Thread(target=self._run, args=(rag, paths, tags), name="ragcli-mcp-ingest", daemon=True).start()

    def _run(self, rag: Callable[[], Rag], paths: Sequence[Path], tags: Mapping[str, str]) -> None:
        try:
            self._report = rag().ingest(*paths, tags=tags, on_progress=self._told)
        except RagError as problem:
            self._error = f"{problem.message}. {problem.hint}".rstrip(". ")
        except Exception as problem:
            logging.getLogger("ragcli.serving").exception("an ingest failed")
            self._error = f"internal error: {type(problem).__name__}: {problem}"
        finally:
            self._ended.set()

    def _told(self, progress: Progress) -> None:
        self._done, self._of = progress.done, progress.files

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after `seconds`."""
        self._ended.wait(seconds)

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    def state(self) -> dict[str, Any]:
        """What the tool `ingest` returns."""
        told: dict[str, Any] = {
            "job": self.number,
            "state": "running",
            "done": self._done,
            "of": self._of,
            "failed": [],
        }
        if self._error:
            told |= {"state": "failed", "error": self._error}
        elif self._report is not None:
            failed = [{"path": entry.path, "reason": entry.reason} for entry in self._report.failed[:_FAILURES]]
            told |= {"state": "done", "added": self._report.added, "updated": self._report.updated, "failed": failed}
        return told


class Jobs:
    """The jobs of one server, by their numbers."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, rag: Callable[[], Rag], paths: Sequence[Path], tags: Mapping[str, str]) -> Job:
        """Raises UsageError while another one runs."""
        with self._lock:
            running = next((job for job in self._jobs.values() if job.running), None)
            if running is not None:
                raise UsageError("another ingest is running", hint=f'call ingest with {{"job": "{running.number}"}}')
            job = Job(str(len(self._jobs) + 1), rag, paths, tags)
            self._jobs[job.number] = job
            return job

    def find(self, number: str) -> Job:
        """Raises UsageError when there is none of this number."""
        if number not in self._jobs:
            known = ", ".join(self._jobs) or "none; jobs are forgotten when the server ends"
            raise UsageError(f"there is no job {number!r}", hint=f"its numbers: {known}")
        return self._jobs[number]
