"""What measuring commands return: `eval`, `why`, `gold lint`, `tune`, `compare`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ragcli.results import Citation

Outcome = Literal["right", "long", "incomplete", "wrong", "abstained"]
OUTCOMES: tuple[Outcome, ...] = ("right", "long", "incomplete", "wrong", "abstained")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a question whose gold says what its answer must hold (see `ragcli.evaluation.judging`).

    `first`: the answer is right, and its first sentence or block alone would be. `missing` are the groups of alternatives that
    the answer holds nothing of, `forbidden` the phrases of `must_not` that it holds. `characters` is its length, and
    `max_characters` the most that counts as right.
    """

    outcome: Outcome
    first: bool
    missing: tuple[tuple[str, ...], ...]
    forbidden: tuple[str, ...]
    characters: int
    max_characters: int


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """What was measured of one question. `metrics` holds retrieval and answer metrics by name; None elsewhere means that it was
    not asked for. `why` says where each piece of evidence that was not found got lost; `judgement` is None when the gold does
    not say what the answer must hold. `references` is what the gold wants to read, `citations` what the answer rests on."""

    id: str
    question: str
    answerable: bool
    metrics: Mapping[str, float]
    answered: bool | None
    confidence: float | None
    expected: tuple[str, ...]
    found: tuple[str, ...]
    line: int
    tags: tuple[str, ...] = ()
    answer: str | None = None
    milliseconds: float = 0.0
    vanished: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    judgement: Judgement | None = None
    references: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()

    @property
    def contains(self) -> bool | None:
        """Whether the answer holds a reference answer."""
        value = self.metrics.get("answer_contains")
        return None if value is None else value > 0


@dataclass(frozen=True, slots=True)
class GateResult:
    """One threshold, a floor (`min`) or a ceiling (`max`). `value` is None when nothing was measured under that name, and then
    it did not pass. `reason` says in words what is wrong."""

    metric: str
    minimum: float
    value: float | None
    passed: bool
    kind: str = "min"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric before and now, over the `questions` that both have; `p` of the paired randomisation test, None without them."""

    metric: str
    before: float
    now: float
    delta: float
    p: float | None
    verdict: str
    questions: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the pipeline, measured: metrics, the difference in the main one to the step before, and milliseconds."""

    name: str
    metrics: Mapping[str, float]
    delta: float | None
    p: float | None
    latency_p50_ms: float
    per_question: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Questions with a confidence from `low` to `high`: their mean confidence, and the share that was right."""

    low: float
    high: float
    questions: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The means over all questions, what each question scored, and whether the gate is passed.

    `intervals` are 95 % bootstrap intervals of the means. `slices` maps a tag to its questions' metrics. `comparisons` are
    with the baseline, `remarks` what else changed since. `latency` maps a stage to p50 and p95 in milliseconds.
    `reliability` says of answers, by confidence, how often the documents could answer and the evidence was cited.
    `documents` is how many the index holds, `finished` when the evaluation ended (ISO 8601), empty without timing.
    """

    metrics: Mapping[str, float]
    per_question: tuple[QuestionScore, ...]
    questions: int
    judged: int
    answered: int
    abstained: int
    unresolved: tuple[str, ...]
    gate: tuple[GateResult, ...]
    config: Mapping[str, object]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    latency: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    risk_coverage: tuple[tuple[float, float], ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    remarks: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    fingerprint: str = ""
    gold: str = ""
    documents: int = 0
    finished: str = ""

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """How many of the judged questions came to each outcome, in the order of `OUTCOMES`; empty when none was judged."""
        found = [score.judgement.outcome for score in self.per_question if score.judgement]
        return {outcome: found.count(outcome) for outcome in OUTCOMES} if found else {}

    @property
    def passed(self) -> bool:
        return all(result.passed for result in self.gate) and not any(
            c.verdict == "regressed" for c in self.comparisons
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What one stage did with the expected passage."""

    stage: str
    state: Literal["ok", "lost", "note"]
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The stages in order up to the one that lost the expected passage. `verdict` says it in one line."""

    question: str
    path: str
    quote: str
    findings: tuple[Finding, ...]

    @property
    def found(self) -> bool:
        return all(finding.state != "lost" for finding in self.findings)

    @property
    def verdict(self) -> str:
        lost = next((finding for finding in self.findings if finding.state == "lost"), None)
        last = self.findings[-1]
        return f"{lost.stage}: {lost.text}" if lost else f"{last.stage}: {last.text}"


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was tried: its settings, and the metric on the half that chooses and on the half that judges."""

    name: str
    settings: Mapping[str, object]
    chosen_on: float
    judged_on: float


@dataclass(frozen=True, slots=True)
class TuneReport:
    """The configurations that were tried, the one in force first. `gain` and `p` hold the best one against that on the half of
    the questions that did not choose it; `better`: the gain is outside of noise."""

    metric: str
    questions: int
    trials: tuple[Trial, ...]
    current: str
    best: str
    settings: Mapping[str, object]
    gain: float
    p: float
    better: bool


@dataclass(frozen=True, slots=True)
class CompareReport:
    """Two configurations on the same questions; `comparisons` are second against first."""

    names: tuple[str, str]
    reports: tuple[EvalReport, EvalReport]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a gold file (`error`) or worth a look (`warning`); line 0 means the whole file."""

    line: int
    kind: Literal["error", "warning"]
    text: str
