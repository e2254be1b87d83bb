"""CPU milliseconds of a hybrid question when 1, 4, 16 and 64 threads of one process ask at the same time.

    python benchmarks/threads.py INDEX QUESTIONS [--callers N ...] [--count N] [--ask]

`QUESTIONS` is a JSON Lines file with a field `question` or `text` (a gold file, or queries.jsonl of a BEIR folder). All threads
share one engine and take the questions in order, each once, after one round that warms up. Prints, for each number of callers,
the CPU time of the process per question, the wall time per question, and the 50th and 95th percentile of what one caller waits.
With `--ask`, questions are answered and not only searched.
"""

from __future__ import annotations

import argparse
import json
import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ragcli.datatypes import Filter
from ragcli.engine.wiring import Engine
from ragcli.evaluation.statistics import percentile
from ragcli.settings import resolve
from ragcli.workspace import workspace_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--ask", action="store_true")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    questions = [str(line.get("question") or line["text"]) for line in lines][: options.count]
    resolved = resolve({"index": str(options.index)}, environment={}, directory=Path.cwd(), user_file=Path("none"))
    engine = Engine(workspace_at(Path.cwd(), resolved))
    retrieve, answer = engine.retriever().retrieve, engine.answerer().answer
    ask: Callable[[str], object] = (lambda q: answer(q, 5, Filter())) if options.ask else (lambda q: retrieve(q, 5))
    measured(ask, questions, 1)
    print(f"{len(questions)} questions, {engine.index.reader.manifest.next_row - 1:,} passages")
    for callers in options.callers:
        cpu, wall, waits = measured(ask, questions, callers)
        print(
            f"{callers:>3} callers: {cpu:6.1f} CPU-ms and {wall:6.1f} ms of time a question, a caller waits "
            f"{percentile(waits, 0.5):7.1f} ms (p50), {percentile(waits, 0.95):7.1f} ms (p95)"
        )
    engine.close()


def measured(ask: Callable[[str], object], questions: list[str], callers: int) -> tuple[float, float, list[float]]:
    """CPU and wall milliseconds per question, and what each question took its caller."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for question in questions:
        waiting.put(question)
    waits: list[float] = []

    def call(_: int) -> None:
        while True:
            try:
                question = waiting.get_nowait()
            except queue.Empty:
                return
            begun = time.perf_counter()
            ask(question)
            waits.append(1000 * (time.perf_counter() - begun))

    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(call, range(callers)))
    each = 1000 / len(questions)
    return each * (time.process_time() - cpu), each * (time.perf_counter() - wall), waits


if __name__ == "__main__":
    main()
