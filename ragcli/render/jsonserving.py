"""Results → the JSON documents of `rag serve`; see `ragcli.render.jsonout`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragcli.render.jsonout import Shown, citation, date_field, hit, span_fields

if TYPE_CHECKING:
    from typing import Literal

    from ragcli.datatypes import DocumentRecord
    from ragcli.results import Citation, Hit, Passage, Sentence
    from ragcli.schemas import serving


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
