"""What is in the index, what an ingest would do, how a file is cut, and taking documents out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import Chunk, Document, Reading, SourceFile
from ragcli.engine.embedders import embedder_for
from ragcli.engine.index import store_of
from ragcli.errors import IndexNotFound, LoadError, UsageError
from ragcli.index.entries import PAGE
from ragcli.index.pages import every
from ragcli.loaders.pool import FileReader
from ragcli.metadata import described
from ragcli.reports import Failure, Listed, Planned
from ragcli.sources.changes import same_file, state_of
from ragcli.sources.scanning import open_source, stored_path
from ragcli.text.dating import dated
from ragcli.text.globs import path_matches
from ragcli.usecases.ingestion import (
    IngestRequest,
    chunker_for,
    known_files,
    limits_of,
    reading_options,
    scanned,
)

if TYPE_CHECKING:
    from ragcli.index.entries import Listing
    from ragcli.index.protocol import Catalog
    from ragcli.workspace import Workspace


def listed(workspace: Workspace, catalog: Catalog, patterns: Sequence[str]) -> list[Listed]:
    """Every document, copy and failure whose path is meant by one of the patterns (none: all), ordered by path as shown. Files
    are looked at between two pages of the index, while nothing keeps a writer waiting."""
    meant = meaning(workspace, patterns)
    remembered = {failure.path: failure for failure in catalog.failures(skipped=True)}
    found, read = list[Listed](), set[str]()
    for entry in _entries(catalog, meant if patterns else None):
        failure = remembered.get(entry.source.path)
        read.add(entry.source.path)
        for source in (entry.source, *entry.copies):
            if not patterns or meant(source.path, source.root):
                document = entry.document
                state, reason = _state_of(workspace.project, entry, source, failure)
                path = workspace.shown(source.path, is_file=source.is_file)
                chunks = document.chunks if source is entry.source else 0
                found.append(Listed(path, state, document.type, document.title, chunks, document.metadata, reason))
    found += [
        Listed(workspace.shown(failure.path), "skipped" if failure.skipped else "failed", reason=failure.reason)
        for failure in remembered.values()
        if failure.path not in read and (not patterns or meant(failure.path, ""))
    ]
    return sorted(found, key=lambda entry: entry.path)


def _entries(catalog: Catalog, meant: Callable[[str, str], bool] | None) -> Iterator[Listing]:
    """The documents of which a place is meant, with their copies; None means all. The others are not read as a whole."""
    if meant is None:
        yield from every(catalog.page)
        return
    chosen = [source.document_id for source in every(catalog.files) if meant(source.path, source.root)]
    given = set[str]()
    for first in range(0, len(chosen), PAGE):
        for entry in catalog.listings(chosen[first : first + PAGE]):
            if entry.document_id not in given:  # one of its copies was in an earlier page
                given.add(entry.document_id)
                yield entry


def _state_of(project: Path, entry: Listing, source: SourceFile, failure: Failure | None) -> tuple[str, str]:
    """The state of a document or of one of its copies, and the reason for it."""
    document, state = entry.document, _state(project, source)
    if source is not entry.source:
        return "copy" if state == "ok" else state, f"same as {document.path}"
    if failure is not None:
        return "failed", failure.reason
    return "partial" if document.partial and state == "ok" else state, document.partial


def _state(project: Path, source: SourceFile) -> str:
    state = state_of(source, project)
    return "ok" if state == "unchanged" else state


def meaning(workspace: Workspace, patterns: Sequence[str]) -> Callable[[str, str], bool]:
    """Says of a stored path and its root whether it is what the user calls by one of `patterns`: a path as typed here, or a
    pattern as in --filter."""
    typed = [(pattern, typed_path(workspace, pattern)) for pattern in patterns]

    def meant(path: str, root: str) -> bool:
        return any(
            path in (pattern, name) or path.startswith(name + "/") or path_matches(pattern, path, root)
            for pattern, name in typed
        )

    return meant


def typed_path(workspace: Workspace, path: str) -> str:
    """A path as typed here, as the index stores it."""
    return stored_path(Path(os.path.abspath(workspace.directory / path)), workspace.project)


def remove(workspace: Workspace, patterns: Sequence[str]) -> list[str]:
    """Take documents, copies and remembered failures out of the index; returns their paths.

    Raises UsageError when a pattern means nothing that is there, unless an earlier removal was interrupted, which is then
    finished. Files on disk stay.
    """
    store = store_of(workspace)
    manifest = store.manifest()
    if manifest is None:
        raise IndexNotFound(f"no index at {store.address}", hint="rag ingest PATH")
    with store.writer(manifest.identity) as writer:
        chosen: dict[str, str] = {}
        unused = dict.fromkeys(patterns)
        meant = {pattern: meaning(workspace, [pattern]) for pattern in patterns}
        for source in every(writer.page):
            for pattern in (pattern for pattern in patterns if meant[pattern](source.path, source.root)):
                unused.pop(pattern, None)
                chosen[source.document_id] = source.path
        for pattern in () if store.unfinished else unused:
            raise UsageError(f"nothing in the index is called {pattern!r}", hint="rag ls lists what it holds")
        writer.remove(list(chosen))
        writer.finish()
    return sorted(chosen.values())


def remove_documents(workspace: Workspace, document_ids: Sequence[str]) -> list[str]:
    """As `remove`, by identity: documents and copies with one of `document_ids`; others are no error. Returns their paths."""
    store = store_of(workspace)
    manifest = store.manifest()
    if manifest is None:
        raise IndexNotFound(f"no index at {store.address}", hint="rag ingest PATH")
    with store.writer(manifest.identity) as writer:
        known = writer.known(document_ids)
        writer.remove(list(known))
        writer.finish()
    return sorted(source.path for source in known.values())


def plan(workspace: Workspace, request: IngestRequest) -> list[Planned]:
    """What `ingest` would do with every file it would see, ordered by path; new and changed files are opened, not read."""
    found, skipped, covers = scanned(workspace, request)
    fresh = request.rebuild or store_of(workspace).manifest() is None
    known = {} if fresh else {source.document_id: source for source in known_files(workspace)}
    locations = {entry.source.document_id: entry.location for entry in found}
    wanted = [
        entry.source
        for entry in found
        if entry.source.document_id not in known or not same_file(known[entry.source.document_id], entry.source)
    ]
    reader = FileReader(
        limits_of(workspace.settings),
        replace(
            reading_options(workspace.settings, [source.path for source in wanted], only_detect=True),
            passwords=request.passwords,
        ),
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


def _planned(source: SourceFile, reading: Reading, known: dict[str, SourceFile]) -> Planned:
    if reading.document is None:
        return Planned(source.path, "skip" if reading.skipped else "fail", reading.reason)
    return Planned(source.path, "update" if source.document_id in known else "add", reading.document.type)


def cut(workspace: Workspace, path: Path, passwords: Sequence[str] = ()) -> tuple[Document, list[Chunk]]:
    """A file as ingest would read it and cut it, with the index's chunker unless the settings name another. `passwords` are
    tried where it is encrypted.

    Raises UsageError when there is no such file, LoadError with the reason when it is no readable document.
    """
    location = workspace.directory / path
    if not location.is_file():
        raise UsageError(f"no such file: {path}", hint="rag chunks FILE")
    status = location.stat()
    name = stored_path(Path(os.path.abspath(location)), workspace.project)
    source = SourceFile(name, name, "", status.st_size, status.st_mtime_ns, status.st_ctime_ns, "")
    options = replace(reading_options(workspace.settings, [name]), passwords=passwords)
    reader = FileReader(limits_of(workspace.settings), options, lambda _: open_source(location))
    try:
        reading = next(reader.read([(source, "")]))
    finally:
        reader.close()
    if reading.document is None:
        raise LoadError(f"{path}: {reading.reason}")
    manifest = store_of(workspace).manifest()
    chunker = chunker_for(workspace.settings, embedder_for(workspace, manifest), manifest)
    document = described(dated(reading.document), source, {})
    return document, chunker.split(document)
