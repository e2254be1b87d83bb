"""Names for indexes, so that they can be searched from anywhere and together. Kept in the user's state folder: no project
file can add one, or say where one lies."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import IndexNotFound, RagError, UsageError
from ragcli.index import open_store
from ragcli.index.entries import NamedIndex
from ragcli.places import data_directory, state_directory
from ragcli.plugins import scheme_of
from ragcli.private import make_private_folder, save_private
from ragcli.settings import INDEX_DIRECTORY
from ragcli.workspace import Workspace, workspace_of_arguments

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog

FILE = "collections.json"
Indexes = Mapping[str, str | os.PathLike[str]] | Sequence[str | os.PathLike[str]]
_OF_AN_INDEX = frozenset(
    """.gitignore catalog.sqlite3 catalog.sqlite3-journal vectors.f32 chroma committed.json rebuild removing.json lock
    calibration.json""".split()
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def checked_name(name: str) -> str:
    """The name. Raises UsageError for what is none."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a collection", hint="letters, digits, '.', '_' and '-', such as docs or site-2"
        )
    return name


class Collections:
    """The file `collections.json` in the folder `state`; the indexes of collections that name none lie below `data`."""

    def __init__(self, state: Path, data: Path) -> None:
        self._file = state / FILE
        self._data = data / "collections"

    def indexes(self) -> Mapping[str, Path]:
        """Name → index directory, ordered by name. Raises RagError for a file that is none."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))["collections"]
            return {checked_name(name): Path(index) for name, index in sorted(found.items())}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as error:
            raise RagError(
                f"{self._file} is no list of collections: {error}", hint=f"mend it, or delete it: rm {self._file}"
            ) from error

    def chosen(self, names: Iterable[str]) -> Mapping[str, Path]:
        """Those of these names, in the order in which they are given, each once. Raises UsageError for an unknown one."""
        known = self.indexes()
        found: dict[str, Path] = {}
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                listed = f"there are {', '.join(known)}" if known else "there is none yet"
                raise UsageError(
                    f"there is no collection {name!r}: {listed}",
                    hint=f"did you mean -c {near[0]}?"
                    if near
                    else f"rag collection add {_shown(name)} FOLDER makes one",
                )
            found[name] = known[name]
        return found

    def add(self, name: str, folders: Sequence[Path], index: Path | None) -> Path:
        """Remember a collection; returns its index directory, which need not be there yet: `index`, else the `.rag` that the
        one folder holds, else one of its own in the data folder. Raises UsageError, and RagError when nothing can be kept."""
        known = self.indexes()
        if checked_name(name) in known:
            raise UsageError(
                f"there is a collection {name} already, with the index {known[name]}",
                hint=f"rag ingest -c {name} FOLDER adds to it",
            )
        missing = next((folder for folder in folders if not folder.exists()), None)
        if missing is not None:
            raise UsageError(f"there is no {missing}", hint=f"rag collection add {name} FOLDER")
        place = self._place(name, folders, index)
        twin = next((other for other, kept in known.items() if kept == place), None)
        if twin is not None:
            raise UsageError(f"{place} is the index of the collection {twin} already", hint=f"use -c {twin}")
        if place.parent.parent == self._data:
            try:
                make_private_folder(place.parent)
            except OSError as error:
                raise RagError(f"cannot make {place.parent}: {error.strerror}", hint="give --index DIR") from error
        self._save({**known, name: place})
        return place

    def _place(self, name: str, folders: Sequence[Path], index: Path | None) -> Path:
        if index is not None:
            if scheme_of(str(index)) and not index.exists():
                raise UsageError(f"{index} is no folder", hint="a collection is an index in a folder: --index DIR")
            return index.absolute()
        if not folders:
            raise UsageError("a collection needs a folder or an index", hint=f"rag collection add {name} FOLDER")
        own = folders[0].absolute() / INDEX_DIRECTORY
        return own if len(folders) == 1 and own.is_dir() else self._data / name / INDEX_DIRECTORY

    def remove(self, name: str, *, delete_index: bool) -> Path:
        """Forget a collection, and delete its index where that is wished; returns where that lies or lay. Raises UsageError."""
        index = self.chosen([name])[name]
        if delete_index and index.is_dir():
            _check_only_index(name, index)
            shutil.rmtree(index)
            if index.parent.parent == self._data and not any(index.parent.iterdir()):
                index.parent.rmdir()
        self._save({other: kept for other, kept in self.indexes().items() if other != name})
        return index

    def _save(self, indexes: Mapping[str, Path]) -> None:
        save_private(self._file, {"collections": {name: str(index) for name, index in indexes.items()}})


def own_collections() -> Collections:
    """The collections of the user."""
    return Collections(state_directory(), data_directory())


def joined_workspace(indexes: Indexes, config: str | Path | None, settings: Mapping[str, object]) -> Workspace:
    """The workspace of a program over several indexes (see `named_indexes`), each of which must be there. Raises IndexNotFound,
    SettingsError and UsageError."""
    collections = named_indexes(indexes)
    for name, path in collections.items():
        if open_store(path).manifest() is None:
            raise IndexNotFound(f"no index at {path} ({name})", hint=f"Rag.create({str(path)!r}), or rag ingest PATH")
    return workspace_of_arguments(next(iter(collections.values())), config, settings).over(collections)


def named_indexes(indexes: Indexes) -> Mapping[str, Path]:
    """Index directories by name; those without names are called as the folder that holds each. Raises UsageError for none, for
    what is no name, and for two of one name."""
    if not indexes:
        raise UsageError(
            "there is no index to search", hint='Rag.open_many({"docs": "docs/.rag", "code": "code/.rag"})'
        )
    pairs = (
        [(checked_name(name), Path(path)) for name, path in indexes.items()]
        if isinstance(indexes, Mapping)
        else [(_called(Path(path).absolute()), Path(path)) for path in indexes]
    )
    found = {name: path.absolute() for name, path in pairs}
    if len(found) < len(pairs):
        raise UsageError(
            "two of the indexes have one name", hint='give names: {"docs": "docs/.rag", "old": "old/docs/.rag"}'
        )
    return found


def _called(index: Path) -> str:
    folder = index.parent if index.name == INDEX_DIRECTORY else index
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:64] or "index"


def _check_only_index(name: str, index: Path) -> None:
    """Raises UsageError for a folder that holds anything else than an index."""
    strange = sorted(path for path in index.iterdir() if path.name not in _OF_AN_INDEX)
    if index.is_symlink() or strange or open_store(index).last_write().running:
        why = (
            f"holds {strange[0].name}, which is none of its files"
            if strange
            else "is a link, or is written to just now"
        )
        raise UsageError(
            f"{index} {why}, and is not deleted", hint=f"rag collection remove {name} forgets the name alone"
        )


def listed(indexes: Mapping[str, Path]) -> list[NamedIndex]:
    """What each collection holds."""
    return [_read(name, index) for name, index in indexes.items()]


def _read(name: str, index: Path) -> NamedIndex:
    try:
        catalog: Catalog = open_store(index).catalog()
        try:
            counts = catalog.counts(0)
            return NamedIndex(name, index, counts.documents, counts.chunks, tuple(catalog.roots()))
        finally:
            catalog.close()
    except RagError as problem:
        return NamedIndex(name, index, problem=problem.message)


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) else "NAME"
