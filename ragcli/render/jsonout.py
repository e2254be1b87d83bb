"""Reports → JSON documents. Fields may be added to a schema; a renamed or removed one needs a new number."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import DocumentRecord
from ragcli.text.dating import date_of

if TYPE_CHECKING:
    from ragcli.app.calibration import Calibration
    from ragcli.datatypes import Span
    from ragcli.errors import RagError
    from ragcli.measurements import (
        CompareReport,
        Diagnosis,
        EvalReport,
        Problem,
        QuestionScore,
        TuneReport,
    )
    from ragcli.results import Answer, Citation, Hit, Prompt, QueryResult, Understood

Shown = Callable[[DocumentRecord], str]


def dumps(document: Mapping[str, Any]) -> str:
    """One line of ASCII, so that nothing in it can act on a terminal."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False)


def span_fields(span: Span) -> dict[str, Any]:
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


def hit(entry: Hit, shown: Shown) -> dict[str, Any]:
    passage = entry.passage
    return {
        "rank": entry.rank,
        "score": round(entry.score, 6),
        "path": shown(passage.document),
        "title": passage.document.title,
        "type": passage.document.type,
        "date": date_field(passage.document),
        "metadata": {key: value for key, value in passage.document.metadata.items() if key != "headings"},
        **span_fields(passage.span),
        "headings": list(passage.headings),
        "text": passage.text,
        "chunk_ids": list(passage.chunk_ids),
        "also_at": [{"path": shown(place.document), **span_fields(place.span)} for place in entry.also_at],
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


def understood(entry: Understood, question: str) -> dict[str, Any]:
    """How a question was read: the text that was searched, its repaired words, its language, and the languages of what was
    found where the search cannot bridge the two."""
    return {
        "searched_as": entry.text or question,
        "repaired": [{"word": word, "read_as": read} for word, read in entry.repaired],
        "language": entry.language or None,
        "language_gap": list(entry.documents) or None,
    }


def query(result: QueryResult, shown: Shown) -> dict[str, Any]:
    return {
        "schema": "rag.query/1",
        "question": result.question,
        "understood": understood(result.understood, result.question),
        "mode": result.mode,
        "hits": [hit(entry, shown) for entry in result.hits],
        "notes": list(result.notes),
        "timings": _rounded(result.timings),
    }


def citation(entry: Citation, shown: Shown) -> dict[str, Any]:
    return {
        "marker": entry.marker,
        "path": shown(entry.document),
        "date": date_field(entry.document),
        **span_fields(entry.span),
        "headings": list(entry.headings),
        "quote": entry.quote,
        "status": entry.status,
        "score": entry.score,
        "problems": list(entry.problems),
        "flags": list(entry.flags),
        "judgement": dataclasses.asdict(entry.judgement) if entry.judgement else None,
        "hit": entry.hit_rank,
    }


def ask(answer: Answer, shown: Shown) -> dict[str, Any]:
    return {
        "schema": "rag.ask/1",
        "question": answer.question,
        "understood": understood(answer.understood, answer.question),
        "answer": answer.text if answer.answered else None,
        "answered": answer.answered,
        "outcome": answer.outcome,
        "closest": {"text": answer.closest.sentence.read, "citation": citation(answer.closest.citation, shown)}
        if answer.closest
        else None,
        "sentences": [
            {"text": s.text, "citations": list(s.markers), "row": [list(pair) for pair in s.row] or None}
            for s in answer.sentences
        ],
        "fields": {
            s.field: {"value": s.value, "citations": list(s.markers) or None} for s in answer.sentences if s.field
        },
        "mode": answer.mode,
        "model": answer.model,
        "confidence": answer.confidence,
        "citations": [citation(entry, shown) for entry in answer.citations],
        "disputes": [
            {
                "marker": entry.marker,
                "other": entry.other,
                "path": shown(entry.document),
                "date": date_field(entry.document),
                "older": entry.older,
                **span_fields(entry.span),
                "headings": list(entry.headings),
                "quote": entry.quote,
            }
            for entry in answer.disputes
        ],
        "hits": [hit(entry, shown) for entry in answer.hits],
        "dropped": answer.dropped,
        "stopped": answer.stopped,
        "stale": [{"path": entry.path, "kind": entry.kind} for entry in answer.stale],
        "usage": dataclasses.asdict(answer.usage) if answer.usage else None,
        "notes": list(answer.notes),
        "timings": _rounded(answer.timings),
    }


def prompt(question: str, made: Prompt, shown: Shown) -> dict[str, Any]:
    return {
        "schema": "rag.prompt/1",
        "question": question,
        "system": made.system,
        "user": made.user,
        "sources": [
            {
                "number": source.number,
                "rank": source.hit.rank,
                "path": shown(source.hit.passage.document),
                **span_fields(source.hit.passage.span),
                "headings": list(source.hit.passage.headings),
                "text": source.text,
            }
            for source in made.sources
        ],
    }


def evaluation(report: EvalReport, *, timing: bool = True) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema": "rag.eval/1",
        "metrics": _six(report.metrics),
        "intervals": {name: [round(low, 6), round(high, 6)] for name, (low, high) in report.intervals.items()},
        "questions": report.questions,
        "judged": report.judged,
        "answered": report.answered,
        "outcomes": report.outcomes,
        "abstained": report.abstained,
        "unresolved": list(report.unresolved),
        "slices": {tag: _six(metrics) for tag, metrics in report.slices.items()},
        "risk_coverage": [[round(coverage, 6), round(risk, 6)] for coverage, risk in report.risk_coverage],
        "reliability": [{name: round(n, 6) for name, n in dataclasses.asdict(b).items()} for b in report.reliability],
        "gate": {
            "passed": report.passed,
            "thresholds": [
                {"metric": g.metric, g.kind: g.minimum, "value": g.value, "passed": g.passed, "reason": g.reason}
                for g in report.gate
            ],
            "baseline": [dataclasses.asdict(comparison) for comparison in report.comparisons],
            "remarks": list(report.remarks),
        },
        "stages": [{"stage": s.name, "metrics": _six(s.metrics), "delta": s.delta, "p": s.p} for s in report.stages],
        "fingerprint": report.fingerprint,
        "config": dict(report.config),
        "per_question": [_question(score, timing=timing) for score in report.per_question],
    }
    if timing:
        document["latency"] = {
            stage: {"p50_ms": round(p50, 3), "p95_ms": round(p95, 3)} for stage, (p50, p95) in report.latency.items()
        }
    return document


