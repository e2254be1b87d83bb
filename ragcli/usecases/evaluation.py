"""Putting an evaluation together: the questions, what they are asked of, the stages, and the baseline."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.collection import CollectionReader
from ragcli.engine.models import model_names
from ragcli.errors import UsageError
from ragcli.evaluating import MAIN_METRIC, deepest_rank, evaluate
from ragcli.evaluation.beir import is_collection, read_questions
from ragcli.evaluation.gating import Baseline, Threshold, changes_since, compare, load_baseline
from ragcli.evaluation.gold import GoldQuestion, load_gold
from ragcli.evaluation.judging import MAX_CHARACTERS
from ragcli.evaluation.statistics import randomisation_p
from ragcli.ingest import Options
from ragcli.measurements import EvalReport, GateResult, Stage
from ragcli.retrieval.diversity import Selection
from ragcli.usecases.gold_paths import check_paths
from ragcli.usecases.ingestion import IngestRequest, ingest_sources
from ragcli.usecases.subjects import CollectionSubjects, GoldSubjects, Subjects

if TYPE_CHECKING:
    from ragcli.engine.pipeline import Measured
    from ragcli.index.manifest import Manifest
    from ragcli.workspace import Workspace

OnProgress = Callable[[str, int, int], None]
DEFAULT_SPLIT = "test"


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What an evaluation measures and what it is held against.

    `split` (default: test) is for collections; `answers` (default: true), `tags` (questions with none of them are left out),
    `without_tags` (questions with one of them are), `max_characters` (of a right answer) and `why` are for gold files. A
    difference to `baseline` counts beyond `tolerance` and below `significance`.
    """

    split: str | None = None
    thresholds: Sequence[Threshold] = ()
    answers: bool | None = None
    tags: Sequence[str] = ()
    without_tags: Sequence[str] = ()
    max_characters: int = MAX_CHARACTERS
    timing: bool = True
    stages: bool = False
    why: bool = False
    baseline: Path | None = None
    tolerance: float = 0.005
    significance: float = 0.05


def evaluate_target(measured: Measured, target: Path, options: EvalOptions, *, on_progress: OnProgress) -> EvalReport:
    """Measure a gold file against the index, or a BEIR folder after indexing its corpus, and hold it against the baseline.

    Raises UsageError for a folder that is not a collection and for options that the target has no use for, GoldError for
    malformed questions.
    """
    target = Path(os.path.abspath(measured.workspace.directory / target))
    if target.is_dir() and not is_collection(target):
        raise UsageError(
            f"{target} holds no corpus.jsonl and queries.jsonl", hint="rag eval GOLD.jsonl or a BEIR folder"
        )
    if target.is_dir() and measured.restricted:
        raise UsageError("a collection is indexed first, which --as does not allow", hint="a gold file, or no --as")
    if options.baseline is not None:
        load_baseline(options.baseline)  # so that a wrong name is told before anything is measured
    collection = target.is_dir()
    questions = _collection(measured.workspace, target, options, on_progress) if collection else _gold(target, options)
    subjects: Subjects = (
        CollectionSubjects(measured.pipeline, str(target))
        if collection
        else GoldSubjects(measured, target, answers=options.answers is not False, why=options.why)
    )
    if not collection:
        check_paths(measured.index.catalog, measured.workspace.project, target, questions)
    depth = deepest_rank(options.thresholds, at_least=10)
    config = _config(measured.workspace, measured.index.catalog.manifest, depth)
    if collection:
        config |= {"collection": target.name, "split": options.split or DEFAULT_SPLIT}
    report = evaluate(
        questions,
        subjects.make(depth),
        thresholds=options.thresholds,
        config=config,
        timing=options.timing,
        max_characters=options.max_characters,
        on_progress=lambda done, of: on_progress("questions", done, of),
    )
    if report.outcomes:
        report = replace(report, config={**config, "max_characters": options.max_characters})
    catalog = measured.index.catalog
    report = replace(
        report,
        fingerprint=catalog.fingerprint(),
        gold=str(target),
        documents=sum(catalog.type_counts().values()),
        finished=datetime.now(UTC).isoformat(timespec="seconds") if options.timing else "",
    )
    if options.stages:
        if not collection:
            subjects = GoldSubjects(measured, target, why=options.why)
        steps = _steps(collection=collection, reranks=bool(measured.workspace.settings.retrieval_rerank))
        report = replace(report, stages=_stages(steps, depth, questions, subjects, report, on_progress))
    return held_against(report, options)


def _collection(
    workspace: Workspace, folder: Path, options: EvalOptions, on_progress: OnProgress
) -> list[GoldQuestion]:
    """The judged queries, after indexing the documents."""
    for name, given in (("--tag", options.tags), ("--exclude-tag", options.without_tags)):
        if given:
            raise UsageError(
                f"{name} selects questions of a gold file, and a BEIR folder has no tags", hint=f"leave {name} out"
            )
    if options.answers:
        raise UsageError("a BEIR folder has no answers to measure", hint="leave --answers out")
    questions = read_questions(folder, options.split or DEFAULT_SPLIT)
    root = str(folder)
    reader = CollectionReader(folder)
    report = ingest_sources(
        workspace,
        IngestRequest(options=Options(prune=True)),
        reader.sources(),
        [],
        reader,
        covers=lambda source: not source.is_file and source.root == root,
        on_progress=lambda progress: on_progress("documents", progress.done, progress.files),
    )
    if report.interrupted:
        raise KeyboardInterrupt
    return questions


