"""Putting an ingest together: which sources, which of them are gone, and the parts that take them in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, TypeAlias

from ragcli.datatypes import SourceFile
from ragcli.engine.embedders import embedder_for, model_source, with_sentences
from ragcli.engine.index import store_of
from ragcli.errors import IndexUnusable, UsageError
from ragcli.index.manifest import Identity, Manifest
from ragcli.index.pages import every
from ragcli.ingest import Ingest, Options, Progress, Reader
from ragcli.loaders.limits import Limits
from ragcli.loaders.plugged import plugged_suffixes
from ragcli.loaders.pool import FileReader
from ragcli.loaders.reading import Options as ReadingOptions
from ragcli.logs import log
from ragcli.reports import IngestReport
from ragcli.sources.scanning import Found, Rules, Skipped, open_source, scan, stored_path
from ragcli.text.language import detect_language
from ragcli.usecases.rights import options_with_access

if TYPE_CHECKING:
    from ragcli.index.protocol import Store
    from ragcli.protocols import Chunker, Embedder
    from ragcli.settings import Settings
    from ragcli.workspace import Workspace


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest and how: files and folders (none: everything ingested before), bytes and web pages as `extra`, the rules
    of the scan, and the options of the run. `rebuild` makes a new index, which takes the place of the old one at the end."""

    paths: Sequence[Path] = ()
    extra: Sequence[tuple[SourceFile, Callable[[], int]]] = ()
    rules: Rules = field(default_factory=Rules)
    options: Options = field(default_factory=Options)
    rebuild: bool = False
    passwords: Sequence[str] = field(default=(), repr=False)


MakeEmbedder: TypeAlias = "Callable[[Workspace, Manifest | None], Embedder]"


def ingest_paths(
    workspace: Workspace,
    request: IngestRequest,
    *,
    on_progress: Callable[[Progress], object] = lambda _: None,
    make_embedder: MakeEmbedder = embedder_for,
) -> IngestReport:
    """Bring the index up to date with what the request names, or with everything ever ingested when it names nothing.

    Raises UsageError when there is nothing to ingest or a path does not exist, and IndexLocked while another ingest runs.
    """
    found, skipped, covers = scanned(workspace, request)
    openers = {source.document_id: opener for source, opener in request.extra}
    locations = {entry.source.document_id: entry.location for entry in found}

    def opened(source: SourceFile) -> int:
        opener = openers.get(source.document_id)
        return opener() if opener else open_source(locations[source.document_id])

    meant = [*(entry.source.path for entry in found), *(source.path for source, _ in request.extra)]
    key = redaction_key(store_of(workspace))
    options = replace(reading_options(workspace.settings, meant), redaction_key=key, passwords=request.passwords)
    reader = FileReader(limits_of(workspace.settings), options, opened)
    try:
        report = ingest_sources(
            workspace,
            replace(
                request,
                options=replace(
                    options_with_access(workspace, request.options, rebuild=request.rebuild),
                    redaction_key=key,
                    unlock=bool(request.passwords),
                ),
            ),
            [*(entry.source for entry in found), *(source for source, _ in request.extra)],
            [entry for entry in skipped if not entry.quiet],
            reader,
            covers=covers,
            on_progress=on_progress,
            make_embedder=make_embedder,
        )
    finally:
        reader.close()
    told = "%d documents added, %d updated, %d removed, %d failed; %d in the index; %.1f s"
    failed, seconds = len(report.failed), report.seconds
    log("ingest", "info", told, report.added, report.updated, report.removed, failed, report.documents, seconds)
    return report


