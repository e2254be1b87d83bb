"""Ingests that were asked for: they run one after the other, a bounded number waits, and what became of them outlasts the
server.

The file of the records holds names of files and no text of a document. A record that is read as queued or running when a server
begins was cut off by the end of the one before, and says so from then on.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ragcli.errors import NotFound, RagError, UsageError
from ragcli.places import served_state
from ragcli.private import make_private_folder, replace_private
from ragcli.reports import Job, JobKind, JobState

if TYPE_CHECKING:
    from ragcli.ingest import Progress
    from ragcli.reports import IngestReport

KEPT = 200  # records of jobs that have ended
_CUT_OFF = ("the server ended before this did", "send it again: what was indexed stays")
_LOGGER = logging.getLogger("ragcli.serving")


def records_of(index: Path) -> Path:
    """The file for the jobs of the server over an index."""
    return served_state(index) / "jobs.json"


class QueueFull(RagError):
    """As many ingests wait as may."""


Tell = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an ingest gave: its report, as a document too, and the files that it did not take, with the reason of each."""

    report: IngestReport
    document: dict[str, Any]
    refused: Sequence[tuple[str, str]] = ()


Work = Callable[[Tell], Outcome]


class Jobs:
    """The jobs of one server, for any number of threads; `waiting` of them may be queued. Their records are kept in `file`."""

    def __init__(self, file: Path, waiting: int) -> None:
        self._file = file
        self._waiting = waiting
        self._lock = threading.Condition(threading.RLock())
        self._queue: list[tuple[Job, Work, Callable[[], None]]] = []
        self._cancelled: set[str] = set()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._jobs = {job.id: job for job in _read(file)}
        self._written = file.exists()
        self.cut_off = [job for job in self._jobs.values() if not job.over]
        for job in self.cut_off:
            job.state, job.ended, job.problem, job.hint = "interrupted", _now(), *_CUT_OFF
        if self.cut_off:
            self._write()

    def add(
        self, kind: JobKind, by: str, files: Sequence[str], work: Work, undone: Callable[[], None] = lambda: None
    ) -> Job:
        """Queue an ingest of `files` for `by`, which `work` does; `undone` is called if it never begins. Raises QueueFull."""
        with self._lock:
            if len(self._queue) >= self._waiting or self._closing:
                raise QueueFull("as many ingests wait as may", hint="try again when one of GET /jobs has ended")
            job = Job(secrets.token_hex(8), kind, by, list(files), _now())
            self._jobs[job.id] = job
            self._queue.append((job, work, undone))
            self._write()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="rag-serve-jobs", daemon=True)
                self._thread.start()
            self._lock.notify_all()
            return job

    def listed(self, by: str | None) -> list[Job]:
        """The jobs of `by` (None: all), the newest first."""
        with self._lock:
            return [job for job in reversed(self._jobs.values()) if by is None or job.by == by]

    def find(self, identity: str, by: str | None) -> Job:
        """The job with this identity, if it is one of `by` (None: whoever asked). Raises NotFound."""
        with self._lock:
            job = self._jobs.get(identity)
            if job is None or (by is not None and job.by != by):
                raise NotFound(f"there is no job {identity}", hint="GET /jobs lists them")
            return job

    def cancel(self, job: Job) -> None:
        """Take it out of the queue, or end it at the next file; what it committed stays. Raises UsageError when it is over."""
        with self._lock:
            if job.over:
                raise UsageError(f"job {job.id} has ended: it is {job.state}", hint=f"GET /jobs/{job.id}")
            self._cancelled.add(job.id)
            waiting = next((entry for entry in self._queue if entry[0] is job), None)
            if waiting is not None:
                self._queue.remove(waiting)
                waiting[2]()
                self._end(job, "cancelled")

    @property
    def running(self) -> int:
        """How many are queued or running."""
        with self._lock:
            return sum(not job.over for job in self._jobs.values())

    def close(self, seconds: float) -> None:
        """Begin none any more, and end the one that runs at its next file, for which it has `seconds`."""
        with self._lock:
            self._closing = True
            for job, _, undone in self._queue:
                undone()
                self._end(job, "interrupted", *_CUT_OFF)
            self._queue.clear()
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._queue and not self._closing:
                    self._lock.wait()
                if self._closing:
                    return
                job, work, _ = self._queue.pop(0)
                job.state, job.began, job.version = "running", _now(), job.version + 1
                self._write()
            self._do(job, work)

    def _do(self, job: Job, work: Work) -> None:
        """Do the work of one job and say what became of it."""
        try:
            outcome = work(lambda progress: self._told(job, progress))
        except KeyboardInterrupt:  # before anything was read
            self._stopped(job)
        except RagError as problem:
            self._end(job, "failed", problem.message, problem.hint)
        except Exception as problem:
            _LOGGER.error("job %s failed", job.id, exc_info=problem)
            self._end(job, "failed", f"internal error: {type(problem).__name__}")
        else:
            job.report = outcome.document
            job.refused = [{"path": path, "reason": reason} for path, reason in outcome.refused]
            if outcome.report.interrupted:
                self._stopped(job)
            else:
                self._end(job, "done")

    def _stopped(self, job: Job) -> None:
        if job.id in self._cancelled:
            self._end(job, "cancelled")
        else:
            self._end(job, "interrupted", *_CUT_OFF)

    def _told(self, job: Job, progress: Progress) -> None:
        """Called by the ingest for each file. What it raises is how an ingest is ended before its end (`Ingest.run`)."""
        job.done, job.of, job.chunks = progress.done, progress.files, progress.chunks
        job.path, job.left = progress.current, progress.left
        job.version += 1
        if job.id in self._cancelled or self._closing:
            raise KeyboardInterrupt

    def _end(self, job: Job, state: JobState, problem: str = "", hint: str = "") -> None:
        with self._lock:
            job.ended, job.problem, job.hint, job.path, job.left = _now(), problem, hint, "", None
            job.state, job.version = state, job.version + 1
            self._cancelled.discard(job.id)
            self._write()

    def _write(self) -> None:
        """Keep the records; those that somebody deleted meanwhile (`rag forget` does) are not brought back."""
        if self._written and not self._file.exists():
            self._jobs = {job.id: job for job in self._jobs.values() if not job.over}
        over = [job.id for job in self._jobs.values() if job.over]
        for identity in over[: max(0, len(over) - KEPT)]:
            del self._jobs[identity]
        try:
            make_private_folder(self._file.parent)
            replace_private(self._file, json.dumps({"jobs": [asdict(job) for job in self._jobs.values()]}) + "\n")
            self._written = True
        except OSError as error:
            _LOGGER.warning("the records of jobs cannot be written: %s", error)


def _read(file: Path) -> list[Job]:
    """The records in the file; none when there is none, or it is not one of records."""
    known = {entry.name for entry in fields(Job)}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["jobs"]
        jobs = [Job(**{name: value for name, value in entry.items() if name in known}) for entry in found]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _LOGGER.warning("%s is no file of jobs and is begun anew: %s", file, error)
        return []
    return [job for job in jobs if job.state in get_args(JobState)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