def _gold(path: Path, options: EvalOptions) -> list[GoldQuestion]:
    if options.split is not None:
        raise UsageError(
            "--split selects judgements of a BEIR folder, and a gold file has none", hint="leave --split out"
        )
    questions = load_gold(path)
    known = sorted({tag for question in questions for tag in question.tags})
    hint = f"its tags: {', '.join(known)}" if known else "no question of it has tags"
    unknown = [tag for tag in options.without_tags if tag not in known]
    if unknown:
        raise UsageError(f"--exclude-tag: no question of {path} has the tag {', '.join(unknown)}", hint=hint)
    chosen = [question for question in questions if not options.tags or set(options.tags) & set(question.tags)]
    if not chosen:
        raise UsageError(f"no question of {path} has the tag {', '.join(options.tags)}", hint=hint)
    chosen = [question for question in chosen if not set(options.without_tags) & set(question.tags)]
    if not chosen:
        raise UsageError(f"--exclude-tag leaves no question of {path}", hint="leave out fewer tags")
    return chosen


_Step = tuple[str, Mapping[str, object]]  # name, and what it changes of the retriever


def _steps(*, collection: bool, reranks: bool) -> list[_Step]:
    """The steps of the pipeline, each with those before it."""
    plain: dict[str, object] = {"stitch": False, "selection": Selection(collapse=False), "reranker": None}
    steps: list[_Step] = [
        ("lexical", {**plain, "mode": "lexical"}),
        ("dense", {**plain, "mode": "dense"}),
        ("hybrid", {**plain, "mode": "hybrid"}),
    ]
    if not collection:
        steps.append(("+ collapse, stitch", {"mode": "hybrid", "reranker": None}))
    if reranks:
        steps.append(("+ rerank", {"mode": "hybrid"}))
    return steps


def _stages(
    steps: Sequence[_Step],
    depth: int,
    questions: Sequence[GoldQuestion],
    subjects: Subjects,
    full: EvalReport,
    on_progress: OnProgress,
) -> tuple[Stage, ...]:
    """Each step of the pipeline, measured on all questions; hybrid is compared with the better of its legs, a later step with
    the one before it."""
    found: list[Stage] = []
    for name, changes in steps:
        report = evaluate(
            questions,
            subjects.make(depth, **changes),
            thresholds=[],
            config={},
            on_progress=lambda done, of, name=name: on_progress(name, done, of),  # type: ignore[misc]
        )
        single = name in ("lexical", "dense")
        rivals = found[:2] if name == "hybrid" else found[-1:]
        before = None if single else max(rivals, key=lambda stage: stage.metrics.get(MAIN_METRIC, 0.0)).per_question
        found.append(_stage(name, report, before))
    if full.answered + full.abstained:
        found.append(_stage("+ answer", full, None))
    return tuple(found)


def _stage(name: str, report: EvalReport, before: Mapping[str, float] | None) -> Stage:
    own = {score.id: score.metrics[MAIN_METRIC] for score in report.per_question if MAIN_METRIC in score.metrics}
    shared = [key for key in own if before is not None and key in before]
    delta = p = None
    if before is not None and shared:
        now, then = [own[key] for key in shared], [before[key] for key in shared]
        delta, p = sum(now) / len(now) - sum(then) / len(then), randomisation_p(now, then)
    return Stage(name, report.metrics, delta, p, report.metrics.get("latency_p50_ms", 0.0), own)


def held_against(report: EvalReport, options: EvalOptions) -> EvalReport:
    """The report with its comparison to the baseline, if one is named. Raises UsageError when that is missing."""
    if options.baseline is None:
        return report
    before = load_baseline(options.baseline)
    per_question = {score.id: score.metrics for score in report.per_question}
    found = compare(
        report.metrics, per_question, before, tolerance=options.tolerance, significance=options.significance
    )
    gate = report.gate
    if not found:
        gate = (*gate, GateResult("baseline", 0.0, None, False, "min", "nothing of the baseline was measured"))
    return replace(
        report,
        gate=gate,
        comparisons=tuple(found),
        remarks=tuple(changes_since(before, report.fingerprint, report.config, list(per_question))),
    )


def baseline_of(report: EvalReport) -> Baseline:
    """What to hold later evaluations against."""
    rounded = {name: round(value, 6) for name, value in report.metrics.items()}
    per_question = {
        score.id: {name: round(value, 6) for name, value in score.metrics.items()} for score in report.per_question
    }
    config = {key: value for key, value in report.config.items() if key not in ("generation", "k")}
    return Baseline(rounded, per_question, report.fingerprint, config)


def _config(workspace: Workspace, manifest: Manifest, k: int) -> dict[str, object]:
    settings = workspace.settings
    return {
        "mode": settings.retrieval_mode,
        "fusion": settings.retrieval_fusion,
        "weight": settings.retrieval_weight,
        "depth": settings.retrieval_depth,
        **({"engine": settings.retrieval_engine} if settings.retrieval_engine != "exact" else {}),
        "k": k,
        "rerank": settings.retrieval_rerank,
        "answer_model": ", ".join(model_names(workspace.resolved)),
        **({"judge": settings.answer_judge} if settings.answer_judge else {}),
        "embedder": manifest.embedder["name"],
        "chunker": dict(manifest.chunker),
        "analyzer": manifest.analyzer,
        "sentences": manifest.sentences,
        "generation": manifest.generation,
    }