def scanned(
    workspace: Workspace, request: IngestRequest
) -> tuple[list[Found], list[Skipped], Callable[[SourceFile], bool]]:
    """The files that are meant, what is left out with the reason, and which known sources the scan would have seen.

    Raises UsageError for a path that does not exist, unless its documents are to be dropped.
    """
    roots = [Path(os.path.abspath(workspace.directory / path)) for path in request.paths]
    if not roots and not request.extra:
        roots = _known_roots(workspace, damaged=request.rebuild)
    for root in roots:
        if not root.exists() and not request.options.prune:
            raise UsageError(
                f"no such file or folder: {root}", hint="check the path, or drop its documents with --prune"
            )
    entries: dict[str, Found | Skipped] = {}
    for root in roots:
        for entry in scan(root, workspace.project, workspace.index_directory, request.rules):
            entries[entry.source.path if isinstance(entry, Found) else entry.path] = entry
    found = [entry for entry in entries.values() if isinstance(entry, Found)]
    skipped = [entry for entry in entries.values() if isinstance(entry, Skipped)]
    covered = [stored_path(root, workspace.project) for root in roots]
    unseen = [entry.path for entry in skipped if entry.reason.startswith("cannot")]  # not gone, only out of sight

    def covers(source: SourceFile) -> bool:
        return (
            source.is_file
            and any(_below(source.path, root) for root in covered)
            and not any(_below(source.path, path) for path in unseen)
        )

    return found, skipped, covers


def ingest_sources(
    workspace: Workspace,
    request: IngestRequest,
    sources: Sequence[SourceFile],
    skipped: Iterable[Skipped],
    reader: Reader,
    *,
    covers: Callable[[SourceFile], bool],
    on_progress: Callable[[Progress], object],
    make_embedder: MakeEmbedder = embedder_for,
) -> IngestReport:
    """Ingest `sources` with the options of `request`. What the index holds, `covers` says is meant, and is not among them,
    counts as gone.

    Model and chunker are those of the index, also when it is rebuilt, unless the settings name others. A rebuild for which they
    name the index's own model takes it as a new index would, with what has changed in its use since.
    """
    store = store_of(workspace)
    manifest = _manifest_of_old(store) if request.rebuild else store.manifest()
    anew = request.rebuild and workspace.settings.embedding_model
    if manifest is not None:
        manifest = with_sentences(manifest, workspace.settings, store.address, rebuild=request.rebuild)
    embedder = make_embedder(workspace, None if anew else manifest)
    chunker = chunker_for(workspace.settings, embedder, manifest)
    identity = replace(_identity(workspace, embedder, chunker, manifest), redaction_key=request.options.redaction_key)
    with store.writer(identity, rebuild=request.rebuild) as writer:
        if store.unfinished and not request.rebuild:
            writer.remove([])
        present = {source.document_id for source in sources}
        known = every(writer.page)
        gone = [source.document_id for source in known if source.document_id not in present and covers(source)]
        ingest = Ingest(
            writer, reader, chunker, embedder, detect_language, options=request.options, on_progress=on_progress
        )
        report = ingest.run(sources, skipped, gone=gone)
    return _of_old_index(store, report) if request.rebuild and report.interrupted else report


def _of_old_index(store: Store, report: IngestReport) -> IngestReport:
    """The report of a rebuild that was interrupted: the index, where there is one, is what it was."""
    documents, chunks = 0, 0
    note = "the rebuild was interrupted, and there is no index now"
    with suppress(IndexUnusable), closing(store.catalog()) as catalog:
        documents, _, chunks, _ = catalog.counts(0)
        note = "the rebuild was interrupted, and the index is what it was before; repeated, it takes over what was embedded"
    return replace(report, documents=documents, chunks=chunks, warnings=(note,))


def create_index(workspace: Workspace) -> None:
    """An index without documents, with the model and the chunker that the settings name."""
    embedder = embedder_for(workspace, None)
    chunker = chunker_for(workspace.settings, embedder, None)
    with store_of(workspace).writer(_identity(workspace, embedder, chunker, None)) as writer:
        writer.finish()


def _identity(workspace: Workspace, embedder: Embedder, chunker: Chunker, manifest: Manifest | None) -> Identity:
    """What an index that is made or changed with these parts says of them."""
    sentences = {"on": True, "pooled": True, "off": False}.get(workspace.settings.embedding_sentences)
    return Identity(embedder.identity, chunker.parameters, model_source(workspace, manifest), sentences)


