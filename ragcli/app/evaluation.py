"""Putting an evaluation together: the questions, the retriever they are asked of, and how gold paths meet the index."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.app.ingestion import ingest_items
from ragcli.collection import collection_items
from ragcli.datatypes import Filter
from ragcli.evaluating import Threshold, deepest_rank, evaluate
from ragcli.evaluation.beir import read_questions
from ragcli.evaluation.gold import load_gold
from ragcli.reports import EvalReport
from ragcli.retrieval.diversity import Selection
from ragcli.scanning import stored_path

if TYPE_CHECKING:
    from ragcli.app.core import App

OnProgress = Callable[[str, int, int], None]


def evaluate_gold(
    app: App, path: Path, thresholds: Sequence[Threshold], *, answers: bool, on_progress: OnProgress
) -> EvalReport:
    """The questions of a gold file against the index as it is."""
    questions = load_gold(path)
    retriever = app.retriever()
    answerer = app.answerer() if answers else None
    k = deepest_rank(thresholds, at_least=10)
    return evaluate(
        questions,
        retrieve=lambda question: retriever.retrieve(question, k).hits,
        answer=(lambda question: answerer.answer(question, app.settings.retrieval_k, Filter())) if answerer else None,
        resolve=_resolver(app, path),
        thresholds=thresholds,
        config=_config(app, k),
        on_progress=lambda done, of: on_progress("questions", done, of),
    )


def evaluate_collection(
    app: App, folder: Path, split: str, thresholds: Sequence[Threshold], *, on_progress: OnProgress
) -> EvalReport:
    """The judged queries of a BEIR folder, over its own documents, which are indexed first."""
    questions = read_questions(folder, split)
    root = str(folder)
    report = ingest_items(
        app,
        collection_items(folder),
        [],
        covers=lambda source: not source.is_file and source.root == root,
        prune=True,
        rebuild=False,
        on_progress=lambda progress: on_progress("documents", progress.done, progress.files),
    )
    if report.interrupted:
        raise KeyboardInterrupt
    retriever = app.retriever(stitch=False, selection=Selection(collapse=False))
    k = deepest_rank(thresholds, at_least=100)
    return evaluate(
        questions,
        retrieve=lambda question: retriever.retrieve(question, 2 * k, Filter(roots=(root,))).hits,
        answer=None,
        resolve=lambda path: path,
        thresholds=thresholds,
        config={**_config(app, k), "collection": folder.name, "split": split},
        on_progress=lambda done, of: on_progress("questions", done, of),
    )


def _config(app: App, k: int) -> Mapping[str, object]:
    settings, manifest = app.settings, app.reader.manifest
    return {
        "mode": settings.retrieval_mode,
        "fusion": settings.retrieval_fusion,
        "weight": settings.retrieval_weight,
        "depth": settings.retrieval_depth,
        "k": k,
        "embedder": manifest.embedder["name"],
        "chunker": dict(manifest.chunker),
        "generation": manifest.generation,
    }


def _resolver(app: App, gold: Path) -> Callable[[str], str | None]:
    """A gold path → the path in the index: beside the gold file, as it stands, or below a folder that was ingested.

    A name that several documents could mean resolves to none of them.
    """
    by_name: dict[str, set[str]] = {}
    for document in app.reader.documents():
        names = {document.path}
        if document.path.startswith(document.root + "/"):
            names.add(document.path[len(document.root) + 1 :])
        for name in names:
            by_name.setdefault(name, set()).add(document.path)

    def resolve(path: str) -> str | None:
        beside = stored_path(Path(os.path.abspath(gold.parent / path)), app.project)
        return next((min(by_name[name]) for name in (beside, path) if len(by_name.get(name, ())) == 1), None)

    return resolve
