"""An evaluation, and a diagnosis, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from ragcli.measurements import (
    CompareReport,
    Comparison,
    Diagnosis,
    EvalReport,
    GateResult,
    Problem,
    QuestionScore,
    TuneReport,
)
from ragcli.render.outcomes import declined, heading, outcome_rows, why_not_right
from ragcli.render.sanitize import one_line
from ragcli.render.verdict import failures, summary
from ragcli.reports import Calibration

_STAGE_METRICS = ("ndcg@10", "hit@5", "recall@10")
_TAG_COLUMNS = (
    ("right", "answer_right"), ("first", "answer_first"), ("wrong", "answer_wrong"), ("abst.", "answer_abstained"),
    ("declined", "abstention_recall"), ("ndcg@10", "ndcg@10"),
)  # fmt: skip
_TAG_WIDTH = 20
Line = Text | str


def evaluation_lines(report: EvalReport, *, worst: int) -> Iterator[Line]:
    """What it comes to, in at most five lines; what is wrong with the gold file; the questions that fail, at most `worst`."""
    yield from _summary(report)
    yield from _warnings(report)
    failed = failures(report)
    for score, reason in failed[:worst]:
        yield Text(f"  {one_line(score.id)}  {one_line(score.question)[:100]}", "dim")
        for line in (reason, *score.why):
            yield Text(f"      {one_line(line)[:160]}", "dim")
    if report.stages:
        yield from _stages(report)
    yield Text("--verbose shows every metric with its interval; --html FILE writes a page to hand on", "dim")


def _summary(report: EvalReport) -> Iterator[Text]:
    if not report.metrics:
        yield Text("Nothing was measured: no question names evidence.", "yellow")
    for text, good in summary(report):
        yield Text(text, {True: "green", False: "bold red", None: ""}[good])


def _warnings(report: EvalReport) -> Iterator[Text]:
    """What is wrong with the gold file, and what else changed since the baseline."""
    if report.unresolved:
        count = len(report.unresolved)
        are = "gold path is" if count == 1 else "gold paths are"
        yield Text(f"{count:,} {are} not in the index, e.g. {one_line(report.unresolved[0])}", "yellow")
    vanished = [(entry, quote) for entry in report.per_question for quote in entry.vanished]
    for entry, quote in vanished[:5]:
        yield Text(f"  line {entry.line}: the quotation “{one_line(quote)[:70]}” is not in its document", "yellow")
    if len(vanished) > 5:
        yield Text(f"  and {len(vanished) - 5:,} more quotations that are not in their documents", "yellow")
    for remark in report.remarks:
        yield Text(f"note  {one_line(remark)}", "yellow")


def detailed_lines(report: EvalReport, *, worst: int) -> Iterator[Line]:
    """The summary, then metrics with their intervals, slices, stages, the worst questions, the baseline, and each threshold."""
    yield from _summary(report)
    config = report.config
    asked = (
        f"; {report.answered:,} answered, {report.abstained:,} abstained" if report.answered + report.abstained else ""
    )
    yield f"{report.questions:,} questions, {report.judged:,} with evidence{asked}; {config['mode']}, {config['embedder']}"
    yield from outcome_lines(report)
    for name, score in report.metrics.items():
        yield _metric(name, score, report.intervals.get(name))
    yield from tag_lines(report) if report.outcomes and report.slices else _slices(report.slices)
    yield from _stages(report)
    yield from _reliability(report)
    yield from _warnings(report)
    yield from _worst(report.per_question, worst)
    yield from worst_lines(report.per_question, worst)
    yield from _comparisons(report.comparisons)
    for result in report.gate:
        yield _verdict(result)
    regressed = [c.metric for c in report.comparisons if c.verdict == "regressed"]
    if report.comparisons:
        yield (
            Text(f"FAIL  regressed since the baseline: {', '.join(regressed)}", "bold red")
            if regressed
            else Text("pass  nothing regressed since the baseline", "green")
        )


def _metric(name: str, score: float, interval: tuple[float, float] | None) -> Text:
    if name.endswith("_ms"):
        return Text.assemble(f"  {name:<22}", (f"{score:.1f}", "bold"))
    span = (f"   {interval[0]:.3f} to {interval[1]:.3f}", "dim") if interval else ("", "")
    return Text.assemble(f"  {name:<22}", (f"{score:.4f}", "bold"), span)


def _slices(slices: Mapping[str, Mapping[str, float]]) -> Iterator[Line]:
    shown = ("ndcg@10", "hit@5", "answer_contains", "abstention_recall")
    for tag, metrics in slices.items():
        values = ", ".join(f"{name} {metrics[name]:.3f}" for name in shown if name in metrics)
        yield Text(f"  tag {one_line(tag)}: {values}", "dim")


def outcome_lines(report: EvalReport) -> Iterator[Text]:
    """The outcomes as a table, at most 60 columns wide; nothing when no question was judged."""
    rows = outcome_rows(report)
    if not rows:
        return
    yield Text(f"{heading(report)}:")
    yield Text("  outcome      questions       share   of answered", "bold")
    for outcome, count, share, of_answered in rows:
        yield Text(f"  {outcome:<11}{count:>11}{share:>12}{of_answered:>14}".rstrip())
    if text := declined(report):
        yield Text(f"  {text}")


def tag_lines(report: EvalReport) -> Iterator[Text]:
    """One row for each tag, 79 columns wide; a cell is empty where the tag's questions have no such metric."""
    head = "".join(f"{title:>9}" for title, _ in _TAG_COLUMNS)
    yield Text(f"  {'tag':<{_TAG_WIDTH}}{head}", "bold")
    for tag, metrics in report.slices.items():
        cells = "".join(f"{metrics[name]:>9.3f}" if name in metrics else " " * 9 for _, name in _TAG_COLUMNS)
        yield Text(f"  {one_line(tag)[:_TAG_WIDTH]:<{_TAG_WIDTH}}{cells}".rstrip(), "dim")


