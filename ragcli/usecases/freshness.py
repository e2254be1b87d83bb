"""Whether the files behind an answer are still what was ingested."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import DocumentRecord
from ragcli.results import Stale
from ragcli.sources.changes import state_of
from ragcli.sources.scanning import real_path

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.trust.store import TrustStore
    from ragcli.workspace import Workspace


def stale(
    catalog: Catalog, project_of: Callable[[str], Path], documents: Iterable[DocumentRecord]
) -> tuple[Stale, ...]:
    """Those of `documents` whose file changed (see `sources.changes`) or is gone, each once, in their order. `project_of` gives
    the folder that the paths of a collection are relative to."""
    found: list[Stale] = []
    places = dict.fromkeys((document.collection, document.path) for document in documents)
    named = {place: "/".join(place) if place[0] else place[1] for place in places}
    known = catalog.sources(list(named.values()))
    for (collection, path), name in named.items():
        state = state_of(known[name], project_of(collection)) if name in known else "unchanged"
        if state != "unchanged":
            found.append(Stale(path, state, collection))
    return tuple(found)


def refresh(workspace: Workspace, catalog: Catalog, documents: Iterable[DocumentRecord], trusted: TrustStore) -> bool:
    """Take in again those of `documents` whose files changed, and drop those that are gone; whether there were any. Raises
    UsageError, and changes nothing, for a file that the user did not ingest (see `trust.foreign`)."""
    from ragcli.trust.foreign import check_files
    from ragcli.usecases.ingestion import IngestRequest, ingest_paths
    from ragcli.usecases.library import remove

    found = stale(catalog, workspace.project_of, documents)
    files: dict[str, dict[str, list[Path]]] = {}
    for entry in found:
        file = real_path(entry.path, workspace.project_of(entry.collection))
        files.setdefault(entry.collection, {"changed": [], "gone": []})[entry.kind].append(file)
    for collection, own in files.items():
        check_files(own["changed"], workspace.index_of(collection), trusted)
    for collection, own in files.items():
        if own["changed"]:
            ingest_paths(workspace.alone(collection), IngestRequest(paths=own["changed"]))
        if own["gone"]:
            remove(workspace.alone(collection), [str(file) for file in own["gone"]])
    return bool(found)
