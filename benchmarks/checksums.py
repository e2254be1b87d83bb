"""What the checksums of an index cost: their share of an ingest without embedding, and of a warm question.

    python benchmarks/checksums.py FOLDER QUESTIONS [--count N]

`FOLDER` is ingested into a new index; `QUESTIONS` is a JSON Lines file with a field `question` or `text`. Every function that
computes or compares checksums is timed where it is called (the outermost of nested calls; the timing itself counts as theirs).
Prints CPU seconds of this process without the embedder, and of these the share of checksums; then, after one round that warms
up, CPU milliseconds of a search and of an answer, with the share of checksums. What parsers and Chroma's process use is not in
the CPU time, so the shares are rather too high. Not counted: that rows with checksums are longer, and the triggers that add
them up; compare with an ingest of a version before format 6 for these.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from ragcli import Rag
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.index.sqlite import (  # the last two so that the meter finds what they import  # noqa: F401  # noqa: F401
    checksums,
    committed,
    reader,
    termlists,
    vectors,
    writer,
)

NAMES = ("checksum", "checked", "seal", "seal_segment", "check_committed", "write_committed", "read_segments")


class Meter:
    """Seconds of CPU that the wrapped functions took in this thread."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = False

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return function(*arguments, **named)
            self._inside, started = True, time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.thread_time() - started
                self._inside = False

        return call

    def install(self) -> None:
        """Put the meter around every function of `NAMES`, wherever it was imported, and around the methods that check."""
        homes = [module for name, module in sys.modules.items() if name.startswith("ragcli.index")]
        for function in NAMES:
            home = next(module for module in (checksums, committed, termlists) if hasattr(module, function))
            timed, original = self.timed(getattr(home, function)), getattr(home, function)
            for module in homes:
                if getattr(module, function, None) is original:
                    setattr(module, function, timed)
        for owner, method in ((termlists.TermLists, "check_postings"), (termlists.TermLists, "check_beginning"),
                              (vectors.VectorFile, "sound")):  # fmt: skip
            setattr(owner, method, self.timed(getattr(owner, method)))


def timed_embedder() -> Meter:
    """A meter around the embedder of the words, which is no part of what is measured."""
    meter = Meter()
    HashingEmbedder.embed_documents = meter.timed(HashingEmbedder.embed_documents)  # type: ignore[method-assign]
    return meter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    questions = [str(line.get("question") or line["text"]) for line in lines][: options.count]
    meter, embedder = Meter(), timed_embedder()
    meter.install()
    with tempfile.TemporaryDirectory() as scratch, Rag.create(f"{scratch}/.rag", embedding_model="hashing") as rag:
        started = time.process_time()
        report = rag.ingest(options.folder.resolve())
        seconds = time.process_time() - started - embedder.seconds
        print(
            f"ingest of {report.chunks:,} passages without embedding: {seconds:.2f} s of CPU time, checksums "
            f"{meter.seconds:.2f} s, {meter.seconds / (seconds - meter.seconds):.1%} of the rest"
        )
        measured("search", lambda question: rag.query(question, k=5), questions, meter)
        measured("answer", lambda question: rag.ask(question, k=5), questions, meter)


def measured(name: str, ask: Callable[[str], object], questions: list[str], meter: Meter) -> None:
    """Ask everything twice, and print what the second round took."""
    for question in questions:
        ask(question)
    meter.seconds, started = 0.0, time.thread_time()
    for question in questions:
        ask(question)
    seconds = time.thread_time() - started
    print(
        f"{name}: {1000 * seconds / len(questions):.2f} ms of CPU time a question, checksums "
        f"{1000 * meter.seconds / len(questions):.2f} ms, {meter.seconds / (seconds - meter.seconds):.1%} of the rest"
    )


if __name__ == "__main__":
    main()
