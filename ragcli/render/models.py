"""Answer models → lines and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from ragcli.render.sanitize import one_line

if TYPE_CHECKING:
    from ragcli.generation.store import ListedModel, Stored
    from ragcli.schemas import program


def model_lines(entries: Sequence[ListedModel]) -> list[Text]:
    """One line for each model: what is here first."""
    if not entries:
        return [Text("no models")]
    width = max(len(entry.name) for entry in entries)
    lines = []
    for entry in entries:
        state = Text("here   " if entry.here else "       ", style="green")
        size = f"{entry.size_gb:.1f} GB" if entry.size_gb >= 0.1 else f"{entry.size_gb * 1000:.1f} MB"
        needs = f"about {entry.memory_gb:.1f} GB of memory, {entry.licence}" if entry.licence else ""
        told = "  ".join(part for part in (f"{size:>8}", needs, one_line(entry.remark)) if part)
        lines.append(Text.assemble(state, (f"{one_line(entry.name):<{width}}", "bold"), f"  {told}"))
    return lines


def models_json(entries: Sequence[ListedModel]) -> program.ModelsDocument:
    return {
        "schema": "rag.models/1",
        "models": [
            {
                "name": entry.name,
                "source": entry.source,
                "here": entry.here,
                "size_gb": entry.size_gb,
                "memory_gb": entry.memory_gb,
                "licence": entry.licence,
                "remark": entry.remark,
            }
            for entry in entries
        ],
    }


def pulled_lines(stored: Stored, *, writes: bool = True) -> list[Text]:
    """What arrived, and how to use it; a model that does not write answers is used by itself."""
    arrived = Text(f"{one_line(stored.name)}  {stored.size / 1e6:,.1f} MB  sha256 {stored.sha256}")
    return [arrived, Text(f'rag ask "…" --model {one_line(stored.name)}')] if writes else [arrived]


def pulled_json(stored: Stored) -> program.ModelDocument:
    return {
        "schema": "rag.model/1",
        "name": stored.name,
        "file": stored.file,
        "source": stored.source,
        "sha256": stored.sha256,
        "size": stored.size,
    }
