"""Choosing settings by measurement: `rag tune`, `rag compare`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ragcli.errors import GoldError, UsageError
from ragcli.evaluating import MAIN_METRIC, evaluate
from ragcli.evaluation.gating import compare
from ragcli.evaluation.gold import GoldQuestion, first_half, load_gold
from ragcli.evaluation.statistics import randomisation_p
from ragcli.measurements import CompareReport, EvalReport, Trial, TuneReport
from ragcli.usecases.evaluation import EvalOptions, OnProgress, baseline_of
from ragcli.usecases.ingestion import IngestRequest, ingest_paths, known_files
from ragcli.usecases.subjects import GoldSubjects, Measured
from ragcli.workspace import with_settings

if TYPE_CHECKING:
    from ragcli.settings import Settings
    from ragcli.workspace import Workspace

DEPTHS = (50, 100, 200)
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SIGNIFICANT = 0.05
_FEWEST = 20  # questions, below which halves tell nothing


@dataclass(frozen=True, slots=True)
class _Configuration:
    name: str
    settings: Mapping[str, object]
    measured: Measured


Open: TypeAlias = "Callable[[Workspace], Measured]"


def tune(
    workspace: Workspace, opened: Open, gold: Path, *, sizes: Sequence[int], on_progress: OnProgress
) -> TuneReport:
    """Sweep fusion, weight, depth and (with `sizes`) chunk sizes.

    The best on one half of the questions is held against the settings in force on the other half; the halves are fixed by the
    questions' ids. `opened` opens the index of a workspace for measuring; what it opens is closed before `tune` returns. Raises
    GoldError for fewer than 20 questions with evidence.
    """
    path = workspace.directory / gold
    questions = [question for question in load_gold(path) if question.evidence]
    if len(questions) < _FEWEST:
        raise GoldError(
            f"{path} has {len(questions)} questions with evidence; tuning needs {_FEWEST} to have two halves that say anything",
            hint="rag gold new, or rag gold add --last, makes more",
        )
    with tempfile.TemporaryDirectory(prefix="rag-tune-") as scratch, ExitStack() as indexes:
        configurations = [
            _Configuration(name, changes, opened(with_settings(workspace, changes)))
            for name, changes in _changes(workspace.settings)
        ]
        for size in sizes:
            changes, other = _with_size(workspace, size, Path(scratch), on_progress)
            configurations.append(_Configuration(f"chunks of {size} tokens", changes, opened(other)))
        for configuration in configurations:
            indexes.callback(configuration.measured.index.close)
        halves = [first_half(question.id) for question in questions]
        found = []
        for configuration in configurations:
            scores = _scores(configuration.measured, path, questions, on_progress, configuration.name)
            train = [score for score, first in zip(scores, halves, strict=True) if first]
            test = [score for score, first in zip(scores, halves, strict=True) if not first]
            found.append((configuration, _mean(train), test))
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


def _changes(settings: Settings) -> list[tuple[str, Mapping[str, object]]]:
    """(name, changed settings) of what is tried over the index as it is; the settings in force first."""
    hybrid = {"retrieval_mode": "hybrid", "retrieval_fusion": "convex"}
    sweep: list[tuple[str, Mapping[str, object]]] = [
        (f"convex, weight {w}", {**hybrid, "retrieval_weight": w}) for w in WEIGHTS
    ]
    sweep.append(("rrf, weight 0.5", {**hybrid, "retrieval_fusion": "rrf", "retrieval_weight": 0.5}))
    sweep += [(f"depth {depth}", {"retrieval_depth": depth}) for depth in DEPTHS]
    new = [
        (name, changes)
        for name, changes in sweep
        if not all(getattr(settings, key) == value for key, value in changes.items())
    ]
    return [("as it is", {}), *new]


def _with_size(
    workspace: Workspace, size: int, scratch: Path, on_progress: OnProgress
) -> tuple[Mapping[str, object], Workspace]:
    """The settings that cut chunks of `size` tokens, and a workspace with an index of the same files that is cut so."""
    roots = sorted({source.root for source in known_files(workspace.index_directory) if source.is_file})
    if not roots:
        raise UsageError("--sizes cuts files anew, and the index holds none", hint="leave --sizes out")
    changes: dict[str, object] = {"chunking_strategy": "structure", "chunking_max_tokens": size}
    index = str(scratch / f"size-{size}" / ".rag")
    other = with_settings(workspace, {**changes, "index": index}, project=workspace.project)
    ingest_paths(
        other,
        IngestRequest([workspace.project / root for root in roots]),
        on_progress=lambda p: on_progress(f"chunks of {size}", p.done, p.files),
    )
    return changes, other


def _scores(
    measured: Measured, gold: Path, questions: Sequence[GoldQuestion], on_progress: OnProgress, name: str
) -> list[float]:
    subject = GoldSubjects(measured, gold).make(10)
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


def compare_reports(one: EvalReport, other: EvalReport, names: tuple[str, str], options: EvalOptions) -> CompareReport:
    """Two configurations, called `names`, measured on the same questions and compared question by question."""
    per_question = {score.id: score.metrics for score in other.per_question}
    exact = replace(baseline_of(one), per_question={score.id: score.metrics for score in one.per_question})
    found = compare(other.metrics, per_question, exact, tolerance=options.tolerance, significance=options.significance)
    return CompareReport(names, (one, other), tuple(found))
