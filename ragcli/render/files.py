"""Reports that other programs read: JUnit XML, Markdown, GitHub's annotations, and a page with plots."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from ragcli.errors import RagError
from ragcli.measurements import EvalReport, QuestionScore
from ragcli.render.outcomes import failure, outcome_markdown
from ragcli.render.sanitize import one_line, sanitize
from ragcli.render.verdict import sentences

SUMMARY_LIMIT = 900_000  # bytes; GitHub drops a step's summary above 1 MiB
_ANNOTATIONS = 10  # GitHub shows no more of a kind


def write_reports(
    report: EvalReport, *, junit: Path | None, html: Path | None, markdown: Path | None, annotate: bool
) -> None:
    """Write the files that were asked for, and what GitHub Actions reads when it is there. Raises RagError."""
    if junit is not None:
        write_text(junit, junit_xml(report))
    if html is not None:
        from ragcli.render.html import html_page

        write_text(html, html_page(report))
    if markdown is not None:
        write_text(markdown, markdown_summary(report))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(markdown_summary(report))
    if annotate and os.environ.get("GITHUB_ACTIONS") == "true":
        for line in github_annotations(report):
            sys.stdout.write(line + "\n")


def write_text(path: Path, text: str) -> None:
    """The whole file or none of it. Raises RagError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise RagError(f"cannot write {path}: {error.strerror}", hint="check the folder and its permissions") from error


def junit_xml(report: EvalReport) -> str:
    """One test case a question, failed when it found nothing or answered wrongly; one for each threshold; metrics as
    properties."""
    failed = {score.id: text for score in report.per_question if (text := failure(score))}
    gate = [result for result in report.gate if not result.passed]
    gate_names = [f"{c.metric} against the baseline" for c in report.comparisons if c.verdict == "regressed"]
    suite = ElementTree.Element(
        "testsuite",
        name="rag eval",
        tests=str(len(report.per_question) + len(report.gate) + len(report.comparisons)),
        failures=str(len(failed) + len(gate) + len(gate_names)),
        errors="0",
        skipped="0",
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in report.metrics.items():
        ElementTree.SubElement(properties, "property", name=name, value=f"{value:.6f}")
    for score in report.per_question:
        case = ElementTree.SubElement(
            suite, "testcase", classname="questions", name=_clean(f"{score.id}: {score.question}"),
            time=f"{score.milliseconds / 1000:.3f}",
        )  # fmt: skip
        if score.id in failed:
            ElementTree.SubElement(case, "failure", message=_clean(failed[score.id])).text = _clean(_detail(score))
    for result in report.gate:
        case = ElementTree.SubElement(
            suite, "testcase", classname="gate", name=f"{result.metric} {result.kind} {result.minimum:g}"
        )
        if not result.passed:
            measured = "not measured" if result.value is None else f"{result.value:.6f}"
            ElementTree.SubElement(case, "failure", message=f"{result.metric} {measured}: {result.reason}")
    for comparison in report.comparisons:
        case = ElementTree.SubElement(suite, "testcase", classname="baseline", name=comparison.metric)
        if comparison.verdict == "regressed":
            ElementTree.SubElement(
                case, "failure", message=f"regressed: {comparison.before:.6f} → {comparison.now:.6f}"
            )
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _detail(score: QuestionScore) -> str:
    return "\n".join(
        [*score.why, f"answer: {score.answer or '-'}", ", ".join(f"{k} {v:.4f}" for k, v in score.metrics.items())]
    )


def _clean(text: str) -> str:
    return one_line(text) if "\n" not in text else sanitize(text)


def markdown_summary(report: EvalReport) -> str:
    """Failures first, then the metrics; details are folded; below GitHub's limit."""
    verdict = "passed" if report.passed else "**failed**"
    lines = [f"### rag eval: {verdict}", "", f"{report.questions:,} questions, {report.judged:,} with evidence", ""]
    lines += [*(f"{_cell(text)}  " for text in sentences(report)), ""]
    lines += outcome_markdown(report)
    for result in report.gate:
        value = "not measured" if result.value is None else f"{result.value:.4f}"
        mark = "pass" if result.passed else "**FAIL**"
        lines.append(f"- {mark} `{result.metric}` {value} ({result.kind} {result.minimum:g}) {result.reason}".rstrip())
    for c in report.comparisons:
        if c.verdict != "within noise":
            lines.append(f"- **{c.verdict}** `{c.metric}` {c.before:.4f} → {c.now:.4f} ({c.delta:+.4f})")
    lines += [f"- {_cell(remark)}" for remark in report.remarks]
    lines += ["", "| metric | value | 95 % interval |", "|---|--:|---|"]
    for name, number in report.metrics.items():
        interval = report.intervals.get(name)
        lines.append(f"| {name} | {number:.4f} | " + (f"{interval[0]:.3f} to {interval[1]:.3f} |" if interval else "|"))
    text = "\n".join(lines) + "\n"
    failed = [score for score in report.per_question if failure(score)]
    if not failed:
        return text + "\n"
    text += (
        f"\n<details><summary>{len(failed):,} questions failed</summary>\n\n| id | question | what |\n|---|---|---|\n"
    )
    for count, score in enumerate(failed):
        row = f"| {_cell(score.id)} | {_cell(score.question)} | {_cell(failure(score))} |\n"
        if len(text.encode()) + len(row.encode()) > SUMMARY_LIMIT:
            text += f"| … | and {len(failed) - count:,} more | |\n"
            break
        text += row
    return text + "\n</details>\n\n"


# Links need none of the brackets where the address itself becomes one, so "://", "www." and "@" are written as entities too.
_MARKUP: Mapping[str, str] = {
    **{character: f"\\{character}" for character in "|`[]!*_~#\\"},
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    ":": "&#58;",
    ".": "&#46;",
    "@": "&#64;",
}


def _cell(text: str) -> str:
    """Text of a document or a question in a table of Markdown: nothing in it is markup, a link, an image or a mention."""
    shown = one_line(text)[:300]
    following = f"{shown[1:]} "[: len(shown)]
    return "".join(
        character if character in ":." and after == " " else _MARKUP.get(character, character)
        for character, after in zip(shown, following, strict=True)
    )


def github_annotations(report: EvalReport) -> list[str]:
    """`::warning file=…,line=…::` for quotations that are not in their documents any more."""
    gold = os.path.relpath(report.gold) if report.gold else ""
    found = [
        f"::warning file={_property(gold)},line={score.line}::"
        + _message(f"the quotation “{quote[:100]}” of {score.id} is not in its document")
        for score in report.per_question
        for quote in score.vanished
    ]
    return found[:_ANNOTATIONS]


_ESCAPES: Mapping[str, str] = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def _message(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
