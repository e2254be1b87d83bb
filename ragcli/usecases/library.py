"""What is in the index, what an ingest would do, how a file is cut, and taking documents out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import Chunk, Document, Reading, SourceFile
from ragcli.engine.embedders import embedder_for
from ragcli.errors import IndexNotFound, LoadError, UsageError
from ragcli.index.contents import stored_manifest
from ragcli.index.filtering import path_matches
from ragcli.index.writer import open_writer
from ragcli.loaders.pool import FileReader
from ragcli.metadata import described
from ragcli.reports import Listed, Planned
from ragcli.sources.scanning import open_source, real_path, stored_path
from ragcli.text.dating import dated
from ragcli.usecases.ingestion import (
    IngestRequest,
    chunker_for,
    known_files,
    limits_of,
    reading_options,
    scanned,
)

if TYPE_CHECKING:
    from ragcli.index.contents import CatalogReader
    from ragcli.workspace import Workspace


def listed(workspace: Workspace, catalog: CatalogReader, patterns: Sequence[str]) -> list[Listed]:
    """Every document, copy and failure whose path is meant by one of the patterns (none: all), ordered by path."""
    with catalog.snapshot():
        failures = {failure.path: failure for failure in catalog.failures(skipped=True)}
        sources = {source.path: source for source in catalog.files()}
        found: list[Listed] = []
        for document in catalog.documents():
            source, failure = sources[document.path], failures.pop(document.path, None)
            state, reason = _state(workspace.project, source), failure.reason if failure else document.partial
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
                    _state_of_copy(workspace.project, sources[copy]),
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
        if not patterns
        or any(_meant(workspace, pattern, entry.path, roots.get(entry.path, "")) for pattern in patterns)
    ]
    no_files = {source.path for source in sources.values() if not source.is_file}
    chosen = [replace(entry, path=workspace.shown(entry.path, is_file=entry.path not in no_files)) for entry in chosen]
    return sorted(chosen, key=lambda entry: entry.path)


def _state(project: Path, source: SourceFile) -> str:
    if not source.is_file:
        return "ok"
    try:
        status = real_path(source.path, project).stat()
    except OSError:
        return "gone"
    return "ok" if (status.st_size, status.st_mtime_ns) == (source.size, source.mtime_ns) else "changed"


def _state_of_copy(project: Path, source: SourceFile) -> str:
    state = _state(project, source)
    return "copy" if state == "ok" else state


def _meant(workspace: Workspace, pattern: str, path: str, root: str) -> bool:
    """Whether a stored path is what the user calls `pattern`: a path as typed here, or a pattern as in --filter."""
    typed = stored_path(Path(os.path.abspath(workspace.directory / pattern)), workspace.project)
    return path in (pattern, typed) or path.startswith(typed + "/") or path_matches(pattern, path, root)


def remove(workspace: Workspace, patterns: Sequence[str]) -> list[str]:
    """Take documents, copies and remembered failures out of the index; returns their paths.

    Raises UsageError when a pattern means nothing that is there. Files on disk stay.
    """
    manifest = stored_manifest(workspace.index_directory)
    if manifest is None:
        raise IndexNotFound(f"no index at {workspace.index_directory}", hint="rag ingest PATH")
    with open_writer(
        workspace.index_directory,
        embedder=manifest.embedder,
        chunker=manifest.chunker,
        model_source=manifest.model_source,
    ) as writer:
        known = {**{i: source for i, (source, _, _) in writer.failed_files().items()}, **writer.files()}
        chosen: dict[str, str] = {}
        for pattern in patterns:
            meant = {i: s.path for i, s in known.items() if _meant(workspace, pattern, s.path, s.root)}
            if not meant:
                raise UsageError(f"nothing in the index is called {pattern!r}", hint="rag ls lists what it holds")
            chosen |= meant
        writer.remove(list(chosen))
        writer.finish()
    return sorted(chosen.values())


def plan(workspace: Workspace, request: IngestRequest) -> list[Planned]:
    """What `ingest` would do with every file it would see, ordered by path; new and changed files are opened, not read."""
    found, skipped, covers = scanned(workspace, request)
    fresh = request.rebuild or stored_manifest(workspace.index_directory) is None
    known = {} if fresh else {source.document_id: source for source in known_files(workspace.index_directory)}
    locations = {entry.source.document_id: entry.location for entry in found}
    wanted = [entry.source for entry in found if not _unchanged(known.get(entry.source.document_id), entry.source)]
    reader = FileReader(
        limits_of(workspace.settings),
        reading_options(workspace.settings, [source.path for source in wanted], only_detect=True),
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


def cut(workspace: Workspace, path: Path) -> tuple[Document, list[Chunk]]:
    """A file as ingest would read it and cut it, with the index's chunker unless the settings name another.

    Raises UsageError when there is no such file, LoadError with the reason when it is no readable document.
    """
    location = workspace.directory / path
    if not location.is_file():
        raise UsageError(f"no such file: {path}", hint="rag chunks FILE")
    status = location.stat()
    name = stored_path(Path(os.path.abspath(location)), workspace.project)
    source = SourceFile(name, name, "", status.st_size, status.st_mtime_ns, status.st_ctime_ns, "")
    reader = FileReader(
        limits_of(workspace.settings), reading_options(workspace.settings, [name]), lambda _: open_source(location)
    )
    try:
        reading = next(reader.read([(source, "")]))
    finally:
        reader.close()
    if reading.document is None:
        raise LoadError(f"{path}: {reading.reason}")
    manifest = stored_manifest(workspace.index_directory)
    chunker = chunker_for(workspace.settings, embedder_for(workspace, manifest), manifest)
    document = described(dated(reading.document), source, {})
    return document, chunker.split(document)
