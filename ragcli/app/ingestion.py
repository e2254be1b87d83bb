"""Putting an ingest together: which files or records, which of them are gone, and the parts that take them in."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import Item, SourceFile
from ragcli.errors import IndexUnusable, UsageError
from ragcli.index.manifest import Manifest
from ragcli.index.writer import open_writer, upgrade_format
from ragcli.ingest import Ingest, Progress, file_items
from ragcli.loaders import load_bytes
from ragcli.reports import IngestReport
from ragcli.scanning import Found, Skipped, scan, stored_path
from ragcli.text.language import detect_language

if TYPE_CHECKING:
    from ragcli.app.core import App


def ingest_paths(
    app: App, paths: Sequence[Path], *, prune: bool, rebuild: bool, on_progress: Callable[[Progress], None]
) -> IngestReport:
    """See `App.ingest`."""
    roots = [Path(os.path.abspath(app.directory / path)) for path in paths] or _known_roots(app)
    for root in roots:
        if not root.exists() and not prune:
            raise UsageError(
                f"no such file or folder: {root}", hint="check the path, or drop its documents with --prune"
            )
    entries: dict[str, Found | Skipped] = {}
    for root in roots:
        for entry in scan(root, app.project, app.index_directory):
            entries[entry.source.path if isinstance(entry, Found) else entry.path] = entry
    found = [entry for entry in entries.values() if isinstance(entry, Found)]
    skipped = [entry for entry in entries.values() if isinstance(entry, Skipped)]
    covered = [stored_path(root, app.project) for root in roots]
    unseen = [entry.path for entry in skipped if entry.reason.startswith("cannot")]  # not gone, only out of sight
    return ingest_items(
        app,
        list(file_items(found, load_bytes)),
        skipped,
        covers=lambda source: (
            source.is_file
            and any(_below(source.path, root) for root in covered)
            and not any(_below(source.path, path) for path in unseen)
        ),
        prune=prune,
        rebuild=rebuild,
        on_progress=on_progress,
    )


def ingest_items(
    app: App,
    items: Sequence[Item],
    skipped: Sequence[Skipped],
    *,
    covers: Callable[[SourceFile], bool],
    prune: bool,
    rebuild: bool,
    on_progress: Callable[[Progress], None],
) -> IngestReport:
    """Ingest `items`. What the index holds, `covers` says is meant, and is not among them, counts as gone.

    Model and chunker are those of the index, also when it is rebuilt, unless the settings name others.
    """
    manifest = _manifest_of_old(app) if rebuild else app.existing_manifest()
    embedder = app.embedder_for(manifest)
    chunker = app.chunker_for(embedder, manifest)
    with open_writer(
        app.index_directory,
        embedder=embedder.identity,
        chunker=chunker.parameters,
        model_source=app.model_source(manifest),
        sentences={"on": True, "off": False}.get(app.settings.embedding_sentences),
        rebuild=rebuild,
        exact_limit=app.settings.retrieval_exact_limit,
    ) as writer:
        present = {item.source.document_id for item in items}
        known = [*writer.files().values(), *(source for source, _ in writer.failed_files().values())]
        gone = sorted({source.document_id for source in known if source.document_id not in present and covers(source)})
        return Ingest(writer, chunker, embedder, detect_language, on_progress=on_progress).run(
            items, skipped, gone=gone, prune=prune
        )


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
