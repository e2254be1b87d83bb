"""Collections as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ragcli.render.sanitize import one_line
from ragcli.text.counting import counted

if TYPE_CHECKING:
    from pathlib import Path

    from ragcli.index.entries import NamedIndex
    from ragcli.schemas.library import CollectionsDocument


def lines(found: Sequence[NamedIndex]) -> Iterator[str]:
    """A line for each, and one for what it was made of."""
    if not found:
        yield "There is no collection yet: rag collection add NAME FOLDER makes one."
    width = max((len(entry.name) for entry in found), default=0)
    for entry in found:
        held = entry.problem or f"{counted(entry.documents, 'document')}, {counted(entry.chunks, 'chunk')}"
        yield f"{entry.name:<{width}}  {one_line(held)}"
        yield f"{'':<{width}}  {one_line(str(entry.index))}"


def removed(name: str, index: Path, *, deleted: bool) -> str:
    what = "and its index is deleted" if deleted else "the index stays"
    return f"{name} is forgotten, {what}: {one_line(str(index))}"


def document(found: Sequence[NamedIndex]) -> CollectionsDocument:
    return {
        "schema": "rag.collections/1",
        "collections": [
            {
                "name": entry.name,
                "index": str(entry.index),
                "documents": entry.documents,
                "chunks": entry.chunks,
                "roots": list(entry.roots),
                "problem": entry.problem or None,
            }
            for entry in found
        ],
    }
