"""What commands return: data that `render` turns into text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not indexed and the reason. `skipped`: it was no document, which is no fault."""

    path: str
    reason: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. `skipped` counts files that were not documents, by reason."""

    added: int
    updated: int
    unchanged: int
    removed: int
    missing: int
    failed: tuple[Failure, ...]
    skipped: Mapping[str, int]
    chunks_added: int
    chunks_embedded: int
    documents: int
    chunks: int
    seconds: float
    interrupted: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexStats:
    """The state of an index.

    `threshold` is the confidence below which answers abstain, `disk` maps each part to bytes, `freshness` counts files that
    changed or vanished since.
    """

    path: str
    documents: int
    chunks: int
    types: Mapping[str, int]
    disk: Mapping[str, int]
    embedder: Mapping[str, object]
    chunker: Mapping[str, object]
    analyzer: str
    format: int
    generation: int
    created: str
    updated: str
    truncated_chunks: int
    failed: tuple[Failure, ...]
    freshness: Mapping[str, int]
    chroma: Mapping[str, object]
    sentences: bool
    fingerprint: str
    threshold: float
