"""Differences of runs → lines and JSON."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from ragcli.render.sanitize import one_line

if TYPE_CHECKING:
    from ragcli.reports import Difference
    from ragcli.schemas import program

_SHORT = 60


def difference_lines(found: Sequence[Difference]) -> Iterator[Text]:
    """One line for short values; removed and added lines for long ones."""
    if not found:
        yield Text("no difference")
    for entry in found:
        short = "\n" not in entry.before + entry.after and len(entry.before) + len(entry.after) < _SHORT
        if short:
            yield Text.assemble(
                (f"{one_line(entry.kind)}  ", "bold"), f"{one_line(entry.before)} → {one_line(entry.after)}"
            )
            continue
        yield Text(one_line(entry.kind), "bold")
        for line in difflib.ndiff(entry.before.splitlines(), entry.after.splitlines()):
            if line[:1] in "+-":
                yield Text(f"  {line[0]} {one_line(line[2:])}", "red" if line[0] == "-" else "green")


def differences_json(found: Sequence[Difference]) -> program.DiffDocument:
    return {
        "schema": "rag.diff/1",
        "same": not found,
        "differences": [{"kind": entry.kind, "before": entry.before, "after": entry.after} for entry in found],
    }
