"""Putting an ingest together: which sources, which of them are gone, and the parts that take them in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from ragcli.datatypes import SourceFile
from ragcli.errors import IndexUnusable, UsageError
from ragcli.index.manifest import Manifest
from ragcli.index.writer import open_writer, upgrade_format
from ragcli.ingest import Ingest, Options, Progress, Reader
from ragcli.loaders.limits import Limits
from ragcli.loaders.plugged import plugged_suffixes
from ragcli.loaders.pool import FileReader
from ragcli.loaders.reading import Options as ReadingOptions
from ragcli.reports import IngestReport
from ragcli.sources.scanning import Found, Rules, Skipped, open_source, scan, stored_path
from ragcli.text.language import detect_language

if TYPE_CHECKING:
    from ragcli.app.core import App
    from ragcli.protocols import Chunker, Embedder


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest and how: files and folders (none: everything ingested before), bytes and web pages as `extra`, the rules
    of the scan, and the options of the run. `rebuild` empties the index first."""

    paths: Sequence[Path] = ()
    extra: Sequence[tuple[SourceFile, Callable[[], int]]] = ()
    rules: Rules = field(default_factory=Rules)
    options: Options = field(default_factory=Options)
    rebuild: bool = False


def ingest_paths(app: App, request: IngestRequest, *, on_progress: Callable[[Progress], None]) -> IngestReport:
    """See `App.ingest`."""
    found, skipped, covers = scanned(app, request)
    openers = {source.document_id: opener for source, opener in request.extra}
    locations = {entry.source.document_id: entry.location for entry in found}

    def opened(source: SourceFile) -> int:
        opener = openers.get(source.document_id)
        return opener() if opener else open_source(locations[source.document_id])

    meant = [*(entry.source.path for entry in found), *(source.path for source, _ in request.extra)]
    key = _redaction_key(app)
    reader = FileReader(limits_of(app), replace(reading_options(app, meant), redaction_key=key), opened)
    try:
        return ingest_sources(
            app,
            [*(entry.source for entry in found), *(source for source, _ in request.extra)],
            [entry for entry in skipped if not entry.quiet],
            reader,
            covers=covers,
            options=replace(request.options, redaction_key=key),
            rebuild=request.rebuild,
            on_progress=on_progress,
        )
    finally:
        reader.close()


def scanned(app: App, request: IngestRequest) -> tuple[list[Found], list[Skipped], Callable[[SourceFile], bool]]:
    """The files that are meant, what is left out with the reason, and which known sources the scan would have seen.

    Raises UsageError for a path that does not exist, unless its documents are to be dropped.
    """
    roots = [Path(os.path.abspath(app.directory / path)) for path in request.paths]
    if not roots and not request.extra:
        roots = _known_roots(app)
    for root in roots:
        if not root.exists() and not request.options.prune:
            raise UsageError(
                f"no such file or folder: {root}", hint="check the path, or drop its documents with --prune"
            )
    entries: dict[str, Found | Skipped] = {}
    for root in roots:
        for entry in scan(root, app.project, app.index_directory, request.rules):
            entries[entry.source.path if isinstance(entry, Found) else entry.path] = entry
    found = [entry for entry in entries.values() if isinstance(entry, Found)]
    skipped = [entry for entry in entries.values() if isinstance(entry, Skipped)]
    covered = [stored_path(root, app.project) for root in roots]
    unseen = [entry.path for entry in skipped if entry.reason.startswith("cannot")]  # not gone, only out of sight

    def covers(source: SourceFile) -> bool:
        return (
            source.is_file
            and any(_below(source.path, root) for root in covered)
            and not any(_below(source.path, path) for path in unseen)
        )

    return found, skipped, covers


