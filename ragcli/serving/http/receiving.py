"""Files that a request brings: who may see them, and their way into the index."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.access import checked_tags
from ragcli.errors import IndexUnusable, UsageError
from ragcli.places import state_directory
from ragcli.render import jsonlibrary
from ragcli.serving.http.problems import Forbidden
from ragcli.serving.jobs import Outcome, Tell
from ragcli.trust.store import TrustStore

if TYPE_CHECKING:
    from ragcli.api import Rag
    from ragcli.datatypes import DocumentRecord
    from ragcli.reports import IngestReport
    from ragcli.serving.http.service import Service
    from ragcli.serving.principals import Principal
    from ragcli.serving.uploads import Received


def place(served: Service, path: str) -> Path:
    """Where the file is that the index calls `path`."""
    return served.shelf.directory.parent / path


def known_folders(served: Service) -> list[str]:
    """The folders, with links followed, whose files the server may show: that of the index, what the user ingested into it,
    what `serve.roots` names, and uploads."""
    shelf = served.shelf
    folders = [
        str(shelf.directory.parent),
        str(served.uploads.folder),
        *TrustStore(state_directory()).roots(shelf.directory),
        *(str(Path(root).expanduser()) for root in served.settings.serve_roots),
    ]
    return [os.path.realpath(folder) for folder in folders]


def lies_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path, with links followed, lies in one of `folders`."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(folder) for folder in folders)


def access(served: Service, principal: Principal, given: str) -> frozenset[str] | None:
    """The access tags for files that `principal` sends. Who sees a part of the index must say which of their own tags the files
    have, so that nothing is shown to more people than they meant. Raises UsageError and Forbidden."""
    own = served.shelf.tags(principal)
    tags = checked_tags((tag for tag in given.split(",") if tag.strip()), "access")
    if own is None:
        return tags or None
    if not tags:
        listed = ",".join(sorted(own)) or "none are granted to this key"
        raise UsageError("say who may see the files", hint=f"the field access, with tags of this key: {listed}")
    if not tags <= own:
        raise Forbidden(f"the tag {sorted(tags - own)[0]} is not granted to {principal.name}", hint="leave it out")
    return tags


def taken_in(served: Service, received: Received, access: frozenset[str] | None, tell: Tell) -> Outcome:
    """Ingest files that were sent. Those that are no documents are deleted again."""
    rag = served.shelf.made()
    TrustStore(state_directory()).add_roots(served.shelf.directory, [served.uploads.folder])
    new = served.uploads.place(received)
    report: IngestReport | None = None
    try:
        report = rag.ingest(*received.paths, access=access, retry=True, on_progress=tell)
    finally:
        missing = not_indexed(served, rag, received.paths)
        served.uploads.clear(path for path in missing if path in new)
    failed = {entry.path: entry.reason for entry in report.failed}
    other = "; ".join(report.skipped) or ("not reached before the end" if report.interrupted else "not indexed")
    refused = [(name, failed.get(name, other)) for name in names(served, missing)]
    return Outcome(report, {**jsonlibrary.ingest(report)}, refused)


def not_indexed(served: Service, rag: Rag, paths: Sequence[Path]) -> list[Path]:
    """Those of the files that are no document of the index and no copy of one."""
    known = {path for record in rag.documents() for path in _paths(record)}
    return [path for path in paths if names(served, [path])[0] not in known]


def _paths(record: DocumentRecord) -> Iterable[str]:
    return (record.path, *record.copies)


def names(served: Service, paths: Sequence[Path]) -> list[str]:
    """Files as the index has their paths."""
    project = served.shelf.directory.parent
    return [str(path.relative_to(project) if path.is_relative_to(project) else path) for path in paths]


def clear_cut_off(service: Service) -> None:
    """Delete uploads whose ingest was cut off by the end of an earlier server, unless they are in the index: nobody would know
    who may see them."""
    paths = [place(service, name) for job in service.jobs.cut_off if job.kind == "upload" for name in job.files]
    if not paths:
        return
    try:
        missing = not_indexed(service, service.shelf.made(), paths)
    except IndexUnusable:
        return
    service.uploads.clear(missing)
