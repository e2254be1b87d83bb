"""Progress on stderr: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ragcli.render.sanitize import one_line

Report = Callable[[int, int, str, str], None]


@contextmanager
def progress_bar(enabled: bool) -> Iterator[Report]:
    """Yields report(done, total, what, rate); shows files, a rate, the time left and the file at hand."""
    if not enabled or not sys.stderr.isatty():
        yield lambda _done, _total, _what, _rate: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
               TextColumn("{task.fields[what]}", style="dim", markup=False)]  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="", what="")

        def report(done: int, total: int, what: str, rate: str) -> None:
            bar.update(task, completed=done, total=total or None, rate=rate, what=one_line(what)[-48:])

        yield report


def rate_of(started: float, count: int, unit: str) -> str:
    """`12.3 chunks/s` since the monotonic time `started`."""
    elapsed = time.monotonic() - started
    return f"{count / elapsed:.1f} {unit}/s" if elapsed > 0.5 and count else ""
