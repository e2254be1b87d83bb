"""What `rag stats` tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.index.pages import every
from ragcli.reports import IndexStats
from ragcli.sources.changes import state_of

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.workspace import Workspace


def index_stats(workspace: Workspace, catalog: Catalog, threshold: Callable[[], float]) -> IndexStats:
    """The state of the index, read in one snapshot, and of the files behind it, which are looked at outside of it.
    `threshold` gives the confidence from which on questions are answered."""
    with catalog.snapshot():
        manifest = catalog.manifest
        counts = catalog.counts(int(manifest.embedder.get("max_tokens", 2**31)))
        stats = IndexStats(
            path=str(workspace.index_directory),
            documents=counts.documents,
            chunks=counts.chunks,
            types=catalog.type_counts(),
            disk=catalog.disk_usage(),
            embedder=manifest.embedder,
            chunker=manifest.chunker,
            analyzer=manifest.analyzer,
            format=catalog.format,
            generation=manifest.generation,
            created=manifest.created,
            updated=manifest.updated,
            truncated_chunks=counts.truncated,
            failed=tuple(catalog.failures()),
            partial=tuple(catalog.partly_read()),
            copies=counts.copies,
            redacted=catalog.redacted(),
            freshness={},
            chroma=manifest.chroma,
            engine=catalog.engine_state(workspace.settings.retrieval_engine),
            sentences=manifest.sentences,
            fingerprint=catalog.fingerprint(),
            threshold=threshold(),
        )
    return stats if workspace.packed else replace(stats, freshness=_freshness(catalog, workspace.project))


def _freshness(catalog: Catalog, project: Path) -> Mapping[str, int]:
    """Files by what became of them since they were ingested: unchanged, changed or gone."""
    counts = {"unchanged": 0, "changed": 0, "gone": 0}
    for file in every(catalog.files):
        if file.is_file:
            counts[state_of(file, project)] += 1
    return counts
