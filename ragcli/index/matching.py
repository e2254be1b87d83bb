"""Whether a document fulfils the conditions of a Filter on documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragcli.datatypes import Filter
from ragcli.index.conditions import all_hold
from ragcli.text.dating import DATED, date_from
from ragcli.text.globs import path_matches


def fulfils(where: Filter, places: Sequence[tuple[str, str]], values: Mapping[str, str]) -> bool:
    """`places` are (path, root) of the document and of its copies, which count alike; `values` its metadata and its type, size,
    title, language and partial."""
    return (
        (not where.types or values["type"] in where.types)
        and (not where.roots or any(root in where.roots for _, root in places))
        and (not where.paths or any(path_matches(pattern, *place) for pattern in where.paths for place in places))
        and (not where.conditions or all_hold(where.conditions, _with_places(where, places, values)))
    )


def _with_places(where: Filter, places: Sequence[tuple[str, str]], values: Mapping[str, str]) -> dict[str, str]:
    """`values` with path and roots, and with the date of the document under `dated`, where a condition asks for it."""
    path = places[0][0]
    every = {**values, "path": path, "root": "\n".join(root for _, root in places)}
    if any(condition.key == DATED for condition in where.conditions):
        every[DATED] = date_under(path, every)
    return every


def date_under(path: str, values: Mapping[str, str]) -> str:
    """The date of the document at `path` with these values, as far as it is known; "" when it has none."""
    found = date_from(path, values["title"], values["type"], values)
    return found.date.iso if found else ""
