"""Milliseconds of a warm question by stage, over the questions of a gold file or BEIR folder, in one process.

    python benchmarks/retrieval.py GOLD --index DIR [--runs N]

Prints p50 and p95 of embedding, each leg, fusion and the whole as the evaluation asks (a BEIR folder: for 100 hits), of the
same questions asked for five hits, and the seconds that one evaluation of all questions takes. The vectors of the last 64
questions are kept, so "five hits" of a smaller set leaves out the embedding.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ragcli.api import rag_over
from ragcli.engine.wiring import Engine
from ragcli.evaluation.statistics import percentile
from ragcli.settings import resolve
from ragcli.workspace import workspace_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--index", required=True)
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    resolved = resolve({"index": arguments.index}, environment={}, directory=Path.cwd(), user_file=Path("none"))
    for run in range(arguments.runs):
        engine = Engine(workspace_at(Path.cwd(), resolved))
        started = time.perf_counter()
        report = rag_over(engine).evaluate(arguments.gold, answers=False)
        seconds = time.perf_counter() - started
        print(f"run {run + 1}: {report.questions} questions in {seconds:.1f} s, index {report.fingerprint}")
        for stage, (p50, p95) in report.latency.items():
            print(f"  {stage:<10} p50 {p50:7.2f}   p95 {p95:7.2f} ms")
        print(
            f"  {'whole':<10} p50 {report.metrics['latency_p50_ms']:7.2f}   p95 {report.metrics['latency_p95_ms']:7.2f} ms"
        )
        retriever, times = engine.retriever(), list[float]()
        for score in report.per_question:
            before = time.perf_counter()
            retriever.retrieve(score.question, 5)
            times.append(1000 * (time.perf_counter() - before))
        print(f"  {'five hits':<10} p50 {percentile(times, 0.5):7.2f}   p95 {percentile(times, 0.95):7.2f} ms")
        engine.close()


if __name__ == "__main__":
    main()
