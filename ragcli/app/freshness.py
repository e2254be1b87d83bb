"""Whether the files behind an answer are still what was ingested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ragcli.datatypes import DocumentRecord
from ragcli.results import Stale
from ragcli.sources.changes import state_of
from ragcli.sources.scanning import real_path

if TYPE_CHECKING:
    from ragcli.app.core import App


def stale(app: App, documents: Iterable[DocumentRecord]) -> tuple[Stale, ...]:
    """Those of `documents` whose file changed (see `sources.changes`) or is gone, each once, in their order."""
    found: list[Stale] = []
    paths = list(dict.fromkeys(document.path for document in documents))
    known = app.reader.sources(paths)
    for path in paths:
        state = state_of(known[path], app.project) if path in known else "unchanged"
        if state != "unchanged":
            found.append(Stale(path, state))
    return tuple(found)


def refresh(app: App, documents: Iterable[DocumentRecord]) -> bool:
    """Take in again those of `documents` whose files changed, and drop those that are gone; whether there were any."""
    from ragcli.app.ingestion import IngestRequest
    from ragcli.app.library import remove

    found = stale(app, documents)
    changed = [real_path(entry.path, app.project) for entry in found if entry.kind == "changed"]
    gone = [str(real_path(entry.path, app.project)) for entry in found if entry.kind == "gone"]
    if changed:
        app.ingest(IngestRequest(paths=changed))
    if gone:
        remove(app, gone)
    return bool(found)
