"""Reports about documents → JSON documents; see `ragcli.render.jsonout`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ragcli.render.jsonout import span_fields

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Document
    from ragcli.reports import Failure, IndexStats, IngestReport, Listed, Planned


def ingest(report: IngestReport) -> dict[str, Any]:
    return {
        "schema": "rag.ingest/1",
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "missing": report.missing,
        "failed": _failures(report.failed),
        "skipped": dict(report.skipped),
        "chunks_added": report.chunks_added,
        "chunks_embedded": report.chunks_embedded,
        "documents": report.documents,
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
        "interrupted": report.interrupted,
        "warnings": list(report.warnings),
        "copies": report.copies,
        "partial": _failures(report.partial),
    }


def plan(planned: Sequence[Planned]) -> dict[str, Any]:
    return {"schema": "rag.plan/1", "files": [dataclasses.asdict(entry) for entry in planned]}


def documents(entries: Sequence[Listed]) -> dict[str, Any]:
    listed = [{**dataclasses.asdict(entry), "metadata": dict(entry.metadata)} for entry in entries]
    return {"schema": "rag.ls/1", "documents": listed}


def chunks(document: Document, pieces: Sequence[Chunk]) -> dict[str, Any]:
    return {
        "schema": "rag.chunks/1",
        "path": document.path,
        "type": document.type,
        "title": document.title,
        "metadata": dict(document.metadata),
        "partial": document.partial,
        "chunks": [
            {
                "ordinal": chunk.ordinal,
                **span_fields(chunk.span),
                "tokens": chunk.tokens,
                "headings": list(chunk.headings),
                "header": chunk.header,
                "text": chunk.text,
            }
            for chunk in pieces
        ],
    }


def _failures(failures: Sequence[Failure]) -> list[dict[str, str]]:
    return [{"path": failure.path, "reason": failure.reason} for failure in failures]


def stats(report: IndexStats) -> dict[str, Any]:
    return {
        "schema": "rag.stats/1",
        "index": report.path,
        "documents": report.documents,
        "chunks": report.chunks,
        "types": dict(report.types),
        "disk": {**report.disk, "total": sum(report.disk.values())},
        "embedder": dict(report.embedder),
        "chunker": dict(report.chunker),
        "analyzer": report.analyzer,
        "format": report.format,
        "generation": report.generation,
        "created": report.created,
        "updated": report.updated,
        "truncated_chunks": report.truncated_chunks,
        "failed": _failures(report.failed),
        "freshness": dict(report.freshness),
        "chroma": dict(report.chroma),
        "sentences": report.sentences,
        "fingerprint": report.fingerprint,
        "threshold": report.threshold,
        "partial": _failures(report.partial),
        "copies": report.copies,
    }