def worst_lines(scores: Sequence[QuestionScore], worst: int) -> Iterator[Text]:
    """At most `worst` judged answers that are not right, the misleading ones first, each with its reason."""
    severity = ("wrong", "incomplete", "long", "abstained")
    failed = [(score, score.judgement) for score in scores if score.judgement and score.judgement.outcome != "right"]
    failed.sort(key=lambda pair: severity.index(pair[1].outcome))
    for score, judgement in failed[:worst]:
        yield Text(f"  {judgement.outcome:<10}  {one_line(score.id)}  {one_line(score.question)[:100]}", "dim")
        yield Text(f"              {one_line(why_not_right(judgement))[:200]}", "dim")
    if len(failed) > worst > 0:
        yield Text(f"  and {len(failed) - worst:,} more answers that are not right; --json lists every question", "dim")


def _stages(report: EvalReport) -> Iterator[Line]:
    if not report.stages:
        return
    yield f"  {'stage':<18} " + " ".join(f"{name:>9}" for name in _STAGE_METRICS) + f" {'difference':>17} {'p50 ms':>7}"
    for stage in report.stages:
        values = " ".join(f"{stage.metrics[n]:>9.4f}" if n in stage.metrics else f"{'-':>9}" for n in _STAGE_METRICS)
        change = "" if stage.delta is None else f"{stage.delta:+.4f} (p {stage.p:.3f})"
        style = "green" if stage.delta and stage.p is not None and stage.p < 0.05 and stage.delta > 0 else ""
        yield Text.assemble(f"  {stage.name:<18} {values} ", (f"{change:>17}", style), f" {stage.latency_p50_ms:>7.1f}")


def _worst(scores: Sequence[QuestionScore], worst: int) -> Iterator[Line]:
    judged = [entry for entry in scores if "ndcg@10" in entry.metrics and entry.metrics["ndcg@10"] < 1]
    order = sorted(judged, key=lambda entry: entry.metrics["ndcg@10"])
    for entry in order[:worst]:
        value = entry.metrics["ndcg@10"]
        what = "missed" if not any(entry.metrics.get(name) for name in ("mrr",)) else f"{value:.2f}  "
        yield Text(f"  {what}  {one_line(entry.id)}  {one_line(entry.question)[:100]}", "dim")
        for reason in entry.why:
            yield Text(f"          {one_line(reason)[:140]}", "dim")
    if len(order) > worst > 0:
        yield Text(f"  and {len(order) - worst:,} more below 1; --json lists every question", "dim")


def _comparisons(comparisons: Sequence[Comparison]) -> Iterator[Line]:
    """What changed; what did not is counted."""
    same = [comparison for comparison in comparisons if comparison.verdict == "within noise"]
    for comparison in comparisons:
        if comparison.verdict != "within noise":
            yield _compared(comparison)
    if same:
        yield Text(f"  {len(same)} metrics within noise of the baseline", "dim")


