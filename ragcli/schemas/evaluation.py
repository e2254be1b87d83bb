"""The documents of the commands that measure, and of `rag gold`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from ragcli.measurements import Outcome
from ragcli.schemas.fields import says


class ReliabilityBin(TypedDict):
    """The answers with a confidence between two bounds."""

    low: Annotated[float, says("The lower bound.")]
    high: Annotated[float, says("The upper bound.")]
    questions: Annotated[int, says("How many they are.")]
    confidence: Annotated[float, says("Their mean confidence.")]
    right: Annotated[float, says("The share of them that was right.")]


class Bound(TypedDict):
    """A floor or a ceiling."""

    min: NotRequired[Annotated[float, says("The floor; left out when the threshold is a ceiling.")]]
    max: NotRequired[Annotated[float, says("The ceiling; left out when the threshold is a floor.")]]


class Threshold(Bound):
    """A threshold of the gate."""

    metric: Annotated[str, says("The metric.")]
    value: Annotated[float | None, says("What was measured; null when nothing was, and then it is not passed.")]
    passed: Annotated[bool, says("Whether it is passed.")]
    reason: Annotated[str, says("What is wrong, in words; empty when it is passed.")]


class Comparison(TypedDict):
    """A metric before and now, over the questions that both have."""

    metric: Annotated[str, says("The metric.")]
    before: Annotated[float, says("Its mean before, or in the first configuration.")]
    now: Annotated[float, says("Its mean now, or in the second configuration.")]
    delta: Annotated[float, says("The difference.")]
    p: Annotated[float | None, says("p of the paired randomisation test; null when there are no pairs.")]
    verdict: Annotated[str, says("regressed, improved or within noise.")]
    questions: Annotated[int, says("How many questions both have.")]


class Gate(TypedDict):
    """Whether the build may pass."""

    passed: Annotated[bool, says("Whether every threshold is passed and nothing regressed.")]
    thresholds: Annotated[list[Threshold], says("The thresholds.")]
    baseline: Annotated[list[Comparison], says("The comparisons with the baseline; empty without one.")]
    remarks: Annotated[list[str], says("What else changed since the baseline, in words.")]


class Stage(TypedDict):
    """A step of the pipeline, measured by itself (`--stages`)."""

    stage: Annotated[str, says("The step.")]
    metrics: Annotated[dict[str, float], says("Its metrics.")]
    delta: Annotated[
        float | None,
        says(
            "The difference in nDCG@10 to the step before, of hybrid to the better of both rankings; null where none is taken."
        ),
    ]
    p: Annotated[float | None, says("p of the paired randomisation test of that difference.")]


class Judgement(TypedDict):
    """What became of an answer whose gold says what it must hold."""

    outcome: Annotated[Outcome, says("What the answer is.")]
    first: Annotated[bool, says("Whether it is right, and its first piece alone would be.")]
    missing: Annotated[list[list[str]], says("The groups of alternatives of which it holds none.")]
    forbidden: Annotated[list[str], says("The phrases of `must_not` that it holds.")]
    characters: Annotated[int, says("Its length in characters.")]
    max_characters: Annotated[int, says("The greatest length that counts as right.")]


class Timed(TypedDict):
    """What is left out with `--no-timing`."""

    ms: NotRequired[Annotated[float, says("How long the question took, in milliseconds; left out with `--no-timing`.")]]


class QuestionResult(Timed):
    """What was measured of one question."""

    id: Annotated[str, says("Its id in the gold file.")]
    question: Annotated[str, says("The question.")]
    answerable: Annotated[bool, says("Whether the documents can answer it.")]
    answered: Annotated[bool | None, says("Whether it was answered; null when it was only searched.")]
    confidence: Annotated[float | None, says("The confidence of the answer; null when it was only searched.")]
    contains: Annotated[bool | None, says("Whether the answer holds a reference answer; null when there is none.")]
    metrics: Annotated[dict[str, float], says("Its metrics, by name.")]
    expected: Annotated[list[str], says("The documents of the evidence.")]
    found: Annotated[list[str], says("The first five documents that were found, best first.")]
    answer: Annotated[str | None, says("The answer; null when there is none.")]
    tags: Annotated[list[str], says("Its tags.")]
    line: Annotated[int, says("Its line in the gold file.")]
    vanished: Annotated[list[str], says("Evidence that does not stand in the documents any more.")]
    why: Annotated[list[str], says("Where each piece of evidence that was not found got lost.")]
    judgement: Annotated[Judgement | None, says("Null when the gold does not say what the answer must hold.")]


class Percentiles(TypedDict):
    """How long a stage took."""

    p50_ms: Annotated[float, says("The median, in milliseconds.")]
    p95_ms: Annotated[float, says("The 95th percentile, in milliseconds.")]


class EvalDocument(TypedDict):
    """What was measured on judged questions, and whether the gate is passed (`rag eval`)."""

    schema: Literal["rag.eval/1"]
    metrics: Annotated[dict[str, float], says("Means over the questions, by metric.")]
    intervals: Annotated[dict[str, tuple[float, float]], says("Their 95 % bootstrap intervals.")]
    questions: Annotated[int, says("How many questions there are.")]
    judged: Annotated[int, says("How many of them have relevant documents, and so metrics of retrieval.")]
    answered: Annotated[int, says("How many were answered.")]
    outcomes: Annotated[dict[Outcome, int], says("Judged answers by outcome; empty when none was judged.")]
    abstained: Annotated[int, says("How many were not answered.")]
    unresolved: Annotated[list[str], says("Documents of the evidence that are not in the index.")]
    slices: Annotated[dict[str, dict[str, float]], says("The metrics of the questions with a tag, by tag.")]
    risk_coverage: Annotated[
        list[tuple[float, float]], says("(share answered, share of those that is wrong), by falling confidence.")
    ]
    reliability: Annotated[list[ReliabilityBin], says("How often answers were right, by confidence.")]
    gate: Annotated[Gate, says("Whether the build may pass.")]
    stages: Annotated[list[Stage], says("The steps of the pipeline; empty without `--stages`.")]
    fingerprint: Annotated[str, says("A hash of the index that was measured.")]
    config: Annotated[dict[str, Any], says("The settings that were measured.")]
    per_question: Annotated[list[QuestionResult], says("Each question.")]
    latency: NotRequired[Annotated[dict[str, Percentiles], says("Times by stage; left out with `--no-timing`.")]]


class Finding(TypedDict):
    """What one stage did with the expected passage."""

    stage: Annotated[str, says("The stage.")]
    state: Annotated[
        Literal["ok", "lost", "note"], says("Whether it kept the passage, lost it, or only remarks on it.")
    ]
    text: Annotated[str, says("What it did, in words.")]


class WhyDocument(TypedDict):
    """The stage that lost an expected passage (`rag why`)."""

    schema: Literal["rag.why/1"]
    question: Annotated[str, says("The question.")]
    path: Annotated[str, says("The document that was expected.")]
    quote: Annotated[str, says("The quotation that was expected; empty when only a document was.")]
    found: Annotated[bool, says("Whether no stage lost it.")]
    verdict: Annotated[str, says("The result in one line.")]
    stages: Annotated[list[Finding], says("The stages in order, up to the one that lost it.")]


class Trial(TypedDict):
    """A configuration that was tried."""

    name: Annotated[str, says("Its name.")]
    settings: Annotated[dict[str, Any], says("Its settings.")]
    chosen_on: Annotated[float, says("The metric on the half of the questions that chooses.")]
    judged_on: Annotated[float, says("The metric on the other half.")]


class TuneDocument(TypedDict):
    """The configurations that were tried, and whether one is better (`rag tune`)."""

    schema: Literal["rag.tune/1"]
    metric: Annotated[str, says("The metric that was compared.")]
    questions: Annotated[int, says("How many questions were used.")]
    trials: Annotated[list[Trial], says("The configurations, the one in force first.")]
    current: Annotated[str, says("The name of the one in force.")]
    best: Annotated[str, says("The name of the best one.")]
    settings: Annotated[dict[str, Any], says("The settings of the best one.")]
    gain: Annotated[float, says("The best one against the one in force, on the half that did not choose it.")]
    p: Annotated[float, says("p of the paired randomisation test of that gain.")]
    better: Annotated[bool, says("Whether the gain is outside of noise.")]


class CalibrateDocument(TypedDict):
    """A threshold of the confidence, and how well it separates (`rag calibrate`)."""

    schema: Literal["rag.calibrate/1"]
    threshold: Annotated[float, says("The confidence from which on a question is answered.")]
    questions: Annotated[int, says("How many questions were used.")]
    answered_of_answerable: Annotated[
        float,
        says("The share of answerable questions that it answers, on the half of the questions that did not choose it."),
    ]
    abstained_of_unanswerable: Annotated[
        float, says("The share of unanswerable questions that it leaves unanswered, on that half.")
    ]
    auroc: Annotated[float, says("The area under the ROC curve of the confidence, on that half.")]
    parts: Annotated[str, says("A hash of what the index is made with.")]
    fingerprint: Annotated[str, says("A hash of the index.")]
    slope: Annotated[float, says("A confidence with log-odds z becomes σ(slope·z + intercept).")]
    intercept: Annotated[float, says("See `slope`.")]
    error_before: Annotated[float, says("The calibration error before, on that half.")]
    error_after: Annotated[float, says("The calibration error after, on that half.")]


class CompareDocument(TypedDict):
    """Two configurations on the same questions (`rag compare`)."""

    schema: Literal["rag.compare/1"]
    names: Annotated[list[str], says("The two configurations.")]
    metrics: Annotated[list[dict[str, float]], says("The metrics of the first and of the second.")]
    comparisons: Annotated[list[Comparison], says("The second against the first.")]


class GoldProblem(TypedDict):
    """Something wrong with a gold file."""

    line: Annotated[int, says("The line; 0 means the whole file.")]
    kind: Annotated[Literal["error", "warning"], says("Whether it is wrong, or worth a look.")]
    text: Annotated[str, says("What it is.")]


class GoldLintDocument(TypedDict):
    """What is wrong with a gold file (`rag gold lint`)."""

    schema: Literal["rag.gold.lint/1"]
    gold: Annotated[str, says("The file.")]
    problems: Annotated[list[GoldProblem], says("The problems, by line.")]


class GoldEvidence(TypedDict):
    """A place that answers a question."""

    path: Annotated[str, says("The document, seen from the folder of the gold file.")]
    quote: NotRequired[Annotated[str, says("The text in it; left out when the whole document is meant.")]]
    page: NotRequired[Annotated[int, says("The page, where the format has pages.")]]
    heading: NotRequired[Annotated[str, says("The heading of the section that answers.")]]


class GoldRow(TypedDict):
    """A line of a gold file."""

    id: Annotated[str, says("A hash of the question.")]
    question: Annotated[str, says("The question.")]
    answerable: Annotated[bool, says("Whether the documents can answer it.")]
    answers: NotRequired[Annotated[list[str], says("Reference answers; left out when there are none.")]]
    evidence: NotRequired[
        Annotated[list[GoldEvidence], says("The places that answer it; left out when there are none.")]
    ]
    tags: NotRequired[Annotated[list[str], says("Its tags; left out when there are none.")]]


class GoldAddDocument(TypedDict):
    """The question that was appended to a gold file (`rag gold add`)."""

    schema: Literal["rag.gold.add/1"]
    added: Annotated[GoldRow, says("The line.")]


class GoldNewDocument(TypedDict):
    """The questions that were proposed from the documents (`rag gold new`)."""

    schema: Literal["rag.gold.new/1"]
    proposed: Annotated[list[GoldRow], says("The lines of the new file.")]