def watched_roots(workspace: Workspace, request: IngestRequest) -> list[Path]:
    """The files and folders whose changes concern a request."""
    given = [Path(os.path.abspath(workspace.directory / path)) for path in request.paths]
    return [root for root in given or _known_roots(workspace, damaged=request.rebuild) if root.exists()]


def rules_of(
    settings: Settings, *, include: Sequence[str] = (), exclude: Sequence[str] = (), ignore_files: bool = True
) -> Rules:
    """What a scan leaves out, as set; see `Rules`."""
    return Rules(
        include=tuple(include),
        exclude=tuple(exclude),
        ignore_files=ignore_files,
        hidden=settings.ingest_hidden,
        follow_symlinks=settings.ingest_follow_symlinks,
        cross_device=settings.ingest_cross_device,
    )


def limits_of(settings: Settings) -> Limits:
    """The limits of one file, as set."""
    return Limits(
        file_bytes=int(settings.limits_file_mb * 1_000_000),
        idle_seconds=settings.limits_idle_seconds,
        seconds=settings.limits_seconds,
        cpu_seconds=settings.limits_cpu_seconds,
        memory_bytes=settings.limits_memory_mb << 20,
        characters=settings.limits_characters,
    )


def reading_options(settings: Settings, paths: Iterable[str], *, only_detect: bool = False) -> ReadingOptions:
    """How the files at `paths` are read, as set, and with the plug-ins that are there for them."""
    return ReadingOptions(
        ocr=settings.ingest_ocr,
        only_detect=only_detect,
        plugins=plugged_suffixes(paths),
        secrets=settings.ingest_secrets,
        pii=settings.ingest_pii,
    )


def redaction_key(store: Store) -> str:
    """What placeholders are made with: the index's own, or a new one."""
    manifest = _manifest_of_old(store)
    return (manifest.redaction_key if manifest else "") or token_hex(16)


def _manifest_of_old(store: Store) -> Manifest | None:
    """What a rebuild takes over unless told otherwise: model and chunker of the index before, if that can be read."""
    try:
        return store.manifest()
    except IndexUnusable:
        return None


def known_files(workspace: Workspace) -> list[SourceFile]:
    """What the index remembers of the sources of its documents and copies, ordered by path within pages of documents. Raises
    IndexNotFound, IndexIncompatible, IndexDamaged or IndexLocked."""
    with closing(store_of(workspace).catalog()) as catalog:
        return [source for entry in every(catalog.page) for source in (entry.source, *entry.copies)]


def known_roots(workspace: Workspace) -> list[str]:
    """The files and folders that were ingested, as the index stores their paths, sorted. Raises as `known_files`."""
    with closing(store_of(workspace).catalog()) as catalog:
        return list(catalog.roots())


def _known_roots(workspace: Workspace, *, damaged: bool = False) -> list[Path]:
    roots = store_of(workspace).roots(damaged=damaged)
    if not roots and damaged and workspace.index_directory.exists():
        raise UsageError("the index does not say what it was made from", hint="rag ingest --rebuild PATH")
    if not roots:
        raise UsageError("nothing to ingest", hint="rag ingest PATH")
    return [workspace.project / root for root in roots]


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/") or (root == "." and not path.startswith("/"))


def chunker_for(settings: Settings, embedder: Embedder, manifest: Manifest | None) -> Chunker:
    """The index's own chunker, or the one asked for. Raises UsageError when the model cannot read its chunks whole."""
    from ragcli.chunking import get_chunker

    own = manifest.chunker if manifest else {}
    strategy = settings.chunking_strategy or str(own.get("strategy", "structure"))
    limit = settings.chunking_max_tokens or int(own.get("max_tokens", 200))
    if strategy == "document" and settings.chunking_max_tokens:
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
