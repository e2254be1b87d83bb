"""Progress on stderr: a bar on a terminal, a line every few seconds in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ragcli.render.sanitize import one_line

_LINE_SECONDS = 5.0


class Report(Protocol):
    """Shows how far something is: `done` of `total`, a rate, the seconds that are left (None: as if the rest took as long for
    each as what is done), and what is at hand."""

    def __call__(self, done: int, total: int, what: str, rate: str, left: float | None = None) -> None: ...


@contextmanager
def progress_bar(enabled: bool) -> Iterator[Report]:
    """Yields a report; shows files, a rate, the time left and the file at hand."""
    if not enabled:
        yield lambda done, total, what, rate, left=None: None
        return
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = [BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TextColumn("{task.fields[left]}"), TextColumn("{task.fields[what]}", style="dim", markup=False)]  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="", what="", left="")
        started = time.monotonic()

        def report(done: int, total: int, what: str, rate: str, left: float | None = None) -> None:
            shown = _left(left, time.monotonic() - started, done, total)
            bar.update(task, completed=done, total=total or None, rate=rate, left=shown, what=one_line(what)[-40:])

        yield report


@contextmanager
def byte_progress(enabled: bool) -> Iterator[Callable[[int, int], None]]:
    """Yields report(bytes so far, bytes in all); a bar with speed and time left, on a terminal only."""
    if not enabled or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = [BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


class _Lines:
    """A line at most every five seconds, the first after five, so that short runs leave none in a log."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, total: int, what: str, rate: str, left: float | None = None) -> None:
        now = time.monotonic()
        if now - self._last < _LINE_SECONDS:
            return
        self._last = now
        parts = [
            f"{done:,} of {total:,}" if total else "",
            rate,
            _left(left, now - self._started, done, total),
            one_line(what),
        ]
        sys.stderr.write("  ".join(part for part in parts if part) + "\n")
        sys.stderr.flush()


def _left(known: float | None, elapsed: float, done: int, total: int) -> str:
    """`1:05 left`; nothing before a tenth is done, unless it is known better."""
    if known is None and not total <= done * 10 <= total * 10:
        return ""
    seconds = round(elapsed * (total - done) / max(1, done) if known is None else known)
    hours, minutes = divmod(seconds // 60, 60)
    clock = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
    return f"{clock} left" if seconds else ""


def rate_of(started: float, count: int, unit: str) -> str:
    """`12.3 chunks/s` since the monotonic time `started`."""
    elapsed = time.monotonic() - started
    return f"{count / elapsed:.1f} {unit}/s" if elapsed > 0.5 and count else ""
