"""Choosing settings by measurement: `rag tune`, `rag compare`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.app.evaluation import EvalOptions, baseline_of, evaluate_target, gold_subject
from ragcli.app.ingestion import IngestRequest
from ragcli.errors import GoldError, UsageError
from ragcli.evaluating import MAIN_METRIC, evaluate
from ragcli.evaluation.gating import compare
from ragcli.evaluation.gold import GoldQuestion, first_half, load_gold
from ragcli.evaluation.statistics import randomisation_p
from ragcli.measurements import CompareReport, Trial, TuneReport

if TYPE_CHECKING:
    from ragcli.app.core import App

OnProgress = Callable[[str, int, int], None]
DEPTHS = (50, 100, 200)
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SIGNIFICANT = 0.05
_FEWEST = 20  # questions, below which halves tell nothing


@dataclass(frozen=True, slots=True)
class _Configuration:
    name: str
    settings: Mapping[str, object]
    app: App


def tune(app: App, gold: Path, *, sizes: Sequence[int], on_progress: OnProgress) -> TuneReport:
    """Sweep fusion, weight, depth and (with `sizes`) chunk sizes.

    The best on one half of the questions is held against the settings in force on the other half; the halves are fixed by the
    questions' ids. Raises GoldError for fewer than 20 questions with evidence.
    """
    path = app.directory / gold
    questions = [question for question in load_gold(path) if question.evidence]
    if len(questions) < _FEWEST:
        raise GoldError(
            f"{path} has {len(questions)} questions with evidence; tuning needs {_FEWEST} to have two halves that say anything",
            hint="rag gold new, or rag gold add --last, makes more",
        )
    with tempfile.TemporaryDirectory(prefix="rag-tune-") as scratch:
        configurations = _configurations(app)
        for size in sizes:
            configurations += _with_size(app, size, Path(scratch), on_progress)
        halves = [first_half(question.id) for question in questions]
        found = []
        for configuration in configurations:
            scores = _scores(configuration.app, path, questions, on_progress, configuration.name)
            train = [score for score, first in zip(scores, halves, strict=True) if first]
            test = [score for score, first in zip(scores, halves, strict=True) if not first]
            found.append((configuration, _mean(train), test))
        for configuration in configurations:
            if configuration.app is not app:
                configuration.app.close()
    now_configuration, _, now_test = found[0]
    best, _, best_test = max(found, key=lambda entry: entry[1])
    p = randomisation_p(best_test, now_test)
    gain = _mean(best_test) - _mean(now_test)
    trials = tuple(Trial(entry.name, entry.settings, train, _mean(test)) for entry, train, test in found)
    return TuneReport(
        metric=MAIN_METRIC,
        questions=len(questions),
        trials=trials,
        current=now_configuration.name,
        best=best.name,
        settings=best.settings if best is not now_configuration else {},
        gain=gain,
        p=p,
        better=best is not now_configuration and gain > 0 and p < _SIGNIFICANT,
    )


def _configurations(app: App) -> list[_Configuration]:
    """The settings in force first."""
    settings = app.settings
    hybrid = {"retrieval_mode": "hybrid", "retrieval_fusion": "convex"}
    sweep = [(f"convex, weight {w}", {**hybrid, "retrieval_weight": w}) for w in WEIGHTS]
    sweep.append(("rrf, weight 0.5", {**hybrid, "retrieval_fusion": "rrf", "retrieval_weight": 0.5}))
    sweep += [(f"depth {depth}", {"retrieval_depth": depth}) for depth in DEPTHS]
    found = [_Configuration("as it is", {}, app)]
    for name, changes in sweep:
        if not all(getattr(settings, key) == value for key, value in changes.items()):
            found.append(_Configuration(name, changes, app.with_settings(changes)))
    return found


def _with_size(app: App, size: int, scratch: Path, on_progress: OnProgress) -> list[_Configuration]:
    """The settings in force over an index of its own with chunks of `size` tokens."""
    roots = app.reader.roots()
    if not roots:
        raise UsageError("--sizes cuts files anew, and the index holds none", hint="leave --sizes out")
    changes: dict[str, object] = {"chunking_strategy": "structure", "chunking_max_tokens": size}
    other = app.with_settings({**changes, "index": str(scratch / f"size-{size}" / ".rag")}, project=app.project)
    other.ingest(
        IngestRequest([app.project / root for root in roots]),
        on_progress=lambda p: on_progress(f"chunks of {size}", p.done, p.files),
    )
    return [_Configuration(f"chunks of {size} tokens", changes, other)]


def _scores(app: App, gold: Path, questions: Sequence[GoldQuestion], on_progress: OnProgress, name: str) -> list[float]:
    subject = gold_subject(app, gold, EvalOptions(answers=False))(app, 10)
    report = evaluate(
        questions,
        subject,
        thresholds=[],
        config={},
        timing=False,
        on_progress=lambda done, of: on_progress(name, done, of),
    )
    return [score.metrics[MAIN_METRIC] for score in report.per_question]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def profile_text(settings: Mapping[str, object]) -> str:
    """`rag.toml` with these settings."""
    sections: dict[str, list[str]] = {}
    for name, value in settings.items():
        section, _, key = name.partition("_")
        sections.setdefault(section, []).append(f"{key} = {json.dumps(value)}")
    return "\n\n".join(f"[{section}]\n" + "\n".join(lines) for section, lines in sections.items()) + "\n"


def compare_configurations(
    one: App, other: App, names: tuple[str, str], gold: Path, options: EvalOptions, *, on_progress: OnProgress
) -> CompareReport:
    """Both configurations on the same questions, paired."""
    reports = [
        evaluate_target(app, gold, options, on_progress=partial(_named, on_progress, name))
        for app, name in zip((one, other), names, strict=True)
    ]
    per_question = {score.id: score.metrics for score in reports[1].per_question}
    exact = replace(baseline_of(reports[0]), per_question={s.id: s.metrics for s in reports[0].per_question})
    found = compare(
        reports[1].metrics, per_question, exact, tolerance=options.tolerance, significance=options.significance
    )
    return CompareReport(names, (reports[0], reports[1]), tuple(found))


def _named(on_progress: OnProgress, name: str, _stage: str, done: int, of: int) -> None:
    on_progress(name, done, of)
