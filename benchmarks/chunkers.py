"""Every chunking strategy on the same documents and questions: how much of the evidence is in the first 700 tokens, and ranks.

    python benchmarks/chunkers.py DOCUMENTS GOLD [--strategies structure,clauses] [--max-tokens N] [--index-root DIR]

GOLD is a gold file, or a folder with `queries.jsonl` and `answers.jsonl` whose spans quote documents (`doc` names the file).
Each strategy is indexed anew, with the default embedding model, under INDEX-ROOT (a temporary folder unless given).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from ragcli.api import rag_over
from ragcli.chunking import STRATEGIES
from ragcli.engine.wiring import Engine
from ragcli.settings import resolve
from ragcli.workspace import workspace_at

SHOWN = ("span_recall", "span_precision", "span_iou", "hit@1", "recall@5", "ndcg@10")


def gold_of(collection: Path, target: Path) -> Path:
    """A gold file that quotes the spans of a collection."""
    answers = {row["_id"]: row for row in map(json.loads, (collection / "answers.jsonl").read_text().splitlines())}
    lines = []
    for row in map(json.loads, (collection / "queries.jsonl").read_text().splitlines()):
        evidence = [{"path": f"{s['doc']}.md", "quote": s["text"]} for s in answers[row["_id"]]["spans"]]
        lines.append(json.dumps({"id": row["_id"], "question": row["text"], "evidence": evidence}))
    target.write_text("\n".join(lines))
    return target


def measure(strategy: str, documents: Path, gold: Path, root: Path, max_tokens: int | None) -> None:
    """Index the documents by one strategy, evaluate, and print a row."""
    flags = {"index": str(root / strategy / ".rag"), "chunking_strategy": strategy}
    if max_tokens and strategy != "document":
        flags["chunking_max_tokens"] = max_tokens
    resolved = resolve(flags, environment={}, directory=documents.parent, user_file=Path("none"))
    rag = rag_over(Engine(workspace_at(documents.parent, resolved)))
    started = time.perf_counter()
    report = rag.ingest(documents)
    seconds = time.perf_counter() - started
    result = rag.evaluate(gold, answers=False)
    rag.close()
    figures = "  ".join(f"{result.metrics.get(name, float('nan')):.3f}" for name in SHOWN)
    low, high = result.intervals.get("span_recall", (0.0, 0.0))
    print(f"{strategy:<13} {report.chunks:>6} {seconds:>6.0f} s   {figures}   [{low:.3f} {high:.3f}]", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", type=Path)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--max-tokens", type=int)
    parser.add_argument("--index-root", type=Path)
    arguments = parser.parse_args()
    print(f"{'strategy':<13} {'chunks':>6} {'ingest':>8}   " + "  ".join(SHOWN) + "   95 % of span_recall")
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.index_root or Path(scratch)
        gold = arguments.gold
        if gold.is_dir():
            gold = gold_of(gold, Path(scratch) / "gold.jsonl")
        for strategy in arguments.strategies.split(","):
            measure(strategy, arguments.documents.resolve(), gold, root, arguments.max_tokens)


if __name__ == "__main__":
    main()
