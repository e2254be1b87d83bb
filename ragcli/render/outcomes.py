"""What became of the judged questions, and why an answer is not right: for the terminal, Markdown, HTML and JUnit alike."""

from __future__ import annotations

from ragcli.measurements import EvalReport, Judgement, QuestionScore


def outcome_rows(report: EvalReport) -> list[tuple[str, str, str, str]]:
    """(outcome, questions, share of the judged questions, share of those that were answered), the last two in percent; the
    last is empty for abstentions. Empty when nothing was judged."""
    counts = report.outcomes
    judged, answered = sum(counts.values()), sum(counts.values()) - counts.get("abstained", 0)
    return [
        (
            outcome,
            f"{count:,}",
            f"{count / judged:.1%}",
            f"{count / answered:.1%}" if answered and outcome != "abstained" else "",
        )
        for outcome, count in counts.items()
    ]


def heading(report: EvalReport) -> str:
    """What the table of outcomes is about, with the number of questions."""
    return f"{sum(report.outcomes.values()):,} answers judged by what they must and must not hold"


def declined(report: EvalReport) -> str:
    """How many of the unanswerable questions were declined, in words; empty when none was asked."""
    asked = [score for score in report.per_question if not score.answerable and score.answered is not None]
    count = sum(score.answered is False for score in asked)
    return f"{count:,} of {len(asked):,} unanswerable questions declined ({count / len(asked):.1%})" if asked else ""


def why_not_right(judgement: Judgement) -> str:
    """Why the answer is not right, in words; empty when it is."""
    if judgement.outcome == "abstained":
        return "abstained from a question that has an answer"
    parts = [f"says “{phrase}”, which makes it wrong" for phrase in judgement.forbidden]
    parts += ["lacks " + " or ".join(f"“{phrase}”" for phrase in group) for group in judgement.missing]
    if judgement.outcome == "long":
        parts.append(f"has {judgement.characters:,} characters, more than {judgement.max_characters:,}")
    return "; ".join(parts)


def failure(score: QuestionScore) -> str:
    """Why a question fails, in words; empty when it does not."""
    if "mrr" in score.metrics and score.metrics["mrr"] == 0:
        return f"expected {', '.join(score.expected)}; found {', '.join(score.found) or 'nothing'}"
    if score.answered is False and score.answerable:
        return "abstained from a question that has an answer"
    if score.answered and not score.answerable:
        return "answered a question that has no answer in the documents"
    if score.judgement is not None:
        return (
            "" if score.judgement.outcome == "right" else f"{score.judgement.outcome}: {why_not_right(score.judgement)}"
        )
    return "the answer holds no reference answer" if score.contains is False else ""


def outcome_markdown(report: EvalReport) -> list[str]:
    """The table of outcomes as lines of Markdown, ended by an empty line; none when no question was judged."""
    rows = outcome_rows(report)
    if not rows:
        return []
    table = [f"{heading(report)}:", "", "| outcome | questions | share | of answered |", "|---|--:|--:|--:|"]
    table += [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows]
    text = declined(report)
    return [*table, "", *([text, ""] if text else [])]


def outcome_html(report: EvalReport) -> str:
    """The table of outcomes as HTML; empty when no question was judged."""
    rows = outcome_rows(report)
    if not rows:
        return ""
    head = '<tr><th>outcome</th><th class="n">questions</th><th class="n">share</th><th class="n">of answered</th></tr>'
    body = "".join(
        f"<tr><td>{row[0]}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in row[1:]) + "</tr>" for row in rows
    )
    text = declined(report)
    return f"<h2>Outcomes</h2><p>{heading(report)}</p><table>{head}{body}</table>" + (f"<p>{text}</p>" if text else "")
