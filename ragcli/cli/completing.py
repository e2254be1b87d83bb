"""What a shell completes behind an option: values of settings, conditions, documents, models. Nothing here fails or prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog

_MOST = 2_000  # documents that are looked at
Complete = Callable[[str], list[str]]


def choices(setting: str) -> Complete:
    """The values that a setting may have."""

    def complete(incomplete: str) -> list[str]:
        from ragcli.settingvalues import CHOICES

        return [value for value in CHOICES[setting] if value and value.startswith(incomplete)]

    return complete


def chunkers(incomplete: str) -> list[str]:
    """The built-in chunkers."""
    names = ("structure", "hierarchical", "clauses", "sentence", "fixed", "semantic", "document")
    return [name for name in names if name.startswith(incomplete)]


def collections(incomplete: str) -> list[str]:
    """The names of the user's collections."""
    from ragcli.errors import RagError
    from ragcli.usecases.collections import own_collections

    try:
        return [name for name in own_collections().indexes() if name.startswith(incomplete)]
    except RagError:
        return []


def models(incomplete: str) -> list[str]:
    """Answer models that are here, and GGUF files of the folder."""
    from ragcli.engine.models import model_store

    try:
        here = [entry.name for entry in model_store().listed() if entry.here]
    except (OSError, ValueError, TypeError):
        here = []
    files = sorted(str(path) for path in Path().glob("*.gguf"))
    return [name for name in ("extractive", *here, *files) if name.startswith(incomplete)]


def documents(incomplete: str) -> list[str]:
    """Paths of documents, as they are typed here."""
    from ragcli.workspace import Workspace

    def paths(workspace: Workspace, catalog: Catalog) -> Iterator[str]:
        for entry in catalog.page("", _MOST):
            yield workspace.shown(entry.source.path, is_file=entry.source.is_file)

    return sorted(path for path in _of_index(paths) if path.startswith(incomplete))


def conditions(incomplete: str) -> list[str]:
    """`--filter`: the keys, then the values that documents have for `type`, `language`, `author` and tags."""
    from ragcli.index.conditions import DATES, NUMBERS, TEXTS
    from ragcli.workspace import Workspace

    key, equals, _ = incomplete.partition("=")

    def tags(_workspace: Workspace, catalog: Catalog) -> Iterator[str]:
        for entry in catalog.page("", _MOST):
            yield from (f"{name}=" for name in entry.document.metadata if name.startswith("tag."))

    def values(_workspace: Workspace, catalog: Catalog) -> Iterator[str]:
        for entry in catalog.page("", _MOST):
            document = entry.document
            own = {"type": document.type, "language": document.language}.get(key) or document.metadata.get(key, "")
            yield from (f"{key}={value}" for value in own.split("\n") if value)

    found = _of_index(values if equals else tags)
    known = [] if equals else [f"{name}=" for name in ("path", "type", *sorted(NUMBERS | DATES | TEXTS))]
    return sorted(text for text in dict.fromkeys([*known, *found]) if text.startswith(incomplete))


def _of_index(listed: Callable[..., Iterator[str]]) -> list[str]:
    """What `listed` finds in the index of the working directory; nothing when there is none that can be read."""
    from ragcli.engine.index import store_of
    from ragcli.errors import RagError
    from ragcli.places import process_environment, user_config_file
    from ragcli.settings import resolve
    from ragcli.workspace import workspace_at

    try:
        here = Path.cwd()
        environment, user_file = process_environment(), user_config_file()
        resolved = resolve({}, environment=environment, directory=Path("/"), user_file=user_file)
        workspace = workspace_at(here, resolved)
        with closing(store_of(workspace).catalog()) as catalog:
            return list(dict.fromkeys(listed(workspace, catalog)))
    except (RagError, OSError, ValueError):
        return []
