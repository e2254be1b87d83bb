"""Whether measured numbers are good enough: floors, ceilings, and not worse than a saved baseline."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragcli.errors import GoldError, UsageError
from ragcli.evaluation.judging import OUTCOME_METRICS, PASSAGE_METRIC
from ragcli.evaluation.metrics import parse_measure
from ragcli.evaluation.statistics import randomisation_p
from ragcli.files import read_text
from ragcli.measurements import Comparison, GateResult

SCHEMA = "rag.baseline/1"
SPAN_METRICS = ("span_recall", "span_precision", "span_iou")
ANSWER_METRICS = (
    "answer_em", "answer_f1", "rouge_l", "answer_similarity", "answer_contains", "must_contain", "support_rate",
    "citation_precision", "citation_recall", "abstention_accuracy", "abstention_precision", "abstention_recall",
    "abstention_auroc", "calibration_error", *OUTCOME_METRICS, PASSAGE_METRIC,
)  # fmt: skip
LATENCY_METRICS = ("latency_p50_ms", "latency_p95_ms")
_ROUNDING = 1e-6  # of the numbers in a baseline file
_SMALLER_IS_BETTER = frozenset(("answer_wrong",))
# Times and the calibration error are held by ceilings only. The other outcomes are what right and wrong answers leave over:
# more of them is better where answers were wrong before, and worse where they were right.
_NOT_COMPARED = frozenset(
    (*LATENCY_METRICS, "calibration_error", "answer_long", "answer_incomplete", "answer_abstained")
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """`--min NAME=VALUE` or `--max NAME=VALUE`."""

    metric: str
    bound: float
    kind: Literal["min", "max"] = "min"


def parse_threshold(text: str, kind: Literal["min", "max"] = "min") -> Threshold:
    """Raises UsageError unless `text` is METRIC=VALUE with a known metric."""
    name, separator, value = text.partition("=")
    name = name.strip()
    name = f"{name}_ms" if f"{name}_ms" in LATENCY_METRICS else name
    if not separator or not known_metric(name):
        known = "hit@K, recall@K, precision@K, ndcg@K, mrr, map, "
        known += ", ".join((*SPAN_METRICS, *ANSWER_METRICS, *LATENCY_METRICS))
        raise UsageError(f"--{kind} {text!r}: expected METRIC=VALUE", hint=f"metrics: {known}")
    try:
        return Threshold(name, float(value), kind)
    except ValueError:
        raise UsageError(f"--{kind} {text!r}: {value!r} is not a number", hint=f"--{kind} {name}=0.8") from None


def known_metric(name: str) -> bool:
    return parse_measure(name) is not None or name in (*SPAN_METRICS, *ANSWER_METRICS, *LATENCY_METRICS)


def check_threshold(threshold: Threshold, metrics: Mapping[str, float]) -> GateResult:
    """A metric that was not measured does not pass."""
    value = metrics.get(threshold.metric)
    if value is None:
        return GateResult(threshold.metric, threshold.bound, None, False, threshold.kind, "not measured")
    passed = value >= threshold.bound if threshold.kind == "min" else value <= threshold.bound
    wrong = "below its floor" if threshold.kind == "min" else "above its ceiling"
    return GateResult(threshold.metric, threshold.bound, value, passed, threshold.kind, "" if passed else wrong)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier evaluation measured: metrics, each question's, and of what."""

    metrics: Mapping[str, float]
    per_question: Mapping[str, Mapping[str, float]]
    fingerprint: str
    config: Mapping[str, Any]


def load_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises UsageError when there is no file, GoldError when it is something else."""
    try:
        content = json.loads(read_text(path))
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no baseline at {path}",
            hint=f"make the first one without --baseline: rag eval GOLD --save-baseline {path}",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise GoldError(
            f"cannot read the baseline {path}: {error}", hint=f"rag eval GOLD --save-baseline {path}"
        ) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise GoldError(f"{path} is no baseline of rag", hint=f"rag eval GOLD --save-baseline {path}")
    return Baseline(content["metrics"], content["per_question"], content["fingerprint"], content["config"])


def baseline_text(baseline: Baseline) -> str:
    """The file's content: equal for equal baselines, byte for byte, one question a line."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(dict(sorted(scores.items())))}"
        for name, scores in baseline.per_question.items()
    ]
    head = {
        "schema": SCHEMA,
        "fingerprint": baseline.fingerprint,
        "config": dict(baseline.config),
        "metrics": {name: value for name, value in baseline.metrics.items() if name not in _NOT_COMPARED},
    }
    return json.dumps(head, indent=1)[:-2] + ',\n "per_question": {\n' + ",\n".join(lines) + "\n }\n}\n"


def compare(
    metrics: Mapping[str, float],
    per_question: Mapping[str, Mapping[str, float]],
    before: Baseline,
    *,
    tolerance: float,
    significance: float,
) -> list[Comparison]:
    """Every metric that both have, paired over the questions that both have, in the order of `metrics`.

    Worse by more than `tolerance` is a regression when the paired randomisation test gives p < `significance`; worse is lower,
    but higher of `answer_wrong`. Metrics of the whole set (abstention) are tested by whether each question was rightly answered
    or abstained from. Any other difference is within noise. Latencies, the calibration error and the outcomes that are
    neither right nor wrong are not compared.
    """
    found = []
    for name, current in metrics.items():
        if name not in before.metrics or name in _NOT_COMPARED:
            continue
        shared = [
            key for key, scores in per_question.items() if name in scores and name in before.per_question.get(key, {})
        ]
        if shared:
            now = [per_question[key][name] for key in shared]
            then = [before.per_question[key][name] for key in shared]
            value, old = math.fsum(now) / len(now), math.fsum(then) / len(then)
            p: float | None = randomisation_p(now, then)
        else:
            value, old = current, before.metrics[name]
            p = _p_of("abstention_accuracy", per_question, before)
        delta = value - old if abs(value - old) > _ROUNDING else 0.0
        significant = p is None or p < significance
        verdict: Literal["regressed", "improved", "within noise"] = "within noise"
        if abs(delta) > tolerance and significant:
            verdict = "regressed" if (delta > 0) is (name in _SMALLER_IS_BETTER) else "improved"
        found.append(Comparison(name, old, value, delta, p, verdict, len(shared)))
    return found


def _p_of(name: str, per_question: Mapping[str, Mapping[str, float]], before: Baseline) -> float | None:
    shared = [
        key for key, scores in per_question.items() if name in scores and name in before.per_question.get(key, {})
    ]
    if not shared:
        return None
    return randomisation_p(
        [per_question[key][name] for key in shared], [before.per_question[key][name] for key in shared]
    )


def changes_since(before: Baseline, fingerprint: str, config: Mapping[str, Any], ids: Sequence[str]) -> list[str]:
    """What else differs from the baseline, in words: corpus or index, settings, questions."""
    remarks = []
    if before.fingerprint != fingerprint:
        remarks.append("the corpus or the index changed since the baseline")
    for key in sorted(set(before.config) | set(config)):
        if before.config.get(key) != config.get(key) and key not in ("generation", "k"):
            remarks.append(f"{key} was {_short(before.config.get(key))}, is {_short(config.get(key))}")
    gone, added = set(before.per_question) - set(ids), set(ids) - set(before.per_question)
    if gone or added:
        remarks.append(
            f"{len(added)} questions are new and {len(gone)} gone since the baseline; those of both are compared"
        )
    return remarks


def _short(value: object) -> str:
    return json.dumps(value, default=str)[:60]
