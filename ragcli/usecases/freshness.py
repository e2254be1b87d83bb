"""Whether the files behind an answer are still what was ingested."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import DocumentRecord
from ragcli.results import Stale
from ragcli.sources.changes import state_of
from ragcli.sources.scanning import real_path

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.workspace import Workspace


def stale(catalog: Catalog, project: Path, documents: Iterable[DocumentRecord]) -> tuple[Stale, ...]:
    """Those of `documents` whose file changed (see `sources.changes`) or is gone, each once, in their order."""
    found: list[Stale] = []
    paths = list(dict.fromkeys(document.path for document in documents))
    known = catalog.sources(paths)
    for path in paths:
        state = state_of(known[path], project) if path in known else "unchanged"
        if state != "unchanged":
            found.append(Stale(path, state))
    return tuple(found)


def refresh(workspace: Workspace, catalog: Catalog, documents: Iterable[DocumentRecord]) -> bool:
    """Take in again those of `documents` whose files changed, and drop those that are gone; whether there were any."""
    from ragcli.usecases.ingestion import IngestRequest, ingest_paths
    from ragcli.usecases.library import remove

    found = stale(catalog, workspace.project, documents)
    changed = [real_path(entry.path, workspace.project) for entry in found if entry.kind == "changed"]
    gone = [str(real_path(entry.path, workspace.project)) for entry in found if entry.kind == "gone"]
    if changed:
        ingest_paths(workspace, IngestRequest(paths=changed))
    if gone:
        remove(workspace, gone)
    return bool(found)
