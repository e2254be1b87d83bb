"""Exact search against Chroma's graph: how many of the nearest passages the graph finds, and what a search takes.

    python benchmarks/engines.py INDEX [--questions 300] [--scan 250000]

INDEX is a folder `.rag` whose Chroma collection is complete. A question is a mixture of the vectors of two passages of the
index (.6 and .4) with a little noise. Recall is the share of the exact k nearest that the graph
gives. With --scan N, N random vectors of the index's dimension are compared with one as well, all in memory.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Filter
from ragcli.index.ranking import cosines, top
from ragcli.index.sqlite.reader import IndexReader

if TYPE_CHECKING:
    from ragcli.datatypes import Vector


def timed(reader: IndexReader, question: Vector, k: int) -> tuple[set[int], float]:
    """The rows that a search finds, and its milliseconds."""
    begun = time.perf_counter()
    found = reader.dense_search(question, k, Filter())
    return {entry.key for entry in found}, (time.perf_counter() - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--scan", type=int, default=0)
    given = parser.parse_args()
    with (
        closing(IndexReader(given.index)) as exact,
        closing(IndexReader(given.index, engine="chroma")) as graph,
    ):
        if graph.engine_state("chroma").answers != "chroma":
            parser.error(f"{given.index} has no complete Chroma collection; rag ingest makes it")
        count, dimension = exact.manifest.next_row - 1, exact.manifest.dimension
        vectors = exact.vectors(range(1, count + 1))
        chance = np.random.default_rng(1)
        pairs = chance.integers(count, size=(given.questions, 2))
        noise = chance.standard_normal((given.questions, dimension)) * 0.02
        questions = (vectors[pairs[:, 0]] * 0.6 + vectors[pairs[:, 1]] * 0.4 + noise).astype(np.float32)
        questions /= np.linalg.norm(questions, axis=1, keepdims=True)
        _, first = timed(graph, questions[0], 10)
        print(f"{count:,} rows, {len(questions)} questions; the first search by the graph: {first:.0f} ms")
        for k in (10, 100):
            recalls, by_exact, by_graph = [], [], []
            for question in questions:
                wanted, spent = timed(exact, question, k)
                by_exact.append(spent)
                found, spent = timed(graph, question, k)
                by_graph.append(spent)
                recalls.append(len(wanted & found) / len(wanted))
            print(
                f"k {k}: recall {statistics.fmean(recalls):.4f}, median ms exact {statistics.median(by_exact):.1f}, "
                f"chroma {statistics.median(by_graph):.1f}"
            )
        if given.scan:
            matrix = chance.standard_normal((given.scan, dimension), dtype=np.float32)
            times = []
            for _ in range(5):
                begun = time.perf_counter()
                top(cosines(matrix, questions[0]), 100)
                times.append((time.perf_counter() - begun) * 1000)
            print(f"{given.scan:,} random vectors compared with one: median {statistics.median(times):.0f} ms")


if __name__ == "__main__":
    main()
