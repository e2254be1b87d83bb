"""Parser processes: files in, Readings out, in the order of the files, while the caller embeds what came before.

A parser that makes no progress, takes too long, or dies is killed and replaced; only the file at hand fails.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from ragcli.datatypes import Reading, SourceFile
from ragcli.loaders.frames import from_json, receive_frame, send_request
from ragcli.loaders.limits import Limits
from ragcli.loaders.reading import CHANGED, Options
from ragcli.logs import log
from ragcli.processes import child_environment, child_python

_AHEAD_FILES = 32  # for each parser
_AHEAD_BYTES = 64_000_000  # of files whose documents may be waiting
_RECYCLE_FILES = 64
_RECYCLE_KIB = 512 * 1024
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "HOME")  # of a parser; tokens and proxies are not its business

Open = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source to read: `open` gives a descriptor of its content, or raises OSError; `known` is a hash that needs no
    parsing."""

    source: SourceFile
    open: Open
    known: str = ""


class FileReader:
    """Sources read in parser processes; `open_source` gives a descriptor of one's content, or raises OSError. Close it."""

    def __init__(self, limits: Limits, options: Options, open_source: Callable[[SourceFile], int]) -> None:
        self._pool = ParserPool(limits, options)
        self._open = open_source
        self.version = options.version
        self.changed = CHANGED
        self.redaction = options.redaction

    def read(self, wanted: Iterable[tuple[SourceFile, str]]) -> Iterator[Reading]:
        """What became of each source, in their order; the text beside it is the content's hash that needs no reading."""
        return self._pool.read(Wanted(source, partial(self._open, source), known) for source, known in wanted)

    def close(self) -> None:
        """Let go of the processes."""
        self._pool.close()


class ParserPool:
    """At most `size` parsers, each started when it is first needed. Close it, also after an error."""

    def __init__(self, limits: Limits, options: Options = Options(), size: int | None = None) -> None:  # noqa: B008
        self._size = size or min(4, os.cpu_count() or 1)
        self._setup = {"limits": asdict(limits), "options": asdict(options)}
        self._limits = limits
        self._threads = ThreadPoolExecutor(self._size, thread_name_prefix="parser")
        self._own = threading.local()
        self._parsers: set[_Parser] = set()
        self._closed = False

    def read(self, files: Iterable[Wanted]) -> Iterator[Reading]:
        """What became of each file, in their order. Reads ahead, within bounds."""
        waiting: deque[tuple[int, Future[Reading]]] = deque()
        ahead = 0
        for wanted in files:
            while waiting and (len(waiting) >= _AHEAD_FILES * self._size or ahead + wanted.source.size > _AHEAD_BYTES):
                size, future = waiting.popleft()
                ahead -= size
                yield future.result()
            waiting.append((wanted.source.size, self._threads.submit(self._one, wanted)))
            ahead += wanted.source.size
        while waiting:
            yield waiting.popleft()[1].result()

    def processes(self) -> list[int]:
        """The ids of the parser processes that run."""
        return [parser.process_id for parser in self._parsers if not parser.spent]

    def close(self) -> None:
        """Kill what runs; nothing is left behind."""
        self._closed = True
        for parser in list(self._parsers):
            parser.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for parser in list(self._parsers):  # one that was started while the others were killed
            parser.kill()

    def _one(self, wanted: Wanted) -> Reading:
        try:
            descriptor = wanted.open()
        except OSError as error:
            return Reading(reason=f"cannot read: {error.strerror}")
        try:
            parser = self._parser()
            reading = parser.read(wanted, descriptor)
            if parser.spent:
                parser.kill()
                self._parsers.discard(parser)
            return reading
        finally:
            os.close(descriptor)

    def _parser(self) -> _Parser:
        """The parser of this thread, a new one when the last is dead or used up."""
        parser: _Parser | None = getattr(self._own, "parser", None)
        if parser is None or parser.spent:
            parser = self._own.parser = _Parser(self._limits, self._setup)
            self._parsers.add(parser)
            if self._closed:
                parser.kill()
        return parser


class _Parser:
    """One parser process."""

    def __init__(self, limits: Limits, setup: dict[str, Any]) -> None:
        self._limits = limits
        self._setup = setup
        self._served = 0
        self.spent = False
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                child_python("ragcli.loaders.worker", str(theirs.fileno()), str(os.getpid())),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=child_environment({name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}),
            )

    @property
    def process_id(self) -> int:
        return self._process.pid

    def read(self, wanted: Wanted, descriptor: int) -> Reading:
        self._served += 1
        try:
            send_request(
                self._connection, {**self._setup, "path": wanted.source.path, "known": wanted.known}, descriptor
            )
            reply = self._reply()
        except TimeoutError as error:
            self.kill()
            log("loaders", "warning", "a parser was killed (%s) while it read %s", error, wanted.source.path)
            return Reading(reason=str(error))
        except (OSError, ValueError):
            reply = None
        if reply is None:
            return Reading(reason=self._death())
        self.spent = (
            bool(reply.get("spent")) or self._served >= _RECYCLE_FILES or int(reply.get("peak_kib", 0)) > _RECYCLE_KIB
        )
        try:
            return _reading(reply, wanted.source)
        except (ValueError, KeyError, TypeError, IndexError):
            self.kill()
            return Reading(reason="the parser's reply made no sense")

    def _reply(self) -> dict[str, Any] | None:
        end = time.monotonic() + self._limits.seconds
        while True:
            patience = min(self._limits.idle_seconds, end - time.monotonic())
            self._connection.settimeout(max(0.01, patience))
            try:
                frame = receive_frame(self._connection)
            except TimeoutError:
                late = time.monotonic() >= end
                limit, kind = (self._limits.seconds, "") if late else (self._limits.idle_seconds, " without progress")
                raise TimeoutError(f"limit: more than {limit:g} s{kind}") from None
            if frame is None or frame.get("kind") != "tick":
                return frame

    def _death(self) -> str:
        """Why the process is gone, as a reason for its file."""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = 0
        self.kill()
        if status == -signal.SIGXCPU:
            return f"limit: more than {self._limits.cpu_seconds:g} s of CPU time"
        if status < 0:
            return f"the parser crashed ({signal.Signals(-status).name})"
        return "the parser ended unexpectedly"

    def kill(self) -> None:
        self.spent = True
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._connection.close()


def _reading(reply: dict[str, Any], source: SourceFile) -> Reading:
    content_hash = str(reply["hash"])
    match reply["kind"]:
        case "same":
            return Reading(content_hash)
        case "document":
            return Reading(content_hash, from_json(reply, source.document_id, source.path))
        case "failed":
            return Reading(content_hash, reason=str(reply["reason"]) or "unknown", skipped=bool(reply["skipped"]))
        case other:
            raise ValueError(f"reply {other!r}")
