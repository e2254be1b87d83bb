"""What an evaluation comes to, in sentences: is it good, what changed, which questions fail, is the gate green."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.measurements import EvalReport, GateResult, QuestionScore
from ragcli.render.outcomes import failure
from ragcli.render.sanitize import one_line

FOUND = "hit@5"
_GOOD, _FAIR = 0.9, 0.7
_KIND = {"wrong": 0, "incomplete": 1, "long": 2, "abstained": 3}

MEANINGS = {
    "hit": "share of the questions with a relevant passage among the first K",
    "recall": "share of the relevant documents or passages that are among the first K",
    "precision": "share of the first K passages that are relevant",
    "mrr": "1 divided by the rank of the first relevant passage, on average",
    "map": "precision at the rank of each relevant passage, on average",
    "ndcg": "how near the ranking is to the best possible one; early ranks count more",
    "span_recall": "share of the characters of the evidence among the first 700 tokens that were found",
    "span_precision": "share of the characters of the first 700 tokens that are evidence",
    "span_iou": "characters of the evidence that were found, of all that were found or wanted",
    "answer_right": "share of the answers that say all that they must, nothing that they must not, and are short enough",
    "answer_first": "share of the answers whose first sentence or block is right by itself",
    "answer_wrong": "share of the answers that mislead; less is better",
    "answer_incomplete": "share of the answers that say only a part; less is better",
    "answer_long": "share of the answers that would be right if they were shorter; less is better",
    "answer_abstained": "share of the answerable questions that were not answered; less is better",
    "answer_recall": "share of the questions whose first 5 passages hold all that the answer must say",
    "answer_em": "share of the answers that are a reference answer, word for word",
    "answer_f1": "words that an answer shares with a reference answer, as the harmonic mean of precision and recall",
    "answer_contains": "share of the answers that hold a reference answer",
    "answer_similarity": "how near an answer is in meaning to a reference answer, by the embedding model",
    "rouge_l": "longest run of words, gaps allowed, that an answer shares with a reference answer",
    "must_contain": "share of the answers that hold every phrase that they must",
    "support_rate": "share of the sentences of answers that a citation bears out",
    "citation_precision": "share of the citations that lead to evidence",
    "citation_recall": "share of the evidence that is cited",
    "abstention_accuracy": "share of the questions that were rightly answered or declined",
    "abstention_precision": "share of the declined questions that have no answer in the documents",
    "abstention_recall": "share of the questions without an answer in the documents that were declined",
    "abstention_auroc": "chance that an answerable question has a higher confidence than one that is not",
    "calibration_error": "how far the confidence is from the share of right answers; less is better",
}
LESS_IS_BETTER = frozenset(name for name, text in MEANINGS.items() if text.endswith("less is better"))


def meaning(metric: str) -> str:
    """What a metric measures, in one line; empty for an unknown one."""
    return MEANINGS.get(metric) or MEANINGS.get(metric.partition("@")[0], "")


def summary(report: EvalReport) -> list[tuple[str, bool | None]]:
    """At most five lines, each with whether it is good news (True), bad news (False) or neither (None)."""
    lines = [found_sentence(report), answers_sentence(report), changed_sentence(report), failing_sentence(report)]
    return [line for line in lines if line is not None] + [gate_sentence(report)]


def found_sentence(report: EvalReport) -> tuple[str, bool | None] | None:
    """How many questions find their evidence among the first five passages, and whether that is good."""
    share = report.metrics.get(FOUND)
    if share is None:
        return None
    scores = [score for score in report.per_question if FOUND in score.metrics]
    count = sum(score.metrics[FOUND] > 0 for score in scores)
    word = "Good" if share >= _GOOD else "Fair" if share >= _FAIR else "Poor"
    low, high = report.intervals.get(FOUND, (share, share))
    range_ = f" (other questions like these: {low:.0%} to {high:.0%})" if high > low else ""
    text = f"{word}: {count:,} of {len(scores):,} questions find their evidence among the first five passages{range_}."
    return text, {"Good": True, "Poor": False}.get(word)


def answers_sentence(report: EvalReport) -> tuple[str, bool | None] | None:
    """How many answers are right, how many mislead, and how many questions were rightly declined."""
    asked = [score for score in report.per_question if score.answered is not None]
    if not asked:
        return None
    answerable = [score for score in asked if score.answerable]
    others = [score for score in asked if not score.answerable]
    parts = []
    judged = [score for score in answerable if score.judgement or score.contains is not None]
    if judged:
        right = sum(not failure(score) or _is_right(score) for score in judged)
        wrong = sum(score.judgement is not None and score.judgement.outcome == "wrong" for score in judged)
        parts.append(f"{right:,} of {len(judged):,} right" + (f", {wrong:,} misleading" if wrong else ""))
    declined = sum(score.answered is False for score in answerable)
    if declined:
        parts.append(f"{declined:,} declined that have an answer")
    if others:
        parts.append(f"{sum(s.answered is False for s in others):,} of {len(others):,} that have none declined")
    return (f"Answers: {'; '.join(parts)}." if parts else f"Answers: {len(asked):,} given."), None


def _is_right(score: QuestionScore) -> bool:
    if score.judgement is not None:
        return score.judgement.outcome == "right"
    return score.contains is True


def changed_sentence(report: EvalReport) -> tuple[str, bool | None] | None:
    """What got better or worse since the baseline; None without one."""
    if not report.comparisons:
        return None
    worse = [c for c in report.comparisons if c.verdict == "regressed"]
    better = [c for c in report.comparisons if c.verdict == "improved"]
    parts = [
        f"{word}: " + ", ".join(f"{c.metric} {c.before:.3f} → {c.now:.3f}" for c in changed)
        for word, changed in (("worse", worse), ("better", better))
        if changed
    ]
    text = "; ".join(parts) or f"nothing better or worse, {len(report.comparisons)} metrics within noise"
    return f"Since the baseline: {text}.", False if worse else True if better else None


def failures(report: EvalReport) -> list[tuple[QuestionScore, str]]:
    """The questions that fail, each with the reason: misleading answers first, then as in the gold file."""
    failed = [(score, text) for score in report.per_question if (text := failure(score))]
    return sorted(failed, key=lambda pair: _KIND.get(pair[0].judgement.outcome, 4) if pair[0].judgement else 4)


def failing_sentence(report: EvalReport, shown: int = 5) -> tuple[str, bool | None] | None:
    """Which questions fail, by id, the misleading ones first."""
    failed = failures(report)
    if not failed:
        return ("No question fails.", True) if report.per_question else None
    names = ", ".join(one_line(score.id)[:30] for score, _ in failed[:shown])
    more = f" and {len(failed) - shown:,} more" if len(failed) > shown else ""
    return f"Failing: {len(failed):,} of {report.questions:,} questions: {names}{more}.", None


def gate_sentence(report: EvalReport) -> tuple[str, bool | None]:
    """Whether the gate is passed, and if not, by what; without a gate, how to set one."""
    if not report.gate and not report.comparisons:
        return "No gate: --min hit@5=0.9 or --baseline FILE makes this command fail when it gets worse.", None
    red = [f"{result.metric} {_measured(result)}" for result in report.gate if not result.passed]
    red += [f"{c.metric} since the baseline" for c in report.comparisons if c.verdict == "regressed"]
    if red:
        return f"Gate: FAILED by {', '.join(red)}.", False
    return "Gate: passed.", True


def _measured(result: GateResult) -> str:
    if result.value is None:
        return f"(not measured{': ' + result.reason if result.metric == 'baseline' else ''})"
    return f"{result.value:.3f} ({'at least' if result.kind == 'min' else 'at most'} {result.minimum:g} is wanted)"


def sentences(report: EvalReport) -> Sequence[str]:
    """The summary without its colours."""
    return [text for text, _ in summary(report)]
