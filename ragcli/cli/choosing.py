"""Choosing indexes by the names of collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ragcli.cli import completing
from ragcli.errors import UsageError

COLLECTIONS = "collections"  # among flags, and no setting: the names of the collections that are searched
One = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        autocompletion=completing.collections,
        help="The index of this collection (rag collection list).",
        show_default=False,
    ),
]
Several = Annotated[
    list[str] | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        autocompletion=completing.collections,
        help="The index of this collection; repeatable: several are searched as one (rag collection list).",
        show_default=False,
    ),
]


def chosen_collections(names: Sequence[str], index: object) -> Mapping[str, Path]:
    """The index directories of these collections, by name; `index` is what --index says. Raises UsageError."""
    if index is not None:
        raise UsageError("--collection and --index both say which index", hint="leave one of them out")
    from ragcli.usecases.collections import own_collections

    return own_collections().chosen(names)


def collections_of(flags: Mapping[str, object]) -> tuple[Mapping[str, Path], Mapping[str, object]]:
    """The collections among `flags`, and the other flags, with the index of the first."""
    others = {name: value for name, value in flags.items() if name != COLLECTIONS}
    names: Any = flags.get(COLLECTIONS)
    if not names:
        return {}, others
    collections = chosen_collections(names, others.get("index"))
    return collections, {**others, "index": str(next(iter(collections.values())))}
