"""Results → the JSON documents of `rag serve`; see `ragcli.render.jsonout`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from ragcli.render.jsonout import Shown, citation, date_field, hit, span_fields

if TYPE_CHECKING:
    from typing import Literal

    from ragcli.datatypes import DocumentRecord
    from ragcli.reports import Durations, Job, ServerStats
    from ragcli.results import Citation, Hit, Passage, Sentence
    from ragcli.schemas import library, serving


def _document(record: DocumentRecord) -> serving.DocumentFacts:
    return {
        "id": record.document_id,
        "path": record.path,
        "title": record.title,
        "type": record.type,
        "date": date_field(record),
        "language": record.language,
        "pages": len(record.page_starts) or None,
        "chunks": record.chunks,
        "metadata": {key: value for key, value in record.metadata.items() if key != "headings"},
        "partial": record.partial,
        "copies": list(record.copies),
    }


def documents(records: Sequence[DocumentRecord], total: int, next_cursor: str | None) -> serving.DocumentsDocument:
    return {
        "schema": "rag.documents/1",
        "documents": [_document(record) for record in records],
        "total": total,
        "next_cursor": next_cursor,
    }


def document(record: DocumentRecord) -> serving.DocumentDocument:
    return {"schema": "rag.document/1", "document": _document(record)}


def text(part: Passage, following: int | None) -> serving.TextDocument:
    return {
        "schema": "rag.text/1",
        "id": part.document.document_id,
        "path": part.document.path,
        "title": part.document.title,
        "headings": list(part.headings),
        "text": part.text,
        **span_fields(part.span),
        "next": following,
    }


def queries(results: Sequence[serving.BatchReply]) -> serving.QueriesDocument:
    return {"schema": "rag.queries/1", "results": list(results)}


def job(entry: Job, *, whole: bool) -> serving.JobDocument:
    """`whole` says whether it is told to somebody who sees all of the index."""
    return {
        "schema": "rag.job/1",
        "id": entry.id,
        "kind": entry.kind,
        "state": entry.state,
        "by": entry.by,
        "files": list(entry.files),
        "created": entry.created,
        "began": entry.began or None,
        "ended": entry.ended or None,
        "progress": {
            "done": entry.done,
            "of": entry.of,
            "chunks": entry.chunks if whole else None,
            "path": entry.path,
            "seconds_left": None if entry.left is None else round(entry.left, 1),
        },
        "refused": [{"path": each["path"], "reason": each["reason"]} for each in entry.refused],
        "report": cast("library.IngestDocument | None", entry.report) if whole else None,
        "problem": entry.problem,
        "hint": entry.hint,
    }


def jobs(entries: Sequence[Job], *, whole: bool) -> serving.JobsDocument:
    return {"schema": "rag.jobs/1", "jobs": [job(entry, whole=whole) for entry in entries]}


def server_stats(report: ServerStats) -> serving.ServerStatsDocument:
    return {
        "schema": "rag.server.stats/1",
        "uptime": round(report.uptime, 1),
        "statuses": dict(report.statuses),
        "outcomes": dict(report.outcomes),
        "waiting": report.waiting,
        "running": report.running,
        "routes": {name: _durations(times) for name, times in report.routes.items()},
        "stages": {name: _durations(times) for name, times in report.stages.items()},
    }


def _durations(times: Durations) -> serving.Durations:
    return {
        "count": times.count,
        "p50": round(times.p50, 2),
        "p90": round(times.p90, 2),
        "p99": round(times.p99, 2),
    }


def server_lines(document: serving.ServerStatsDocument) -> Iterator[str]:
    """The same as lines for a terminal."""
    statuses = ", ".join(f"{count:,} × {status}" for status, count in document["statuses"].items())
    yield f"up {document['uptime']:,.0f} s; requests: {statuses or 'none'}"
    if document["outcomes"]:
        yield "answers: " + ", ".join(f"{count:,} {outcome}" for outcome, count in document["outcomes"].items())
    yield f"{document['waiting']:,} waiting, {document['running']:,} running"
    groups = [*document["stages"].items()], [*document["routes"].items()]
    width = max((len(name) for group in groups for name, _ in group), default=0)
    for title, group in zip(("stage", "route"), groups, strict=True):
        if group:
            yield f"{title:<{width}}  {'times':>7}  {'p50 ms':>9}  {'p90 ms':>9}  {'p99 ms':>9}"
        for name, times in group:
            figures = "  ".join(f"{value:>9,.1f}" for value in (times["p50"], times["p90"], times["p99"]))
            yield f"{name:<{width}}  {times['count']:>7,}  {figures}"


def health(status: Literal["ok", "draining", "unusable"], detail: str) -> serving.HealthDocument:
    return {"schema": "rag.health/1", "status": status, "detail": detail}


def evidence(hits: Sequence[Hit], confidence: float, writing: bool, shown: Shown) -> serving.AskEvidenceDocument:
    return {
        "schema": "rag.ask.evidence/1",
        "confidence": confidence,
        "writing": writing,
        "hits": [hit(entry, shown) for entry in hits],
    }


def tail(written: str) -> serving.AskTailDocument:
    return {"schema": "rag.ask.tail/1", "text": written}


def sentence(index: int, entry: Sentence, new: Sequence[Citation], shown: Shown) -> serving.AskSentenceDocument:
    return {
        "schema": "rag.ask.sentence/1",
        "index": index,
        "lead": entry.lead,
        "text": entry.read,
        "citations": list(entry.markers),
        "new": [citation(each, shown) for each in new],
    }


def discarded(reason: str) -> serving.AskDiscardedDocument:
    return {"schema": "rag.ask.discarded/1", "reason": reason}
