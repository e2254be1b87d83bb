"""What `rag stats` tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ragcli.reports import IndexStats
from ragcli.sources.scanning import real_path

if TYPE_CHECKING:
    from ragcli.app.core import App


def index_stats(app: App) -> IndexStats:
    """The state of the index, read in one snapshot, and of the files behind it."""
    reader = app.catalog
    with reader.snapshot():
        manifest = reader.manifest
        documents, chunks, over = reader.counts(int(manifest.embedder.get("max_tokens", 2**31)))
        return IndexStats(
            path=str(app.index_directory),
            documents=documents,
            chunks=chunks,
            types=reader.type_counts(),
            disk=reader.disk_usage(),
            embedder=manifest.embedder,
            chunker=manifest.chunker,
            analyzer=manifest.analyzer,
            format=reader.format,
            generation=manifest.generation,
            created=manifest.created,
            updated=manifest.updated,
            truncated_chunks=over,
            failed=tuple(reader.failures()),
            partial=tuple(reader.partly_read()),
            copies=len(reader.files()) - documents,
            redacted=reader.redacted(),
            freshness=_freshness(app),
            chroma=manifest.chroma,
            engine=reader.engine_state(app.settings.retrieval_engine),
            sentences=manifest.sentences,
            fingerprint=reader.fingerprint(),
            threshold=app.answer_threshold,
        )


def _freshness(app: App) -> Mapping[str, int]:
    """Files by what became of them since they were ingested: unchanged, changed or gone."""
    counts = {"unchanged": 0, "changed": 0, "gone": 0}
    for file in app.catalog.files():
        if not file.is_file:
            continue
        try:
            status = real_path(file.path, app.project).stat()
            same = (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
            counts["unchanged" if same else "changed"] += 1
        except OSError:
            counts["gone"] += 1
    return counts
