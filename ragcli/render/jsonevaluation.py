"""Measurements → JSON documents; see `ragcli.render.jsonout`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.measurements import (
        CompareReport,
        Comparison,
        Diagnosis,
        EvalReport,
        GateResult,
        Judgement,
        Problem,
        QuestionScore,
        ReliabilityBin,
        TuneReport,
    )
    from ragcli.reports import Calibration
    from ragcli.schemas import evaluation as schemas


def evaluation(report: EvalReport, *, timing: bool = True) -> schemas.EvalDocument:
    """`timing`: with latencies, the only numbers that differ between runs."""
    document: schemas.EvalDocument = {
        "schema": "rag.eval/1",
        "metrics": _six(report.metrics),
        "intervals": {name: (round(low, 6), round(high, 6)) for name, (low, high) in report.intervals.items()},
        "questions": report.questions,
        "judged": report.judged,
        "answered": report.answered,
        "outcomes": report.outcomes,
        "abstained": report.abstained,
        "unresolved": list(report.unresolved),
        "slices": {tag: _six(metrics) for tag, metrics in report.slices.items()},
        "risk_coverage": [(round(coverage, 6), round(risk, 6)) for coverage, risk in report.risk_coverage],
        "reliability": [_bin(entry) for entry in report.reliability],
        "gate": {
            "passed": report.passed,
            "thresholds": [_threshold(result) for result in report.gate],
            "baseline": [_comparison(entry) for entry in report.comparisons],
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


def _bin(entry: ReliabilityBin) -> schemas.ReliabilityBin:
    return {
        "low": round(entry.low, 6),
        "high": round(entry.high, 6),
        "questions": entry.questions,
        "confidence": round(entry.confidence, 6),
        "right": round(entry.right, 6),
    }


def _threshold(result: GateResult) -> schemas.Threshold:
    bound: schemas.Bound = {"max": result.minimum} if result.kind == "max" else {"min": result.minimum}
    return {
        "metric": result.metric,
        **bound,
        "value": result.value,
        "passed": result.passed,
        "reason": result.reason,
    }


def _comparison(entry: Comparison) -> schemas.Comparison:
    return {
        "metric": entry.metric,
        "before": entry.before,
        "now": entry.now,
        "delta": entry.delta,
        "p": entry.p,
        "verdict": entry.verdict,
        "questions": entry.questions,
    }


def _question(score: QuestionScore, *, timing: bool) -> schemas.QuestionResult:
    timed: schemas.Timed = {"ms": round(score.milliseconds, 3)} if timing else {}
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
        "judgement": _judgement(score.judgement) if score.judgement else None,
        **timed,
    }


def _judgement(entry: Judgement) -> schemas.Judgement:
    return {
        "outcome": entry.outcome,
        "first": entry.first,
        "missing": [list(alternatives) for alternatives in entry.missing],
        "forbidden": list(entry.forbidden),
        "characters": entry.characters,
        "max_characters": entry.max_characters,
    }


def _six(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in metrics.items()}


def diagnosis(found: Diagnosis) -> schemas.WhyDocument:
    return {
        "schema": "rag.why/1",
        "question": found.question,
        "path": found.path,
        "quote": found.quote,
        "found": found.found,
        "verdict": found.verdict,
        "stages": [{"stage": f.stage, "state": f.state, "text": f.text} for f in found.findings],
    }


def tuning(report: TuneReport) -> schemas.TuneDocument:
    return {
        "schema": "rag.tune/1",
        "metric": report.metric,
        "questions": report.questions,
        "trials": [
            {
                "name": trial.name,
                "settings": dict(trial.settings),
                "chosen_on": trial.chosen_on,
                "judged_on": trial.judged_on,
            }
            for trial in report.trials
        ],
        "current": report.current,
        "best": report.best,
        "settings": dict(report.settings),
        "gain": report.gain,
        "p": report.p,
        "better": report.better,
    }


def calibration(found: Calibration) -> schemas.CalibrateDocument:
    return {
        "schema": "rag.calibrate/1",
        "threshold": found.threshold,
        "questions": found.questions,
        "answered_of_answerable": found.answered_of_answerable,
        "abstained_of_unanswerable": found.abstained_of_unanswerable,
        "auroc": found.auroc,
        "parts": found.parts,
        "fingerprint": found.fingerprint,
        "slope": found.slope,
        "intercept": found.intercept,
        "error_before": found.error_before,
        "error_after": found.error_after,
    }


def comparison(report: CompareReport) -> schemas.CompareDocument:
    return {
        "schema": "rag.compare/1",
        "names": list(report.names),
        "metrics": [_six(other.metrics) for other in report.reports],
        "comparisons": [_comparison(entry) for entry in report.comparisons],
    }


def lint(gold: str, problems: Sequence[Problem]) -> schemas.GoldLintDocument:
    return {
        "schema": "rag.gold.lint/1",
        "gold": gold,
        "problems": [{"line": entry.line, "kind": entry.kind, "text": entry.text} for entry in problems],
    }


def gold_added(row: schemas.GoldRow) -> schemas.GoldAddDocument:
    return {"schema": "rag.gold.add/1", "added": row}


def gold_proposed(rows: Sequence[schemas.GoldRow]) -> schemas.GoldNewDocument:
    return {"schema": "rag.gold.new/1", "proposed": list(rows)}
