"""What is in the index, what an ingest would do, how a file is cut, and taking documents out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.app.ingestion import IngestRequest, chunker_for, limits_of, reading_options, scanned
from ragcli.datatypes import Chunk, Document, Reading, SourceFile
from ragcli.errors import IndexNotFound, LoadError, UsageError
from ragcli.index.writer import open_writer
from ragcli.loaders.pool import FileReader
from ragcli.metadata import described
from ragcli.reports import Listed, Planned
from ragcli.sources.scanning import open_source, real_path, stored_path
from ragcli.text.dating import dated
from ragcli.text.globs import path_matches

if TYPE_CHECKING:
    from ragcli.app.core import App


def listed(app: App, patterns: Sequence[str]) -> list[Listed]:
    """Every document, copy and failure whose path is meant by one of the patterns (none: all), ordered by path."""
    reader = app.reader
    with reader.snapshot():
        failures = {failure.path: failure for failure in reader.failures(skipped=True)}
        sources = {source.path: source for source in reader.files()}
        found: list[Listed] = []
        for document in reader.documents():
            source, failure = sources[document.path], failures.pop(document.path, None)
            state, reason = _state(app, source), failure.reason if failure else document.partial
            if failure is None and document.partial:
                state = "partial" if state == "ok" else state
            elif failure is not None:
                state = "failed"
            found.append(
                Listed(document.path, state, document.type, document.title, document.chunks, document.metadata, reason)
            )
            found += [
                Listed(
                    copy,
                    _state_of_copy(app, sources[copy]),
                    document.type,
                    document.title,
                    0,
                    document.metadata,
                    f"same as {document.path}",
                )
                for copy in document.copies
            ]
        found += [
            Listed(failure.path, "skipped" if failure.skipped else "failed", reason=failure.reason)
            for failure in failures.values()
        ]
    roots = {source.path: source.root for source in sources.values()}
    chosen = [
        entry
        for entry in found
        if not patterns or any(_meant(app, pattern, entry.path, roots.get(entry.path, "")) for pattern in patterns)
    ]
    no_files = {source.path for source in sources.values() if not source.is_file}
    chosen = [replace(entry, path=app.shown(entry.path, is_file=entry.path not in no_files)) for entry in chosen]
    return sorted(chosen, key=lambda entry: entry.path)


def _state(app: App, source: SourceFile) -> str:
    if not source.is_file:
        return "ok"
    try:
        status = real_path(source.path, app.project).stat()
    except OSError:
        return "gone"
    return "ok" if (status.st_size, status.st_mtime_ns) == (source.size, source.mtime_ns) else "changed"


def _state_of_copy(app: App, source: SourceFile) -> str:
    state = _state(app, source)
    return "copy" if state == "ok" else state


def _meant(app: App, pattern: str, path: str, root: str) -> bool:
    """Whether a stored path is what the user calls `pattern`: a path as typed here, or a pattern as in --filter."""
    typed = stored_path(Path(os.path.abspath(app.directory / pattern)), app.project)
    return path in (pattern, typed) or path.startswith(typed + "/") or path_matches(pattern, path, root)


def remove(app: App, patterns: Sequence[str]) -> list[str]:
    """Take documents, copies and remembered failures out of the index; returns their paths.

    Raises UsageError when a pattern means nothing that is there. Files on disk stay.
    """
    manifest = app.existing_manifest()
    if manifest is None:
        raise IndexNotFound(f"no index at {app.index_directory}", hint="rag ingest PATH")
    with open_writer(
        app.index_directory,
        embedder=manifest.embedder,
        chunker=manifest.chunker,
        model_source=manifest.model_source,
    ) as writer:
        known = {**{i: source for i, (source, _, _) in writer.failed_files().items()}, **writer.files()}
        chosen: dict[str, str] = {}
        for pattern in patterns:
            meant = {i: s.path for i, s in known.items() if _meant(app, pattern, s.path, s.root)}
            if not meant:
                raise UsageError(f"nothing in the index is called {pattern!r}", hint="rag ls lists what it holds")
            chosen |= meant
        writer.remove(list(chosen))
        writer.finish()
    return sorted(chosen.values())


def plan(app: App, request: IngestRequest) -> list[Planned]:
    """What `ingest` would do with every file it would see, ordered by path; new and changed files are opened, not read."""
    found, skipped, covers = scanned(app, request)
    known = dict[str, SourceFile]()
    if app.existing_manifest() is not None:
        files = {source.document_id: source for source in app.reader.files()}
        known = {} if request.rebuild else files
        app.close()
    locations = {entry.source.document_id: entry.location for entry in found}
    wanted = [entry.source for entry in found if not _unchanged(known.get(entry.source.document_id), entry.source)]
    reader = FileReader(
        limits_of(app),
        reading_options(app, [source.path for source in wanted], only_detect=True),
        lambda source: open_source(locations[source.document_id]),
    )
    try:
        readings = list(reader.read((source, "") for source in wanted))
    finally:
        reader.close()
    planned = [_planned(source, reading, known) for source, reading in zip(wanted, readings, strict=True)]
    reread = {source.document_id for source in wanted}
    planned += [Planned(entry.source.path, "unchanged") for entry in found if entry.source.document_id not in reread]
    planned += [Planned(entry.path, "skip", entry.reason) for entry in skipped]
    present = set(locations)
    gone = [source.path for source in known.values() if source.document_id not in present and covers(source)]
    action = "remove" if request.options.prune else "keep"
    planned += [Planned(path, action, "its file is gone") for path in gone]
    return sorted(planned, key=lambda entry: entry.path)


def _unchanged(before: SourceFile | None, now: SourceFile) -> bool:
    return before is not None and (before.size, before.mtime_ns, before.ctime_ns) == (
        now.size,
        now.mtime_ns,
        now.ctime_ns,
    )


def _planned(source: SourceFile, reading: Reading, known: dict[str, SourceFile]) -> Planned:
    if reading.document is None:
        return Planned(source.path, "skip" if reading.skipped else "fail", reading.reason)
    return Planned(source.path, "update" if source.document_id in known else "add", reading.document.type)


def cut(app: App, path: Path) -> tuple[Document, list[Chunk]]:
    """A file as ingest would read it and cut it, with the index's chunker unless the settings name another.

    Raises UsageError when there is no such file, LoadError with the reason when it is no readable document.
    """
    location = app.directory / path
    if not location.is_file():
        raise UsageError(f"no such file: {path}", hint="rag chunks FILE")
    status = location.stat()
    name = stored_path(Path(os.path.abspath(location)), app.project)
    source = SourceFile(name, name, "", status.st_size, status.st_mtime_ns, status.st_ctime_ns, "")
    reader = FileReader(limits_of(app), reading_options(app, [name]), lambda _: open_source(location))
    try:
        reading = next(reader.read([(source, "")]))
    finally:
        reader.close()
    if reading.document is None:
        raise LoadError(f"{path}: {reading.reason}")
    manifest = app.existing_manifest()
    chunker = chunker_for(app, app.embedder_for(manifest), manifest)
    document = described(dated(reading.document), source, {})
    return document, chunker.split(document)
