"""An evaluation as one page that opens offline and can be handed on: what it comes to, each metric with what it means, and each
question with its answer beside what was expected. Plots are inline SVG, colours follow the reader's scheme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ragcli import __version__
from ragcli.measurements import EvalReport
from ragcli.render.htmlquestions import as_html as _text
from ragcli.render.htmlquestions import question_table
from ragcli.render.htmlstyle import SCRIPT, STYLE
from ragcli.render.outcomes import outcome_html
from ragcli.render.verdict import LESS_IS_BETTER, meaning, summary


def html_page(report: EvalReport) -> str:
    """The whole page."""
    verdict = '<span class="good">passed</span>' if report.passed else '<span class="bad">failed</span>'
    config = ", ".join(f"{key} {_setting(value)}" for key, value in report.config.items() if value not in ("", None))
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>rag eval {_text(Path(report.gold).name)}</title><style>{STYLE}</style></head><body>",
        f"<h1>rag eval: {verdict}</h1>",
        f'<p class="dim">{_about(report)}</p>',
        '<div class="sum">' + "".join(_sentence(text, good) for text, good in summary(report)) + "</div>",
        *_gate(report),
        f'<div class="scroll">{outcome_html(report)}</div>',
        "<h2>Questions, worst first</h2>",
        question_table(report.per_question),
        "<h2>Metrics, with 95 % intervals</h2>",
        _metric_bars(report),
        '<div class="plots">',
        _risk_coverage(report.risk_coverage),
        _latencies([score.milliseconds for score in report.per_question]) if report.latency else "",
        "</div>",
        _stage_table(report),
        f'<p class="dim">Measured with: {config}; index {_text(report.fingerprint)}</p>',
        f"<script>{SCRIPT}</script></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _about(report: EvalReport) -> str:
    """When, over what, and with which version."""
    parts = [
        report.finished.replace("T", " ").replace("+00:00", " UTC"),
        f"{report.questions:,} questions of {_text(Path(report.gold).name)}, {report.judged:,} with evidence",
        f"{report.documents:,} documents",
        f"{report.answered:,} answered, {report.abstained:,} declined" if report.answered + report.abstained else "",
        f"rag {__version__}",
    ]
    return " · ".join(part for part in parts if part)


def _sentence(text: str, good: bool | None) -> str:
    style = {True: ' class="good"', False: ' class="bad"', None: ""}[good]
    return f"<p{style}>{_text(text)}</p>"


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
    """A bar for each metric with its interval and what it measures; where less is better the bar has another colour."""
    rows = []
    for name, value in report.metrics.items():
        if name.endswith("_ms"):
            continue
        interval = report.intervals.get(name)
        low, high = interval or (value, value)
        whisker = f'<b style="left:{low:.2%};width:{high - low:.2%}"></b>' if interval else ""
        less = ' class="less"' if name.partition("@")[0] in LESS_IS_BETTER else ""
        bar = f'<i{less} style="width:{max(0.0, value):.2%}"></i>{whisker}'
        rows.append(
            f'<div class="m"><span>{_text(name)}</span><div class="track">{bar}</div><span>{value:.3f}</span>'
            f'<span class="dim">{_text(meaning(name))}</span></div>'
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
