"""What sentence vectors pooled from the states of their passage give up and save, against sentences embedded on their own.

    python benchmarks/embedding.py COLLECTION [COLLECTION ...] [--split NAME] [--every N] [--first N]

A COLLECTION is a BEIR folder. Each is indexed twice in a temporary directory, its documents in equal order; `--every` and
`--first` choose among the questions. Prints processor time of embedding, wall clock of the whole ingest, nDCG@10 of the hybrid
search, the difference of the questions with its interval (bootstrap, 95 %), and p (paired randomisation test).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ragcli.api import rag_over
from ragcli.collection import CollectionReader
from ragcli.datatypes import POOLED
from ragcli.embedding import get_embedder
from ragcli.embedding.models import APART, DEFAULT_MODEL
from ragcli.engine.wiring import Engine
from ragcli.evaluation.statistics import bootstrap_interval, randomisation_p
from ragcli.places import model_cache
from ragcli.protocols import Embedder
from ragcli.settings import resolve
from ragcli.usecases.evaluation import EvalOptions
from ragcli.usecases.ingestion import IngestRequest, ingest_sources
from ragcli.workspace import Workspace, workspace_at


class Timed:
    """An embedder that counts the seconds of processor time it takes."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._embedder, name)
        return self._timed(found) if name in ("embed_documents", "embed_spans") and found is not None else found

    def _timed(self, embed: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            began = time.process_time()
            try:
                return embed(*arguments)
            finally:
                self.seconds += time.process_time() - began

        return timed


def workspace_for(index: Path) -> Workspace:
    return workspace_at(
        Path.cwd(), resolve({"index": str(index)}, environment={}, directory=Path.cwd(), user_file=Path("none"))
    )


def indexed(folder: Path, index: Path, kind: str) -> None:
    """Index the documents of `folder`, sentences as `kind` says, and print what it took."""
    identity: Mapping[str, object] = get_embedder(DEFAULT_MODEL, cache=model_cache()).identity
    identity = {name: value for name, value in identity.items() if name != "sentences"}
    if kind == POOLED:
        identity = {**identity, "sentences": POOLED}
    made = Timed(get_embedder(DEFAULT_MODEL, cache=model_cache(), identity=identity))
    reader, began = CollectionReader(folder), time.perf_counter()
    report = ingest_sources(
        workspace_for(index), IngestRequest(), reader.sources(), [], reader,
        covers=lambda _: False, on_progress=lambda _: None, make_embedder=lambda *_: made,
    )  # fmt: skip
    print(
        f"  {kind:<7} {report.chunks:6} passages, embedding {made.seconds:7.1f} s of CPU "
        f"({report.chunks / made.seconds:5.1f} a second), all {time.perf_counter() - began:7.1f} s",
        flush=True,
    )


def scores(folder: Path, index: Path, split: str | None) -> dict[str, float]:
    """Question → nDCG@10."""
    engine = Engine(workspace_for(index))
    try:
        report = rag_over(engine).evaluate(folder, options=EvalOptions(answers=False, split=split))
        return {score.id: score.metrics["ndcg@10"] for score in report.per_question}
    finally:
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", type=Path, nargs="+", metavar="COLLECTION")
    parser.add_argument("--split")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    for folder in options.collections:
        print(folder.name)
        found = {}
        with tempfile.TemporaryDirectory() as scratch:
            for kind in (APART, POOLED):
                indexed(folder, Path(scratch) / kind, kind)
                found[kind] = scores(folder, Path(scratch) / kind, options.split)
        chosen = sorted(found[APART])[options.first :: options.every]
        one, other = ([found[kind][name] for name in chosen] for kind in (APART, POOLED))
        differences = np.subtract(other, one)
        low, high = bootstrap_interval(differences.tolist()) or (0.0, 0.0)
        print(
            f"  nDCG@10 {np.mean(one):.4f} → {np.mean(other):.4f}, difference {differences.mean():+.4f} "
            f"[{low:+.4f}, {high:+.4f}], p {randomisation_p(other, one):.3f}, {len(chosen)} questions",
            flush=True,
        )


if __name__ == "__main__":
    main()
