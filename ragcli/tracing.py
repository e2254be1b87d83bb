"""What became of one question: its stages in order, how long each took, and what its reader should know."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ragcli.logs import log


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a question. `start` and `milliseconds` are counted from the beginning of the trace; `counts` say how much
    came out of it, such as {"candidates": 100}."""

    name: str
    start: float
    milliseconds: float
    counts: Mapping[str, int] = field(default_factory=dict)


class Trace:
    """Written by the parts that a question goes through, read when it has its result. It belongs to one question and to the
    thread that answers it.

    A stage that runs several times (for the parts of a question, or because the index changed) is listed each time. Each is
    logged when it ends, by `ragcli.trace` at the level DEBUG.

    >>> trace = Trace()
    >>> with trace.stage("lexical") as counts:
    ...     counts["candidates"] = 100
    >>> [(stage.name, stage.counts) for stage in trace.stages]
    [('lexical', {'candidates': 100})]
    """

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.stages: list[Stage] = []
        self.notes: list[str] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, int]]:
        """The block is one stage, also when it raises; what it puts into the dictionary are the stage's counts."""
        counts: dict[str, int] = {}
        started = time.perf_counter()
        try:
            yield counts
        finally:
            took = (time.perf_counter() - started) * 1000
            self.stages.append(Stage(name, (started - self._began) * 1000, took, counts))
            log("trace", "debug", "%s took %.1f ms %s", name, took, counts or "")

    def note(self, *texts: str) -> None:
        """Sentences for the reader of the result, shown in this order."""
        self.notes.extend(texts)

    def timings(self) -> dict[str, float]:
        """Milliseconds by the name of the stage, in the order of their first beginning."""
        total: dict[str, float] = {}
        for stage in sorted(self.stages, key=lambda stage: stage.start):
            total[stage.name] = total.get(stage.name, 0.0) + stage.milliseconds
        return total

    def __str__(self) -> str:
        """The stages on one line: `lexical 3 ms (100 candidates) · fuse 0 ms`."""
        counted: dict[str, dict[str, int]] = {}
        for stage in self.stages:
            counts = counted.setdefault(stage.name, {})
            for name, count in stage.counts.items():
                counts[name] = counts.get(name, 0) + count
        return " · ".join(f"{name} {ms:.0f} ms" + _in_brackets(counted[name]) for name, ms in self.timings().items())


def _in_brackets(counts: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{count} {name}' for name, count in counts.items())})" if counts else ""
