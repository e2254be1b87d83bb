"""What `rag stats` tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ragcli.index.pages import every
from ragcli.reports import IndexStats
from ragcli.sources.changes import state_of

if TYPE_CHECKING:
    from ragcli.app.core import App


def index_stats(app: App) -> IndexStats:
    """The state of the index, read in one snapshot, and of the files behind it, which are looked at outside of it."""
    reader = app.catalog
    with reader.snapshot():
        manifest = reader.manifest
        counts = reader.counts(int(manifest.embedder.get("max_tokens", 2**31)))
        stats = IndexStats(
            path=str(app.index_directory),
            documents=counts.documents,
            chunks=counts.chunks,
            types=reader.type_counts(),
            disk=reader.disk_usage(),
            embedder=manifest.embedder,
            chunker=manifest.chunker,
            analyzer=manifest.analyzer,
            format=reader.format,
            generation=manifest.generation,
            created=manifest.created,
            updated=manifest.updated,
            truncated_chunks=counts.truncated,
            failed=tuple(reader.failures()),
            partial=tuple(reader.partly_read()),
            copies=counts.copies,
            freshness={},
            chroma=manifest.chroma,
            engine=reader.engine_state(app.settings.retrieval_engine),
            sentences=manifest.sentences,
            fingerprint=reader.fingerprint(),
            threshold=app.answer_threshold,
        )
    return replace(stats, freshness=_freshness(app))


def _freshness(app: App) -> Mapping[str, int]:
    """Files by what became of them since they were ingested: unchanged, changed or gone."""
    counts = {"unchanged": 0, "changed": 0, "gone": 0}
    for file in (file for entry in every(app.catalog.page) for file in (entry.source, *entry.copies)):
        if file.is_file:
            counts[state_of(file, app.project)] += 1
    return counts
