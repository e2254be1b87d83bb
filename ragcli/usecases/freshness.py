"""Whether the files behind an answer are still what was ingested."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import DocumentRecord
from ragcli.results import Stale
from ragcli.sources.scanning import real_path

if TYPE_CHECKING:
    from ragcli.index.contents import CatalogReader
    from ragcli.workspace import Workspace


def stale(catalog: CatalogReader, project: Path, documents: Iterable[DocumentRecord]) -> tuple[Stale, ...]:
    """Those of `documents` whose file changed (size or time of modification) or is gone, each once, in their order."""
    found: list[Stale] = []
    for path in dict.fromkeys(document.path for document in documents):
        file = catalog.file(path)
        if file is None or not file.is_file:
            continue
        try:
            status = real_path(file.path, project).stat()
        except OSError:
            found.append(Stale(file.path, "gone"))
            continue
        if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
            found.append(Stale(file.path, "changed"))
    return tuple(found)


def refresh(workspace: Workspace, catalog: CatalogReader, documents: Iterable[DocumentRecord]) -> bool:
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
