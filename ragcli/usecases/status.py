"""What `rag stats` tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.reports import IndexStats
from ragcli.sources.scanning import real_path

if TYPE_CHECKING:
    from ragcli.index.contents import CatalogReader
    from ragcli.workspace import Workspace


def index_stats(workspace: Workspace, catalog: CatalogReader, threshold: Callable[[], float]) -> IndexStats:
    """The state of the index, read in one snapshot, and of the files behind it. `threshold` gives the confidence from which on
    questions are answered."""
    with catalog.snapshot():
        manifest = catalog.manifest
        documents, chunks, over = catalog.counts(int(manifest.embedder.get("max_tokens", 2**31)))
        return IndexStats(
            path=str(workspace.index_directory),
            documents=documents,
            chunks=chunks,
            types=catalog.type_counts(),
            disk=catalog.disk_usage(),
            embedder=manifest.embedder,
            chunker=manifest.chunker,
            analyzer=manifest.analyzer,
            format=catalog.format,
            generation=manifest.generation,
            created=manifest.created,
            updated=manifest.updated,
            truncated_chunks=over,
            failed=tuple(catalog.failures()),
            partial=tuple(catalog.partly_read()),
            copies=len(catalog.files()) - documents,
            freshness=_freshness(catalog, workspace.project),
            chroma=manifest.chroma,
            engine=catalog.engine_state(workspace.settings.retrieval_engine),
            sentences=manifest.sentences,
            fingerprint=catalog.fingerprint(),
            threshold=threshold(),
        )


def _freshness(catalog: CatalogReader, project: Path) -> Mapping[str, int]:
    """Files by what became of them since they were ingested: unchanged, changed or gone."""
    counts = {"unchanged": 0, "changed": 0, "gone": 0}
    for file in catalog.files():
        if not file.is_file:
            continue
        try:
            status = real_path(file.path, project).stat()
            same = (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
            counts["unchanged" if same else "changed"] += 1
        except OSError:
            counts["gone"] += 1
    return counts
