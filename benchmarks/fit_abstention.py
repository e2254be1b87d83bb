"""Fits the weights of `ragcli.generation.abstention` and reports how well they separate.

    python benchmarks/fit_abstention.py --collections DIR --indexes DIR

`--collections` holds BEIR folders and `mixed_dev`; `--indexes` holds one index per collection, made by `rag eval` or
`rag ingest`. Every judged question is asked twice: as it is, and with its relevant documents taken out of the ranking, which
is the hard kind of unanswerable question. The odd half of the questions fits, the even half is reported.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ragcli.app import App
from ragcli.app.gold_paths import resolver as gold_resolver
from ragcli.datatypes import QueryWord
from ragcli.evaluation.beir import is_collection, read_questions
from ragcli.evaluation.gold import load_gold
from ragcli.generation.abstention import Evidence, evidence
from ragcli.results import Hit
from ragcli.settings import resolve
from ragcli.text.query import parse_query

COLLECTIONS = ("mixed_dev", "xquad/en", "scifact", "anthropic_codebase", "northwind_hr")


def app_for(index: Path) -> App:
    return App(resolve({"index": str(index)}, environment={}, directory=Path.cwd(), user_file=Path("none")), Path.cwd())


def samples(folder: Path, app: App, limit: int) -> tuple[list[Evidence], list[int], list[int]]:
    """Features, labels and question numbers."""
    rows, labels, numbers = [], [], []
    questions = read_questions(folder) if is_collection(folder) else load_gold(folder / "gold.jsonl")
    resolver = (lambda path: path) if is_collection(folder) else gold_resolver(app, folder / "gold.jsonl")
    retriever = app.retriever()
    for number, question in enumerate(questions[:limit]):
        result = retriever.retrieve(question.question, 30)
        hits = result.hits
        words = app.reader.words(parse_query(result.asked))

        def add(kept: Sequence[Hit], label: int, words: Sequence[QueryWord] = words, number: int = number) -> None:
            rows.append(evidence(words, kept[:5]))
            labels.append(label)
            numbers.append(number)

        relevant = {resolver(item.path) for item in question.evidence}
        if not question.answerable:
            add(hits, 0)
        elif any(hit.passage.document.path in relevant for hit in hits[:5]):
            add(hits, 1)
            add([hit for hit in hits if hit.passage.document.path not in relevant], 0)
    return rows, labels, numbers


def matrix(rows: Sequence[Evidence]) -> np.ndarray:
    return np.array([row.features() for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collections", type=Path, required=True)
    parser.add_argument("--indexes", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=300, help="questions per collection")
    arguments = parser.parse_args()
    data = {}
    for name in COLLECTIONS:
        index = (
            next(arguments.indexes.glob(f"{name.replace('mixed_dev', 'mixed')}/.rag"), None)
            or arguments.indexes / name / ".rag"
        )
        rows, labels, numbers = samples(arguments.collections / name, app_for(index), arguments.limit)
        data[name] = (matrix(rows), np.array(labels), np.array(numbers))
        print(f"{name:<20} {len(labels)} samples, single-feature AUROC:",
              " ".join(f"{roc_auc_score(data[name][1], column):.3f}" for column in data[name][0].T))  # fmt: skip
    for title, columns in (("with cosine", slice(None)), ("lexical only", slice(0, 2))):
        train = [(x[n % 2 == 1][:, columns], y[n % 2 == 1]) for x, y, n in data.values()]
        weights = np.concatenate([np.full(len(y), 1 / len(y)) for _, y in train])
        model = LogisticRegression(C=100, max_iter=1000)
        model.fit(
            np.concatenate([x for x, _ in train]), np.concatenate([y for _, y in train]), sample_weight=weights * 1000
        )
        print(f"\n{title}: bias {model.intercept_[0]:.2f}, weights {np.round(model.coef_[0], 2).tolist()}")
        for name, (x, y, n) in data.items():
            held = n % 2 == 0
            score = model.predict_proba(x[held][:, columns])[:, 1]
            true = y[held] == 1
            shares = (
                f"{t}: {(score >= t)[true].mean():.2f} / {(score < t)[~true].mean():.2f}" for t in (0.3, 0.4, 0.5)
            )
            print(f"  {name:<20} AUROC {roc_auc_score(true, score):.3f}   threshold: answered of answerable / abstained of "
                  f"unanswerable: {', '.join(shares)}")  # fmt: skip


if __name__ == "__main__":
    main()