def tuning_lines(report: TuneReport) -> Iterator[Line]:
    """Every trial with both halves, then whether the best is better."""
    yield f"{report.questions:,} questions in two halves: one chooses, the other judges; {report.metric}"
    for trial in report.trials:
        mark = "best" if trial.name == report.best else "now" if trial.name == report.current else ""
        halves = f"chosen on {trial.chosen_on:.4f}   judged on {trial.judged_on:.4f}  "
        yield Text.assemble(f"  {trial.name:<24} {halves}", (mark, "bold"))
    change = f"{report.gain:+.4f}, p {report.p:.3f} on the half that judges"
    if report.best == report.current:
        yield "The settings in force are the best of these."
    elif report.better:
        yield Text(f"{report.best} is better: {change}", "green")
    else:
        yield f"{report.best} is not better beyond noise: {change}"


def compared_lines(report: CompareReport) -> Iterator[Line]:
    """Each metric of both, and whether they differ."""
    yield f"  {'':<22}{report.names[0][:10]:>10} {report.names[1][:10]:>10}"
    for comparison in report.comparisons:
        verdict = {"improved": f"{report.names[1]} is better", "regressed": f"{report.names[0]} is better"}
        p = "" if comparison.p is None else f"p {comparison.p:.3f}"
        yield (
            f"  {comparison.metric:<22}{comparison.before:>10.4f} {comparison.now:>10.4f}  {comparison.delta:+.4f} {p:<8} "
            f"{verdict.get(comparison.verdict, 'within noise')}"
        )
    for name in ("latency_p50_ms", "latency_p95_ms"):
        if all(name in other.metrics for other in report.reports):
            one, two = (other.metrics[name] for other in report.reports)
            yield f"  {name:<22}{one:>10.1f} {two:>10.1f}"


def _compared(comparison: Comparison) -> Text:
    styles = {"regressed": "bold red", "improved": "green"}
    p = "" if comparison.p is None else f", p {comparison.p:.3f}"
    change = f"{comparison.before:.4f} → {comparison.now:.4f} ({comparison.delta:+.4f}{p})"
    return Text.assemble(
        f"  {comparison.metric:<22}{change}  ", (comparison.verdict, styles.get(comparison.verdict, "dim"))
    )


def _verdict(result: GateResult) -> Text:
    value = "not measured" if result.value is None else f"{result.value:.4f}"
    verdict = ("pass", "green") if result.passed else ("FAIL", "bold red")
    bound = "minimum" if result.kind == "min" else "maximum"
    reason = f": {result.reason}" if result.reason and result.value is not None else ""
    if result.metric == "baseline":
        return Text.assemble(verdict, f"  baseline: {result.reason}")
    return Text.assemble(verdict, f"  {result.metric} {value}, {bound} {result.minimum:g}{reason}")


def _reliability(report: EvalReport) -> Iterator[Line]:
    if not report.reliability:
        return
    yield Text("  confidence   questions   mean   right", "bold")
    for entry in report.reliability:
        yield f"  {entry.low:.1f} to {entry.high:.1f}   {entry.questions:>9,}   {entry.confidence:.2f}   {entry.right:>5.2f}"


def calibration_lines(found: Calibration) -> Iterator[Text]:
    """The threshold and what it does on the half of the questions that did not choose it."""
    yield Text(f"threshold {found.threshold:.4f}, chosen on half of {found.questions:,} questions, kept with the index")
    yield Text(
        f"on the other half: answers {found.answered_of_answerable:.0%} of the answerable, abstains from "
        f"{found.abstained_of_unanswerable:.0%} of the unanswerable, AUROC {found.auroc:.3f}"
    )
    yield Text(
        f"the confidence was off by {found.error_before:.2f} on average and is now off by {found.error_after:.2f}"
    )


def problem_lines(gold: str, problems: Sequence[Problem]) -> Iterator[Text]:
    """Each problem as `file:line: kind: text`."""
    styles = {"error": "bold red", "warning": "yellow"}
    for problem in problems:
        place = f"{one_line(gold)}:{problem.line}: " if problem.line else f"{one_line(gold)}: "
        yield Text.assemble(place, (problem.kind, styles[problem.kind]), f": {one_line(problem.text)}")
    if not problems:
        yield Text("no problems")


def diagnosis_lines(found: Diagnosis) -> Iterator[Text]:
    """What each stage did with the expected passage."""
    marks = {"ok": ("ok   ", "green"), "lost": ("LOST ", "bold red"), "note": ("note ", "yellow")}
    for finding in found.findings:
        yield Text.assemble(marks[finding.state], f"{finding.stage:<10} {one_line(finding.text)}")
