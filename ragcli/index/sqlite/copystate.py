"""Whether the Chroma collection may be used, and whether it holds all that the catalog does. Read without numpy and chromadb.

`meta.chroma` of the catalog says what the collection holds: `state` ("dirty" while it is written, then "clean"), `version` (of
chromadb) and `layout` (which fields a record has) that it was written with, `generation` and `row` (the newest state of the
catalog that is in it, and its last row), `count` (records), and `changed` (records written or deleted since the search graph
was made). `meta.chroma_tags` lists ids of documents whose tags changed since.
"""

from __future__ import annotations

import functools
import importlib.util
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.index.sqlite.catalog import CHROMA, read_meta

if TYPE_CHECKING:
    from ragcli.reports import EngineState

LAYOUT = 2  # 1 had no texts
TAGGED = "chroma_tags"


def read_state(connection: sqlite3.Connection) -> dict[str, Any]:
    """`meta.chroma` as it is now; it changes without a new generation of the index."""
    found: Any = read_meta(connection).get("chroma", {})
    return dict(found)


def usable(state: Mapping[str, Any], directory: Path) -> bool:
    """Whether the collection in `directory` is sound, and of this version of chromadb and of our records."""
    return (
        state.get("state") == "clean"
        and state.get("layout") == LAYOUT
        and state.get("version") == installed_version()
        and (directory / CHROMA).is_dir()
    )


def engine_state(
    connection: sqlite3.Connection, directory: Path, engine: str, generation: int, *, unused: str
) -> EngineState:
    """Which engine answers when the settings ask for `engine`, and how complete the collection is; `unused` says why nobody
    asks it, if nobody does."""
    from ragcli.reports import EngineState

    if unused:
        return EngineState(engine, "exact", unused)
    state = read_state(connection)
    if not installed_version():
        return EngineState(engine, "exact", "off")
    if not usable(state, directory):
        return EngineState(engine, "exact", "missing")
    return EngineState(engine, engine, "complete" if state["generation"] == generation else "behind")


@functools.cache
def installed_version() -> str:
    """The version of chromadb that is installed; "" when there is none. It stands in the name of the folder beside the package;
    importlib.metadata, which takes long to load, is asked where that folder is not the only one."""
    spec = importlib.util.find_spec("chromadb")
    if spec is None or spec.origin is None:
        return ""
    package = Path(spec.origin).parent
    folders = list(package.parent.glob("chromadb-*.dist-info"))
    if len(folders) == 1:
        return folders[0].name.removeprefix("chromadb-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("chromadb")
