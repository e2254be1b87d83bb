"""Gold questions → report: retrieval and abstention measured, thresholds applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ragcli.errors import UsageError
from ragcli.evaluation.gold import GoldQuestion
from ragcli.evaluation.matching import gains
from ragcli.evaluation.metrics import DEFAULT_METRICS, Measure, mean_of, parse_measure
from ragcli.reports import EvalReport, GateResult, QuestionScore
from ragcli.results import Answer, Hit
from ragcli.text.folding import contains_quote

ANSWER_METRICS = ("answer_contains", "abstention_precision", "abstention_recall")


@dataclass(frozen=True, slots=True)
class Threshold:
    """`--min NAME=VALUE`."""

    metric: str
    minimum: float


def parse_threshold(text: str) -> Threshold:
    """Raises UsageError unless `text` is METRIC=VALUE with a known metric."""
    name, separator, value = text.partition("=")
    name = name.strip()
    if not separator or (parse_measure(name) is None and name not in ANSWER_METRICS):
        known = "hit@K, recall@K, precision@K, ndcg@K, mrr, " + ", ".join(ANSWER_METRICS)
        raise UsageError(f"--min {text!r}: expected METRIC=VALUE", hint=f"metrics: {known}")
    try:
        return Threshold(name, float(value))
    except ValueError:
        raise UsageError(f"--min {text!r}: {value!r} is not a number", hint=f"--min {name}=0.8") from None


def deepest_rank(thresholds: Sequence[Threshold], *, at_least: int) -> int:
    """How many ranks the thresholds' metrics look at."""
    measures = [parse_measure(threshold.metric) for threshold in thresholds]
    return max([at_least, *(measure.depth for measure in measures if measure)])


def measures_for(thresholds: Sequence[Threshold]) -> list[Measure]:
    """The default retrieval metrics and those that thresholds ask for, without repeats."""
    names = [*DEFAULT_METRICS, *(threshold.metric for threshold in thresholds)]
    return [measure for name in dict.fromkeys(names) if (measure := parse_measure(name))]


def evaluate(
    questions: Sequence[GoldQuestion],
    *,
    retrieve: Callable[[str], Sequence[Hit]],
    answer: Callable[[str], Answer] | None,
    resolve: Callable[[str], str | None],
    thresholds: Sequence[Threshold],
    config: Mapping[str, object],
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> EvalReport:
    """Measure every question; a question without results scores 0 and is never left out.

    Retrieval metrics are means over answerable questions with evidence. Answer metrics are there when `answer` is, and
    each only when it has a base: precision of abstention needs an abstention, its recall an unanswerable question.
    """
    measures = measures_for(thresholds)
    scores: list[QuestionScore] = []
    for done, question in enumerate(questions):
        on_progress(done, len(questions))
        scores.append(_score(question, measures, retrieve, answer, resolve))
    metrics = {m.name: value for m in measures if (value := mean_of([s.metrics for s in scores], m.name)) is not None}
    metrics |= _answer_metrics(scores)
    return EvalReport(
        metrics=metrics,
        per_question=tuple(scores),
        questions=len(questions),
        judged=sum(bool(s.metrics) for s in scores),
        answered=sum(s.answered is True for s in scores),
        abstained=sum(s.answered is False for s in scores),
        unresolved=tuple(
            sorted({item.path for question in questions for item in question.evidence if resolve(item.path) is None})
        ),
        gate=tuple(_gate(threshold, metrics) for threshold in thresholds),
        config=config,
    )


def _score(
    question: GoldQuestion,
    measures: Sequence[Measure],
    retrieve: Callable[[str], Sequence[Hit]],
    answer: Callable[[str], Answer] | None,
    resolve: Callable[[str], str | None],
) -> QuestionScore:
    values: dict[str, float] = {}
    found: list[str] = []
    if question.evidence:
        hits = retrieve(question.question)
        found = list(dict.fromkeys(hit.passage.document.path for hit in hits))[:5]
        ranked = gains(question, hits, resolve)
        values = {measure.name: measure.of(ranked, question.grades) for measure in measures}
    reply = answer(question.question) if answer else None
    contains = None
    if reply is not None and question.answerable and question.answers:
        text = " ".join(sentence.text for sentence in reply.sentences)
        contains = any(contains_quote(text, expected) for expected in question.answers)
    return QuestionScore(
        id=question.id,
        question=question.question,
        answerable=question.answerable,
        metrics=values,
        answered=reply.answered if reply else None,
        confidence=reply.confidence if reply else None,
        contains=contains,
        expected=tuple(dict.fromkeys(item.path for item in question.evidence)),
        found=tuple(found),
        line=question.line,
    )


def _answer_metrics(scores: Sequence[QuestionScore]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    judged = [score.contains for score in scores if score.contains is not None]
    if judged:
        metrics["answer_contains"] = sum(judged) / len(judged)
    abstained = [score for score in scores if score.answered is False]
    unanswerable = [score for score in scores if not score.answerable and score.answered is not None]
    if abstained:
        metrics["abstention_precision"] = sum(not score.answerable for score in abstained) / len(abstained)
    if unanswerable:
        metrics["abstention_recall"] = sum(score.answered is False for score in unanswerable) / len(unanswerable)
    return metrics


def _gate(threshold: Threshold, metrics: Mapping[str, float]) -> GateResult:
    value = metrics.get(threshold.metric)
    return GateResult(threshold.metric, threshold.minimum, value, value is not None and value >= threshold.minimum)
