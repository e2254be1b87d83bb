"""Where a command or a program works: the settings in force, and the folders that its paths are relative to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ragcli.errors import SettingsError
from ragcli.index.links import refuse_linked_index
from ragcli.settings import INDEX_DIRECTORY, PACK, Resolved, Settings, find_upward, from_arguments


@dataclass(frozen=True, slots=True)
class Workspace:
    """Settings and folders; nothing is opened or made here.

    Paths that a user types are relative to `directory`, paths that the index stores to `project`. `note` receives lines for
    the user that are not results. `collections` are the index directories that are searched, by name, where they were chosen
    by name; `index_directory` and `project` are then those of the first. Such an index stores paths relative to the folder
    that holds it. The index of a pack is `packed`: it is only read, and its documents need not be here.
    """

    resolved: Resolved
    directory: Path
    index_directory: Path
    project: Path
    note: Callable[[str], None]
    collections: Mapping[str, Path] = field(default_factory=dict)
    packed: bool = False

    @property
    def settings(self) -> Settings:
        return self.resolved.settings

    def shown(self, path: str, *, is_file: bool = True, collection: str = "") -> str:
        """A stored path as the user can type it: relative to the working directory when that is shorter."""
        if not is_file:
            return path
        absolute = os.path.join(self.project_of(collection), path)
        return min(os.path.relpath(absolute, self.directory), absolute, key=len)

    def index_of(self, collection: str) -> Path:
        """The index directory of a document's `collection`."""
        return self.collections.get(collection, self.index_directory)

    def project_of(self, collection: str) -> Path:
        """The folder that the paths of a document's `collection` are relative to."""
        return self.collections[collection].parent if collection in self.collections else self.project

    def alone(self, collection: str) -> Workspace:
        """The same place with the index of one collection."""
        index = self.index_of(collection)
        return replace(self, index_directory=index, project=self.project_of(collection), collections={})

    def over(self, collections: Mapping[str, Path]) -> Workspace:
        """The same place with these indexes, by name, which must not be none."""
        first = next(iter(collections.values()))
        return replace(self, index_directory=first, project=first.parent, collections=dict(collections))


def workspace_at(
    directory: Path, resolved: Resolved, note: Callable[[str], None] = lambda _: None, *, project: Path | None = None
) -> Workspace:
    """The workspace of somebody who works in `directory`. Its index is the one that the settings name, else the nearest
    `.rag` there or above, else `.rag` there; `project` is the folder that holds the index unless given.
    Raises IndexDamaged when an index that was only found is a link."""
    if resolved.settings.index:
        index = Path(os.path.abspath(directory / resolved.settings.index))
        if index.suffix == PACK and not index.is_dir():
            from ragcli.packs import kept
            from ragcli.places import pack_cache

            return Workspace(resolved, directory, kept(index, pack_cache()), index.parent, note, packed=True)
    else:
        index = find_upward(directory, INDEX_DIRECTORY) or directory / INDEX_DIRECTORY
        refuse_linked_index(index)
    return Workspace(resolved, directory, index, project or index.parent, note)


def workspace_of_arguments(
    path: str | os.PathLike[str], config: str | Path | None, settings: Mapping[str, object]
) -> Workspace:
    """The workspace of a program that calls the library in the current directory: its keyword arguments, over those of the file
    `config` if there is one. Notes go to the logger `ragcli`. Raises SettingsError."""
    import logging

    if "index" in settings:
        raise SettingsError("index is no setting of Rag: the first argument is the path", hint="Rag('PATH/.rag')")
    resolved = from_arguments(
        {**settings, "index": os.fspath(path)}, config=Path(config) if config is not None else None
    )
    return workspace_at(Path.cwd(), resolved, logging.getLogger("ragcli").info)


def with_settings(workspace: Workspace, changes: Mapping[str, object], *, project: Path | None = None) -> Workspace:
    """The same place with some settings changed, whose source is then "tune"; `changes` maps names of Settings to values."""
    values: Any = changes
    resolved = Resolved(
        replace(workspace.settings, **values), {**workspace.resolved.sources, **dict.fromkeys(changes, "tune")}
    )
    made = workspace_at(workspace.directory, resolved, workspace.note, project=project)
    return replace(made, collections=workspace.collections)