def ingest_sources(
    app: App,
    sources: Sequence[SourceFile],
    skipped: Iterable[Skipped],
    reader: Reader,
    *,
    covers: Callable[[SourceFile], bool],
    options: Options,
    rebuild: bool = False,
    on_progress: Callable[[Progress], None],
) -> IngestReport:
    """Ingest `sources`. What the index holds, `covers` says is meant, and is not among them, counts as gone.

    Model and chunker are those of the index, also when it is rebuilt, unless the settings name others.
    """
    manifest = _manifest_of_old(app) if rebuild else app.existing_manifest()
    embedder = app.embedder_for(manifest)
    chunker = chunker_for(app, embedder, manifest)
    with open_writer(
        app.index_directory,
        embedder=embedder.identity,
        chunker=chunker.parameters,
        model_source=app.model_source(manifest),
        sentences={"on": True, "off": False}.get(app.settings.embedding_sentences),
        redaction_key=options.redaction_key,
        rebuild=rebuild,
    ) as writer:
        present = {source.document_id for source in sources}
        known = [*writer.files().values(), *(source for source, _, _ in writer.failed_files().values())]
        gone = sorted({source.document_id for source in known if source.document_id not in present and covers(source)})
        ingest = Ingest(writer, reader, chunker, embedder, detect_language, options=options, on_progress=on_progress)
        return ingest.run(sources, skipped, gone=gone)


def create_index(app: App) -> None:
    """An index without documents, with the model and the chunker that the settings name."""
    embedder = app.embedder_for(None)
    with open_writer(
        app.index_directory,
        embedder=embedder.identity,
        chunker=chunker_for(app, embedder, None).parameters,
        model_source=app.model_source(None),
        sentences={"on": True, "off": False}.get(app.settings.embedding_sentences),
    ) as writer:
        writer.finish()


def watched_roots(app: App, request: IngestRequest) -> list[Path]:
    """The files and folders whose changes concern a request."""
    given = [Path(os.path.abspath(app.directory / path)) for path in request.paths]
    return [root for root in given or _known_roots(app) if root.exists()]


def limits_of(app: App) -> Limits:
    """The limits of one file, as set."""
    settings = app.settings
    return Limits(
        file_bytes=int(settings.limits_file_mb * 1_000_000),
        idle_seconds=settings.limits_idle_seconds,
        seconds=settings.limits_seconds,
        cpu_seconds=settings.limits_cpu_seconds,
        memory_bytes=settings.limits_memory_mb << 20,
        characters=settings.limits_characters,
    )


def reading_options(app: App, paths: Iterable[str], *, only_detect: bool = False) -> ReadingOptions:
    """How the files at `paths` are read, as set, and with the plug-ins that are there for them."""
    settings = app.settings
    return ReadingOptions(
        ocr=settings.ingest_ocr,
        only_detect=only_detect,
        plugins=plugged_suffixes(paths),
        secrets=settings.ingest_secrets,
        pii=settings.ingest_pii,
    )


def _redaction_key(app: App) -> str:
    """The index's own, or a new one."""
    manifest = _manifest_of_old(app)
    return (manifest.redaction_key if manifest else "") or token_hex(16)


def _manifest_of_old(app: App) -> Manifest | None:
    """What a rebuild takes over unless told otherwise: model and chunker of the index before, if that can be read."""
    try:
        return app.existing_manifest()
    except IndexUnusable:
        return None


def _known_roots(app: App) -> list[Path]:
    upgrade_format(app.index_directory)
    roots = sorted({source.root for source in app.reader.files() if source.is_file})
    app.close()
    if not roots:
        raise UsageError("nothing to ingest", hint="rag ingest PATH")
    return [app.project / root for root in roots]


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/") or (root == "." and not path.startswith("/"))


def chunker_for(app: App, embedder: Embedder, manifest: Manifest | None) -> Chunker:
    """The index's own chunker, or the one asked for. Raises UsageError when the model cannot read its chunks whole."""
    from ragcli.chunking import get_chunker

    own = manifest.chunker if manifest else {}
    strategy = app.settings.chunking_strategy or str(own.get("strategy", "structure"))
    limit = app.settings.chunking_max_tokens or int(own.get("max_tokens", 200))
    if strategy == "document" and app.settings.chunking_max_tokens:
        raise UsageError(
            "the chunker document makes one chunk of each document, whatever its length",
            hint="leave --max-tokens out, or use --chunker structure",
        )
    window = int(str(embedder.identity.get("max_tokens", 0)))
    if strategy != "document" and window and limit > window - 2:
        raise UsageError(
            f"chunks of {limit} tokens do not fit the {window} tokens that {embedder.identity['name']} reads",
            hint=f"--max-tokens {window - 2} at most",
        )
    return get_chunker(strategy, limit, embedder, own)
