"""Results → the JSON documents that `ragcli.schemas` declares; see there when a schema needs a new version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ragcli.datatypes import DocumentRecord
from ragcli.text.dating import date_of

if TYPE_CHECKING:
    from ragcli.datatypes import Span
    from ragcli.drafts import Usage
    from ragcli.errors import RagError
    from ragcli.prompts import Prompt
    from ragcli.results import Answer, Citation, Closest, Dispute, Hit, Judgement, QueryResult, Understood
    from ragcli.schemas import fields, program, search

Shown = Callable[[DocumentRecord], str]


def dumps(document: Mapping[str, object]) -> str:
    """One line of ASCII, so that nothing in it can act on a terminal."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False)


def span_fields(span: Span) -> fields.Place:
    return {
        "page": span.page_start,
        "page_end": span.page_end,
        "line_start": span.line_start,
        "line_end": span.line_end,
        "start": span.start,
        "end": span.end,
    }


def date_field(document: DocumentRecord) -> str | None:
    """The date of a document as far as it is known: `2024`, `2024-03` or `2024-03-15`."""
    dated = date_of(document)
    return dated.date.iso if dated else None


def hit(entry: Hit, shown: Shown) -> search.Hit:
    passage = entry.passage
    return {
        "rank": entry.rank,
        "score": round(entry.score, 6),
        "document_id": passage.document.own_id,
        "collection": entry.collection or None,
        "path": shown(passage.document),
        "title": passage.document.title,
        "type": passage.document.type,
        "date": date_field(passage.document),
        "metadata": {key: value for key, value in passage.document.metadata.items() if key != "headings"},
        **span_fields(passage.span),
        "headings": list(passage.headings),
        "text": passage.text,
        "chunk_ids": [chunk_id.rpartition("/")[2] for chunk_id in passage.chunk_ids],
        "also_at": [
            {
                "path": shown(place.document),
                "collection": place.document.collection or None,
                **span_fields(place.span),
            }
            for place in entry.also_at
        ],
        "trace": {
            "fusion": entry.trace.fusion,
            "total": entry.trace.total,
            "legs": [
                {
                    "leg": leg.leg,
                    "rank": leg.rank,
                    "score": leg.score,
                    "normalised": leg.normalised,
                    "weight": leg.weight,
                    "contribution": leg.contribution,
                    "parts": dict(leg.parts),
                }
                for leg in entry.trace.legs
            ],
        },
    }


def understood(entry: Understood, question: str) -> search.Understanding:
    return {
        "searched_as": entry.text or question,
        "repaired": [{"word": word, "read_as": read} for word, read in entry.repaired],
        "language": entry.language or None,
        "language_gap": list(entry.documents) or None,
    }


def query(result: QueryResult, shown: Shown) -> search.QueryDocument:
    return {
        "schema": "rag.query/1",
        "question": result.question,
        "understood": understood(result.understood, result.question),
        "mode": result.mode,
        "hits": [hit(entry, shown) for entry in result.hits],
        "notes": list(result.notes),
        "timings": _rounded(result.timings),
    }


def citation(entry: Citation, shown: Shown) -> search.Citation:
    return {
        "marker": entry.marker,
        "document_id": entry.document.own_id,
        "collection": entry.collection or None,
        "path": shown(entry.document),
        "date": date_field(entry.document),
        **span_fields(entry.span),
        "headings": list(entry.headings),
        "quote": entry.quote,
        "status": entry.status,
        "score": entry.score,
        "problems": list(entry.problems),
        "flags": list(entry.flags),
        "judgement": _judgement(entry.judgement),
        "hit": entry.hit_rank,
    }


def _judgement(entry: Judgement | None) -> search.Judgement | None:
    if entry is None:
        return None
    return {
        "model": entry.model,
        "entailment": entry.entailment,
        "contradiction": entry.contradiction,
        "decided": entry.decided,
    }


def ask(answer: Answer, shown: Shown) -> search.AskDocument:
    return {
        "schema": "rag.ask/1",
        "question": answer.question,
        "understood": understood(answer.understood, answer.question),
        "answer": answer.text if answer.answered else None,
        "answered": answer.answered,
        "outcome": answer.outcome,
        "closest": _closest(answer.closest, shown) if answer.closest else None,
        "sentences": [
            {"text": s.text, "citations": list(s.markers), "row": list(s.row) or None} for s in answer.sentences
        ],
        "fields": {
            s.field: {"value": s.value, "citations": list(s.markers) or None} for s in answer.sentences if s.field
        },
        "mode": answer.mode,
        "model": answer.model,
        "confidence": answer.confidence,
        "citations": [citation(entry, shown) for entry in answer.citations],
        "disputes": [_dispute(entry, shown) for entry in answer.disputes],
        "hits": [hit(entry, shown) for entry in answer.hits],
        "dropped": answer.dropped,
        "stopped": answer.stopped,
        "stale": [
            {"path": entry.path, "collection": entry.collection or None, "kind": entry.kind} for entry in answer.stale
        ],
        "usage": _usage(answer.usage) if answer.usage else None,
        "notes": list(answer.notes),
        "timings": _rounded(answer.timings),
    }


def _closest(entry: Closest, shown: Shown) -> search.Closest:
    return {"text": entry.sentence.read, "citation": citation(entry.citation, shown)}


def _dispute(entry: Dispute, shown: Shown) -> search.Dispute:
    return {
        "marker": entry.marker,
        "other": entry.other,
        "collection": entry.document.collection or None,
        "path": shown(entry.document),
        "date": date_field(entry.document),
        "older": entry.older,
        **span_fields(entry.span),
        "headings": list(entry.headings),
        "quote": entry.quote,
    }


def _usage(entry: Usage) -> search.Usage:
    return {
        "prompt_tokens": entry.prompt_tokens,
        "reused_tokens": entry.reused_tokens,
        "answer_tokens": entry.answer_tokens,
        "first_token_ms": entry.first_token_ms,
        "total_ms": entry.total_ms,
        "load_ms": entry.load_ms,
        "cost": entry.cost,
    }


def prompt(question: str, made: Prompt, shown: Shown) -> search.PromptDocument:
    return {
        "schema": "rag.prompt/1",
        "question": question,
        "system": made.system,
        "user": made.user,
        "sources": [
            {
                "number": source.number,
                "rank": source.hit.rank,
                "collection": source.hit.collection or None,
                "path": shown(source.hit.passage.document),
                **span_fields(source.hit.passage.span),
                "headings": list(source.hit.passage.headings),
                "text": source.text,
            }
            for source in made.sources
        ],
    }


def error(problem: RagError) -> program.ErrorDocument:
    return {"schema": "rag.error/1", "error": problem.message, "hint": problem.hint, "exit": problem.exit_code}


def _rounded(timings: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(milliseconds, 2) for stage, milliseconds in timings.items()}
