"""The questions of an evaluation as a table of HTML: each with its answer beside what was expected, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ragcli.measurements import QuestionScore
from ragcli.render.outcomes import failure
from ragcli.render.sanitize import one_line, sanitize
from ragcli.results import Citation

_COLUMNS = ("question", "expected", "answer", "result", "ndcg@10")


def as_html(value: object) -> str:
    """The text on one line, without control characters, escaped."""
    return escape(one_line(str(value)))


def question_table(scores: Sequence[QuestionScore]) -> str:
    """The table with the means to filter and sort it, those that fail first."""
    order = sorted(scores, key=_merit)
    tags = sorted({tag for score in scores for tag in score.tags})
    buttons = "".join(
        f'<button type="button" data-kind="{as_html(kind)}" aria-pressed="{"false" if kind else "true"}">'
        f"{as_html(title)}</button>"
        for kind, title in [("", "all"), ("!failed", "failing"), ("!passed", "passing"), *((tag, tag) for tag in tags)]
    )
    head = "".join(
        f'<th scope="col"><button type="button" class="sort" data-column="{i}">{name}</button></th>'
        for i, name in enumerate(_COLUMNS)
    )
    return (
        f'<div class="tools">{buttons}<input type="search" aria-label="words of a question or an answer" '
        'placeholder="words of a question or an answer"><span class="dim" id="count" aria-live="polite"></span></div>'
        f'<table class="q"><thead><tr>{head}</tr></thead><tbody>{"".join(map(_row, order))}</tbody></table>'
    )


def _row(score: QuestionScore) -> str:
    failed = failure(score)
    kinds = "&#10;".join(map(as_html, ("!failed" if failed else "!passed", *score.tags)))
    told = "".join(f'<br><span class="dim">{as_html(line)}</span>' for line in score.why)
    expected = "".join(f"<div>{as_html(text)}</div>" for text in score.references[:3])
    expected += f'<span class="dim">{as_html(", ".join(score.expected))}</span>'
    result = f'<span class="{"bad" if failed else "good"}">{_word(score)}</span>'
    reason = f'<br><span class="dim">{as_html(failed)}</span>' if failed else ""
    value = f"{score.metrics['ndcg@10']:.3f}" if "ndcg@10" in score.metrics else ""
    cells = (
        f"<td><b>{as_html(score.question)}</b> <span class=dim>{as_html(score.id)}</span>{told}</td>",
        f'<td data-name="expected">{expected if score.answerable else "nothing: no document says it"}</td>',
        f'<td data-name="answer">{_answer(score)}</td>',
        f'<td data-name="result">{result}{reason}</td>',
        f'<td class="n" data-name="ndcg@10" data-value="{value}">{value}</td>',
    )
    return f'<tr data-tags="{kinds}">{"".join(cells)}</tr>'


def _answer(score: QuestionScore) -> str:
    """The answer with its citations to open, else the documents that were found."""
    if score.answer is None:
        found = ", ".join(score.found[:3])
        return (
            f'<span class="dim">{"none; " if score.answered is False else ""}found {as_html(found or "nothing")}</span>'
        )
    return f"<div>{as_html(score.answer)}</div>" + "".join(map(_citation, score.citations))


def _citation(citation: Citation) -> str:
    place = citation.path if citation.page is None else f"{citation.path}, page {citation.page}"
    line = citation.span.line_start if citation.page is None else None
    place += f":{line}" if line else ""
    quote = escape(sanitize(citation.quote))
    return f"<details><summary>[{citation.marker}] {as_html(place)}</summary><blockquote>{quote}</blockquote></details>"


def _merit(score: QuestionScore) -> tuple[bool, float, float, float]:
    """By which questions are sorted: those that fail first, then the lowest score. A wrong answer comes before one that is only
    not right."""
    judged = score.metrics.get("answer_right", 1.0) - score.metrics.get("answer_wrong", 0.0)
    return not failure(score), score.metrics.get("ndcg@10", 1.0), judged, score.metrics.get("answer_contains", 1.0)


def _word(score: QuestionScore) -> str:
    """What became of a question in one word."""
    if score.judgement is not None:
        return score.judgement.outcome
    if score.answered is None:
        return "found" if score.metrics.get("mrr") else "missed"
    return "answered" if score.answered else "declined"
