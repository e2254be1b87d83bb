"""Where files hold keys, tokens and personal data."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ragcli.datatypes import Document
from ragcli.errors import UsageError
from ragcli.loaders.pool import FileReader
from ragcli.reports import Failure, Scanned, ScanReport
from ragcli.sources.scanning import open_source
from ragcli.usecases.ingestion import IngestRequest, limits_of, reading_options, scanned

if TYPE_CHECKING:
    from ragcli.workspace import Workspace

_LINE_END = re.compile(r"\r\n|[\n\r]")


def scan_files(workspace: Workspace, request: IngestRequest, *, personal: bool) -> ScanReport:
    """Read the files and folders of `request` as an ingest would, and list what it would put placeholders for; `personal` says
    whether personal data count. Nothing is indexed. Raises UsageError without paths, or for one that does not exist."""
    if not request.paths:
        raise UsageError("nothing to scan", hint="rag scan PATH")
    found, skipped, _ = scanned(workspace, request)
    sources = [entry.source for entry in found]
    locations = {entry.source.document_id: entry.location for entry in found}
    options = reading_options(workspace.settings, [source.path for source in sources])
    options = replace(options, secrets="redact", pii="redact" if personal else "off", passwords=request.passwords)
    reader = FileReader(
        limits_of(workspace.settings), options, lambda source: open_source(locations[source.document_id])
    )
    values: list[Scanned] = []
    failed = [Failure(entry.path, entry.reason) for entry in skipped if entry.reason.startswith("cannot")]
    files = 0
    try:
        for source, reading in zip(sources, reader.read((source, "") for source in sources), strict=True):
            shown = workspace.shown(source.path)
            if reading.document is not None:
                files += 1
                values += _values(reading.document, shown)
            elif not reading.skipped:
                failed.append(Failure(shown, reading.reason))
    finally:
        reader.close()
    return ScanReport(files, tuple(values), tuple(failed))


def _values(document: Document, path: str) -> Iterator[Scanned]:
    ends = [match.end() for match in _LINE_END.finditer(document.text)] if document.has_lines else []
    for entry in document.redactions:
        line = page = None
        if not entry.place:
            line = bisect.bisect_right(ends, entry.start) + 1 if document.has_lines else None
            page = bisect.bisect_right(document.page_starts, entry.start) or None
        yield Scanned(path, entry.kind, line, page, entry.place)
