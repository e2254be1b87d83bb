"""Gold questions → report: retrieval, answers and abstention measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ragcli.evaluation import answers
from ragcli.evaluation.gating import Threshold, check_threshold
from ragcli.evaluation.gold import GoldQuestion
from ragcli.evaluation.judging import MAX_CHARACTERS, PASSAGE_METRIC, judge, outcome_metrics, passages_hold
from ragcli.evaluation.matching import gains, holds, paths_of
from ragcli.evaluation.metrics import DEFAULT_METRICS, Measure, mean_of, parse_measure
from ragcli.evaluation.spans import Locate, span_scores
from ragcli.evaluation.statistics import (
    auroc,
    bootstrap_interval,
    calibration_error,
    percentile,
    reliability,
    risk_coverage,
)
from ragcli.measurements import EvalReport, QuestionScore
from ragcli.results import Answer, Hit, QueryResult

MAIN_METRIC = "ndcg@10"


@dataclass(frozen=True)
class Subject:
    """What is evaluated. `answer` is None when only retrieval is; `resolve` maps a gold path to a path of the index, `locate`
    finds a quotation in a document; `similarity` compares two texts by meaning, None when nothing is embedded; `why` says where
    evidence got lost that was not retrieved."""

    retrieve: Callable[[str], QueryResult]
    answer: Callable[[str], Answer] | None
    resolve: Callable[[str], str | None]
    locate: Locate
    similarity: Callable[[str, str], float] | None = None
    why: Callable[[GoldQuestion], Sequence[str]] | None = None


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
    subject: Subject,
    *,
    thresholds: Sequence[Threshold],
    config: Mapping[str, object],
    timing: bool = True,
    max_characters: int = MAX_CHARACTERS,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> EvalReport:
    """Measure every question; a question without results scores 0 and is never left out.

    Retrieval metrics are means over answerable questions with evidence, answer metrics over answerable ones with what the
    metric needs (references, citations); a metric without any such question is left out. Abstaining from an answerable
    question scores 0. An answer of more than `max_characters`, or than its question allows, is not right. With `timing`,
    latencies are measured as well; everything else is the same in every run.
    """
    measures = measures_for(thresholds)
    scores: list[QuestionScore] = []
    stages: dict[str, list[float]] = {}
    for done, question in enumerate(questions):
        on_progress(done, len(questions))
        scores.append(_score(question, measures, subject, stages, max_characters))
    metrics = _means(scores) | _abstention(scores)
    if timing and scores:
        total = [score.milliseconds for score in scores]
        metrics |= {"latency_p50_ms": percentile(total, 0.5), "latency_p95_ms": percentile(total, 0.95)}
    confident = [score for score in scores if score.confidence is not None]
    bins = reliability([s.confidence or 0.0 for s in confident], [_is_right(s) for s in confident])
    if bins:
        metrics["calibration_error"] = calibration_error(bins)
    return EvalReport(
        metrics=metrics,
        per_question=tuple(scores),
        questions=len(questions),
        judged=sum(MAIN_METRIC in s.metrics for s in scores),
        answered=sum(s.answered is True for s in scores),
        abstained=sum(s.answered is False for s in scores),
        unresolved=tuple(sorted({e.path for q in questions for e in q.evidence if subject.resolve(e.path) is None})),
        gate=tuple(check_threshold(threshold, metrics) for threshold in thresholds),
        config=config,
        intervals=_intervals(scores),
        slices=_slices(scores),
        latency={n: (percentile(v, 0.5), percentile(v, 0.95)) for n, v in stages.items()} if timing else {},
        risk_coverage=tuple(risk_coverage([s.confidence or 0.0 for s in confident], [_is_wrong(s) for s in confident])),
        reliability=tuple(bins),
    )


def _is_right(score: QuestionScore) -> bool:
    """Whether the documents can answer and, where an answer was given, its evidence is cited."""
    return score.answerable and (not score.answered or score.metrics.get("citation_recall", 1.0) > 0)


def _is_wrong(score: QuestionScore) -> bool:
    if score.judgement is not None:
        return score.judgement.outcome not in ("right", "long")
    return not score.answerable or score.contains is False


def _score(
    question: GoldQuestion,
    measures: Sequence[Measure],
    subject: Subject,
    stages: dict[str, list[float]],
    max_characters: int,
) -> QuestionScore:
    started = time.perf_counter()
    result = subject.retrieve(question.question) if question.evidence or subject.answer is None else None
    retrieved = time.perf_counter()
    reply = subject.answer(question.question) if subject.answer else None
    finished = time.perf_counter()
    for stage, milliseconds in (reply or result).timings.items() if reply or result else ():  # type: ignore[union-attr]
        stages.setdefault(stage, []).append(milliseconds)
    hits = result.hits if result is not None else ()
    metrics: dict[str, float] = {}
    if question.evidence:
        ranked = gains(question, hits, subject.resolve)
        metrics = {measure.name: measure.of(ranked, question.grades) for measure in measures}
        metrics |= span_scores(question, hits, subject.resolve, subject.locate)
    if reply is not None:
        metrics["abstention_accuracy"] = float(reply.answered is question.answerable)
    text = " ".join(sentence.read for sentence in reply.sentences) if reply else None
    if reply is not None and question.answerable:
        metrics |= _answer_metrics(question, reply, text or "", subject)
    judgement = judge(question, reply, max_characters=max_characters) if reply else None
    if reply is not None and judgement is not None:
        metrics |= outcome_metrics(judgement)
        held = passages_hold(question, reply.hits, subject.resolve)
        metrics |= {} if held is None else {PASSAGE_METRIC: held}
    missed = bool(question.evidence) and metrics["hit@10"] == 0
    return QuestionScore(
        id=question.id,
        question=question.question,
        answerable=question.answerable,
        metrics=metrics,
        answered=reply.answered if reply else None,
        confidence=reply.confidence if reply else None,
        expected=tuple(dict.fromkeys(item.path for item in question.evidence)),
        found=tuple(list(dict.fromkeys(hit.passage.document.path for hit in hits))[:5]),
        line=question.line,
        tags=question.tags,
        answer=text if reply is not None and reply.answered else None,
        milliseconds=((finished - retrieved) if reply else (retrieved - started)) * 1000,
        vanished=_vanished(question, subject),
        why=tuple(subject.why(question)) if missed and subject.why else (),
        judgement=judgement,
        references=_references(question),
        citations=reply.citations if reply is not None and reply.answered else (),
    )


def _references(question: GoldQuestion) -> tuple[str, ...]:
    """What the gold wants to read: its reference answers, else one alternative of each group or each phrase, in one text."""
    if question.answers:
        return question.answers
    wanted = [group[0] for group in question.must_groups] or list(question.must_contain)
    return (" … ".join(wanted),) if wanted else ()


def _vanished(question: GoldQuestion, subject: Subject) -> tuple[str, ...]:
    """Quotations that do not stand in their documents (any more)."""
    return tuple(
        item.quote
        for item in question.evidence
        if item.quote
        and item.path
        and (path := subject.resolve(item.path))
        and subject.locate(path, item.quote) is None
    )


def _answer_metrics(question: GoldQuestion, reply: Answer, text: str, subject: Subject) -> dict[str, float]:
    found: dict[str, float] = {}
    if question.answers:
        found["answer_em"] = answers.exact_match(text, question.answers)
        found["answer_f1"] = answers.token_f1(text, question.answers)
        found["rouge_l"] = answers.rouge_l(text, question.answers)
        found["answer_contains"] = answers.contains(text, question.answers)
        if subject.similarity is not None:
            found["answer_similarity"] = (
                max(subject.similarity(text, answer) for answer in question.answers) if reply.answered else 0.0
            )
    if question.must_contain:
        found["must_contain"] = answers.contains_all(text, question.must_contain)
    if reply.sentences:
        status = {citation.marker: citation.status for citation in reply.citations}
        supported = [any(status[m] != "unsupported" for m in s.markers if m in status) for s in reply.sentences]
        found["support_rate"] = sum(supported) / len(supported)
    if reply.answered and question.evidence:
        by_rank = {hit.rank: hit for hit in reply.hits}
        cited = [by_rank[citation.hit_rank] for citation in reply.citations]
        precision = answers.citation_precision([_holds_any(hit, question, subject) for hit in cited])
        if precision is not None:
            found["citation_precision"] = precision
        found["citation_recall"] = sum(
            any(_holds(hit, subject.resolve(item.path), item) for hit in cited) for item in question.evidence
        ) / len(question.evidence)
    return found


def _holds_any(hit: Hit, question: GoldQuestion, subject: Subject) -> bool:
    return any(_holds(hit, subject.resolve(item.path), item) for item in question.evidence)


def _holds(hit: Hit, path: str | None, item: object) -> bool:
    return path is not None and (not path or path in paths_of(hit)) and holds(hit, item)  # type: ignore[arg-type]


def _names(scores: Sequence[QuestionScore]) -> list[str]:
    return list(dict.fromkeys(name for score in scores for name in score.metrics))


def _means(scores: Sequence[QuestionScore]) -> dict[str, float]:
    rows = [score.metrics for score in scores]
    return {name: value for name in _names(scores) if (value := mean_of(rows, name)) is not None}


def _intervals(scores: Sequence[QuestionScore]) -> dict[str, tuple[float, float]]:
    found = {}
    for name in _names(scores):
        interval = bootstrap_interval([score.metrics[name] for score in scores if name in score.metrics])
        if interval is not None:
            found[name] = interval
    return found


def _slices(scores: Sequence[QuestionScore]) -> dict[str, Mapping[str, float]]:
    tags = sorted({tag for score in scores for tag in score.tags})
    return {tag: {**_means(own), **_abstention(own)} for tag in tags if (own := [s for s in scores if tag in s.tags])}


def _abstention(scores: Sequence[QuestionScore]) -> dict[str, float]:
    """Precision needs an abstention, recall an unanswerable question, AUROC both kinds of questions."""
    metrics: dict[str, float] = {}
    asked = [score for score in scores if score.answered is not None]
    abstained = [score for score in asked if score.answered is False]
    unanswerable = [score for score in asked if not score.answerable]
    if abstained:
        metrics["abstention_precision"] = sum(not score.answerable for score in abstained) / len(abstained)
    if unanswerable:
        metrics["abstention_recall"] = sum(score.answered is False for score in unanswerable) / len(unanswerable)
    area = auroc([score.confidence or 0.0 for score in asked], [score.answerable for score in asked])
    if area is not None:
        metrics["abstention_auroc"] = area
    return metrics