def _question(score: QuestionScore, *, timing: bool) -> dict[str, Any]:
    return {
        "id": score.id,
        "question": score.question,
        "answerable": score.answerable,
        "answered": score.answered,
        "confidence": score.confidence,
        "contains": score.contains,
        "metrics": _six(score.metrics),
        "expected": list(score.expected),
        "found": list(score.found),
        "answer": score.answer,
        "tags": list(score.tags),
        "line": score.line,
        "vanished": list(score.vanished),
        "why": list(score.why),
        "judgement": dataclasses.asdict(score.judgement) if score.judgement else None,
        **({"ms": round(score.milliseconds, 3)} if timing else {}),
    }


def _six(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in metrics.items()}


def diagnosis(found: Diagnosis) -> dict[str, Any]:
    return {
        "schema": "rag.why/1",
        "question": found.question,
        "path": found.path,
        "quote": found.quote,
        "found": found.found,
        "verdict": found.verdict,
        "stages": [{"stage": f.stage, "state": f.state, "text": f.text} for f in found.findings],
    }


def tuning(report: TuneReport) -> dict[str, Any]:
    return {"schema": "rag.tune/1", **dataclasses.asdict(report)}


def calibration(found: Calibration) -> dict[str, Any]:
    return {"schema": "rag.calibrate/1", **dataclasses.asdict(found)}


def comparison(report: CompareReport) -> dict[str, Any]:
    return {
        "schema": "rag.compare/1",
        "names": list(report.names),
        "metrics": [_six(other.metrics) for other in report.reports],
        "comparisons": [dataclasses.asdict(entry) for entry in report.comparisons],
    }


def lint(gold: str, problems: Sequence[Problem]) -> dict[str, Any]:
    return {
        "schema": "rag.gold.lint/1",
        "gold": gold,
        "problems": [dataclasses.asdict(problem) for problem in problems],
    }


def error(problem: RagError) -> dict[str, Any]:
    return {"schema": "rag.error/1", "error": problem.message, "hint": problem.hint, "exit": problem.exit_code}


def _rounded(timings: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(milliseconds, 2) for stage, milliseconds in timings.items()}
