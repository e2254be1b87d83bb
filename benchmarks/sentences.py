"""How often the answer stands in the pieces of an extractive answer.

    python benchmarks/sentences.py COLLECTION INDEX [--every N] [--first N] [--alone]

`COLLECTION` is a BEIR folder with `answers.jsonl` (`_id`, `answers`), `INDEX` an index of it, made by `rag eval`. Prints the
share of questions whose answer stands in the first piece, and in at most two and three, and the length of an answer.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

from ragcli.drafts import Claim
from ragcli.engine.searching import with_surroundings
from ragcli.engine.wiring import Engine
from ragcli.generation.extractive import ExtractiveGenerator
from ragcli.settings import resolve
from ragcli.text.folding import contains_quote
from ragcli.workspace import workspace_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="choose without the states of tokens")
    options = parser.parse_args()
    settings = resolve({"index": str(options.index)}, environment={}, directory=Path.cwd(), user_file=Path("none"))
    engine = Engine(workspace_at(Path.cwd(), settings))
    answers = {row["_id"]: row["answers"] for row in _rows(options.collection / "answers.jsonl")}
    questions = _rows(options.collection / "queries.jsonl")[options.first :: options.every]
    choose = replace(engine.chooser, embed_tokens=None) if options.alone else engine.chooser
    generator = ExtractiveGenerator(choose)
    retriever = engine.retriever()
    found, given, characters, spent = [0, 0, 0], 0, 0, 0.0
    for question in questions:
        hits = with_surroundings(engine.index.reader, retriever.retrieve(question["text"], 5).hits)
        started = time.process_time()
        claims = [event for event in generator.generate(question["text"], hits) if isinstance(event, Claim)]
        spent += time.process_time() - started
        given += len(claims)
        characters += sum(len(claim.shown) for claim in claims)
        for count in range(3):
            said = " ".join(claim.shown for claim in claims[: count + 1])
            found[count] += any(contains_quote(said, answer) for answer in answers[question["_id"]])
    shares = ", ".join(f"{count + 1}: {hits / len(questions):.3f}" for count, hits in enumerate(found))
    print(f"{len(questions)} questions; the answer stands in the first pieces {shares}")
    print(f"{given / len(questions):.2f} pieces and {characters / len(questions):.0f} characters an answer, "
          f"{spent / len(questions) * 1000:.0f} ms of CPU to choose them")  # fmt: skip
    engine.close()


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
