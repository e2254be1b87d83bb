"""Reports about documents, the index and settings → JSON documents; see `ragcli.render.jsonout`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragcli.render.jsonout import span_fields

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Document
    from ragcli.reports import (
        EngineState,
        Failure,
        Forgotten,
        ForgottenSource,
        Gaps,
        IndexStats,
        IngestReport,
        Listed,
        Planned,
        ScanReport,
    )
    from ragcli.schemas import fields, library, program


def ingest(report: IngestReport) -> library.IngestDocument:
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
        "redacted": dict(report.redacted),
    }


def scan(report: ScanReport) -> library.ScanDocument:
    return {
        "schema": "rag.scan/1",
        "files": report.files,
        "counts": dict(sorted(Counter(entry.kind for entry in report.found).items())),
        "found": [
            {"path": entry.path, "kind": entry.kind, "line": entry.line, "page": entry.page, "place": entry.place}
            for entry in report.found
        ],
        "failed": _failures(report.failed),
    }


def plan(planned: Sequence[Planned]) -> library.PlanDocument:
    return {
        "schema": "rag.plan/1",
        "files": [{"path": entry.path, "action": entry.action, "detail": entry.detail} for entry in planned],
    }


def documents(entries: Sequence[Listed]) -> library.LsDocument:
    return {
        "schema": "rag.ls/1",
        "documents": [
            {
                "path": entry.path,
                "state": entry.state,
                "type": entry.type,
                "title": entry.title,
                "chunks": entry.chunks,
                "metadata": dict(entry.metadata),
                "reason": entry.reason,
            }
            for entry in entries
        ],
    }


def removed(paths: Sequence[str]) -> library.RmDocument:
    return {"schema": "rag.rm/1", "removed": list(paths), "count": len(paths)}


def forgotten(report: Forgotten, index: str, *, names: bool) -> library.ForgetDocument:
    """The receipt; paths of what was forgotten only with `names`."""
    return {
        "schema": "rag.forget/1",
        "index": index,
        "dry_run": report.dry_run,
        "completed": report.completed,
        "sources": [_forgotten_source(source, names=names) for source in report.sources],
        "files_kept": report.files_kept,
        "cleared": dict(report.cleared),
        "searched": dict(report.searched),
        "found": [{"file": file, "kind": kind, "count": count} for file, kind, count in report.found],
        "warnings": list(report.warnings),
    }


def _forgotten_source(source: ForgottenSource, *, names: bool) -> library.ForgottenSource:
    document: library.ForgottenSource = {
        "document_id": source.document_id,
        "kind": source.kind,
        "content_hash": source.content_hash,
        "chunks": source.chunks,
    }
    if names:
        document["path"] = source.path
    return document


def chunks(document: Document, pieces: Sequence[Chunk]) -> library.ChunksDocument:
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


def _failures(failures: Sequence[Failure]) -> list[fields.Unread]:
    return [{"path": failure.path, "reason": failure.reason} for failure in failures]


def gaps(report: Gaps) -> library.GapsDocument:
    return {
        "schema": "rag.gaps/1",
        "since": report.since,
        "asked": report.asked,
        "declined": report.declined,
        "questions": [{"question": question, "count": count} for question, count in report.questions],
        "documents": list(report.documents),
        "never_found": report.never,
    }


def stats(report: IndexStats) -> library.StatsDocument:
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
        "redacted": dict(report.redacted),
        "engine": _engine(report.engine),
    }


def check(problems: Sequence[str], engine: EngineState) -> library.DoctorDocument:
    return {"schema": "rag.doctor/1", "sound": not problems, "problems": list(problems), "engine": _engine(engine)}


def _engine(state: EngineState) -> library.Engine:
    return {"setting": state.setting, "answers": state.answers, "copy": state.copy}


def settings(rows: Sequence[tuple[str, object, str]]) -> program.ConfigDocument:
    """Of each row (name, value, source)."""
    return {
        "schema": "rag.config/1",
        "settings": {key: {"value": value, "source": source} for key, value, source in rows},
    }
