"""An evaluation as one page without scripts from elsewhere: plots are inline SVG, colours follow the reader's scheme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ragcli.measurements import EvalReport, QuestionScore
from ragcli.render.outcomes import outcome_html, why_not_right
from ragcli.render.sanitize import one_line

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --dim: #66727f; --line: #d5dbe1; --back: #fff; --bar: #3b76b5; --bad: #c0392b;
  --good: #1e8449; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --dim: #98a4b0; --line: #37424d; --back: #14191f; --bar: #6ea8e0;
  --bad: #ff7b6b; --good: #58d68d; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; max-width: 1100px;
  padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); } .bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .dim { fill: var(--dim); } svg .bar { fill: var(--bar); } svg .axis { stroke: var(--line); }
svg .curve { fill: none; stroke: var(--bar); stroke-width: 2; }
.m { display: grid; grid-template-columns: 11em 1fr 3.2em; gap: .6em; align-items: center; font-size: .85rem; }
.m > span:first-child { text-align: right; overflow-wrap: anywhere; }
.m > span:last-child { font-variant-numeric: tabular-nums; }
.track { position: relative; height: 1.1em; margin: .15em 0; background: color-mix(in srgb, var(--line) 40%, transparent); }
.track i { display: block; height: 100%; background: var(--bar); border-radius: 2px; }
.track b { position: absolute; top: 50%; height: 0; border-top: 1.5px solid var(--ink); }
@media (max-width: 600px) { .m { grid-template-columns: 11em 1fr 3.2em; font-size: .75rem; } }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""


def html_page(report: EvalReport) -> str:
    """The whole page."""
    verdict = '<span class="good">passed</span>' if report.passed else '<span class="bad">failed</span>'
    config = ", ".join(f"{key} {_setting(value)}" for key, value in report.config.items() if value not in ("", None))
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>rag eval</title><style>{_STYLE}</style></head><body>",
        f"<h1>rag eval: {verdict}</h1>",
        f"<p>{report.questions:,} questions, {report.judged:,} with evidence; {report.answered:,} answered, "
        f"{report.abstained:,} abstained</p>",
        f'<p class="dim">{config}; index {_text(report.fingerprint)}</p>',
        *_gate(report),
        outcome_html(report),
        "<h2>Metrics, with 95 % intervals</h2>",
        _metric_bars(report),
        '<div class="plots">',
        _risk_coverage(report.risk_coverage),
        _latencies([score.milliseconds for score in report.per_question]) if report.latency else "",
        "</div>",
        _stage_table(report),
        "<h2>Questions, worst first</h2>",
        _question_table(report.per_question),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _text(value: object) -> str:
    return escape(one_line(str(value)))


def _setting(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(_text(part) for part in value.values())
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else _text(value)


def _gate(report: EvalReport) -> list[str]:
    lines = []
    for result in report.gate:
        value = "not measured" if result.value is None else f"{result.value:.4f}"
        kind = '<span class="good">pass</span>' if result.passed else '<span class="bad">fail</span>'
        lines.append(
            f"<p>{kind} {_text(result.metric)} {value}, {result.kind} {result.minimum:g} {_text(result.reason)}</p>"
        )
    for c in report.comparisons:
        if c.verdict != "within noise":
            style = "bad" if c.verdict == "regressed" else "good"
            lines.append(
                f'<p><span class="{style}">{c.verdict}</span> {_text(c.metric)} {c.before:.4f} → {c.now:.4f}</p>'
            )
    return lines + [f'<p class="dim">{_text(remark)}</p>' for remark in report.remarks]


def _metric_bars(report: EvalReport) -> str:
    rows = []
    for name, value in report.metrics.items():
        if name.endswith("_ms"):
            continue
        interval = report.intervals.get(name)
        low, high = interval or (value, value)
        whisker = f'<b style="left:{low:.2%};width:{high - low:.2%}"></b>' if interval else ""
        bar = f'<i style="width:{max(0.0, value):.2%}"></i>{whisker}'
        rows.append(
            f'<div class="m"><span>{_text(name)}</span><div class="track">{bar}</div><span>{value:.3f}</span></div>'
        )
    return "\n".join(rows)


def _risk_coverage(points: Sequence[tuple[float, float]]) -> str:
    if len(points) < 2:
        return ""
    x0, y0, w, h = 45, 15, 380, 200
    top = max(0.1, *(risk for _, risk in points))
    path = "L".join(f"{x0 + c * w:.1f} {y0 + h - risk / top * h:.1f}" for c, risk in points)
    ticks = "".join(
        f'<text class="dim" x="{x0 + share * w}" y="{y0 + h + 16}" text-anchor="{anchor}">{share:.0%}</text>'
        for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    )
    return (
        '<figure style="margin:0"><h2>Risk by coverage</h2>'
        f'<svg viewBox="0 0 440 245" role="img" aria-label="risk by coverage"><path class="axis" fill="none" '
        f'd="M{x0} {y0}V{y0 + h}H{x0 + w}"/><text class="dim" x="{x0 - 6}" y="{y0 + 5}" text-anchor="end">{top:.0%}</text>'
        f'<text class="dim" x="{x0 - 6}" y="{y0 + h}" text-anchor="end">0</text>{ticks}<path class="curve" d="M{path}"/></svg>'
        '<p class="dim">Share of wrong answers when only the surest share of the questions is answered.</p></figure>'
    )


def _latencies(values: Sequence[float]) -> str:
    if len(values) < 2:
        return ""
    bins = 24
    low, high = min(values), sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / width))] += 1
    x0, y0, w, h = 10, 15, 420, 200
    bars = "".join(
        f'<rect class="bar" x="{x0 + i * w / bins:.1f}" y="{y0 + h - count / max(counts) * h:.1f}" '
        f'width="{w / bins - 2:.1f}" height="{count / max(counts) * h:.1f}"/>'
        for i, count in enumerate(counts)
    )
    return (
        '<figure style="margin:0"><h2>Latency of a question</h2>'
        f'<svg viewBox="0 0 440 245" role="img" aria-label="latencies">{bars}<path class="axis" d="M{x0} {y0 + h}H{x0 + w}"/>'
        f'<text class="dim" x="{x0}" y="{y0 + h + 16}">{low:.0f} ms</text>'
        f'<text class="dim" x="{x0 + w}" y="{y0 + h + 16}" text-anchor="end">{high:.0f} ms</text></svg>'
        '<p class="dim">The slowest percent is in the last bar.</p></figure>'
    )


def _stage_table(report: EvalReport) -> str:
    if not report.stages:
        return ""
    rows = "".join(
        f'<tr><td>{_text(stage.name)}</td><td class="n">{stage.metrics.get("ndcg@10", 0):.4f}</td>'
        f'<td class="n">{"" if stage.delta is None else f"{stage.delta:+.4f}"}</td>'
        f'<td class="n">{"" if stage.p is None else f"{stage.p:.3f}"}</td><td class="n">{stage.latency_p50_ms:.1f}</td></tr>'
        for stage in report.stages
    )
    head = "<tr><th>stage</th>" + "".join(
        f'<th class="n">{name}</th>' for name in ("ndcg@10", "difference", "p", "p50 ms")
    )
    return f'<h2>Stages</h2><div class="scroll"><table>{head}</tr>{rows}</table></div>'


def _question_table(scores: Sequence[QuestionScore]) -> str:
    order = sorted(scores, key=_merit)
    rows = []
    for score in order:
        outcome, failed = _outcome(score)
        told = [*score.why, *([why_not_right(score.judgement)] if score.judgement and failed else [])]
        why = "".join(f'<br><span class="dim">{_text(line)}</span>' for line in told)
        rows.append(
            f'<tr><td>{_text(score.id)}</td><td>{_text(score.question)}{why}</td><td class="n">{_value(score, "ndcg@10")}</td>'
            f'<td class="n">{_value(score, "answer_f1")}</td><td{" class=bad" if failed else ""}>{outcome}</td>'
            f"<td>{_text(', '.join(score.expected))}</td><td>{_text(', '.join(score.found[:2]))}</td></tr>"
        )
    head = (
        '<tr><th>id</th><th>question</th><th class="n">ndcg@10</th><th class="n">answer_f1</th><th></th><th>expected</th>'
        "<th>found</th></tr>"
    )
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _merit(score: QuestionScore) -> tuple[float, float, float]:
    """By which questions are sorted: lowest first. A wrong answer comes before one that is only not right."""
    judged = score.metrics.get("answer_right", 1.0) - score.metrics.get("answer_wrong", 0.0)
    return score.metrics.get("ndcg@10", 1.0), judged, score.metrics.get("answer_contains", 1.0)


def _outcome(score: QuestionScore) -> tuple[str, bool]:
    """What became of a question in one word, empty when it was only searched for, and whether that is a failure."""
    if score.judgement is not None:
        return score.judgement.outcome, score.judgement.outcome != "right"
    if score.answered is None:
        return "", False
    failed = score.answered is not score.answerable or score.contains is False
    return "answered" if score.answered else "abstained", failed


def _value(score: QuestionScore, name: str) -> str:
    return f"{score.metrics[name]:.3f}" if name in score.metrics else ""
