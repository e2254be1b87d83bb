"""What becomes of a language model's drafts: who answered, what was shown, how often it is right beside the extractive answer.

    python benchmarks/written.py MODEL --index DIR --questions GOLD.jsonl [--first N]

`MODEL` is whatever `rag ask --model` takes. Of the answerable questions of the gold file, the first N are asked twice: of the
extractive generator and of the model, with the same threshold and no kept drafts. An answer is right when one phrase of each
of the question's `must_groups` (or each phrase of `must_contain`) stands in it, case and white space aside, and none of
`must_not`. Printed are the modes and the ends of the drafts, the right answers of both, and three counts that should be 0:
citations shown that do not hold, sentences shown twice or in a loop, and sentences that show the fence word of the prompt.
Interrupted, it prints what it has.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from ragcli.datatypes import Filter
from ragcli.engine.wiring import Engine
from ragcli.generation.cleaning import loops
from ragcli.generation.prompt import fence_of
from ragcli.results import Answer
from ragcli.settings import resolve
from ragcli.text.folding import contains_quote
from ragcli.usecases.prompting import make_prompt
from ragcli.workspace import workspace_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--first", type=int, default=60)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [line for line in lines if line.get("answerable", True)][: options.first]
    flags = {
        "index": str(options.index),
        "answer_cache": False,
        "answer_verify": "drop",
        "answer_threads": options.threads,
    }
    copying = _engine({**flags, "answer_model": "extractive"})
    writing = _engine({**flags, "answer_model": options.model})
    answerer, copier = writing.answerer(), copying.answerer()
    counts: Counter[str] = Counter()
    with suppress(KeyboardInterrupt):
        for line in lines:
            extractive = _right(line, copier.answer(line["question"], 5, Filter()))
            answer = answerer.answer(line["question"], 5, Filter())
            fence = ""
            if answer.mode == "generated":
                prompt = make_prompt(writing.search(), writing.prompter(), line["question"], 5, Filter())
                fence = fence_of(prompt)
            _count(counts, answer, fence)
            counts["right"] += _right(line, answer)
            counts["right, extractive"] += extractive
            counts["questions"] += 1
            print(
                f"{line['id']}: {answer.mode}, {'right' if _right(line, answer) else 'not right'}",
                file=sys.stderr,
                flush=True,
            )
    for what, count in sorted(counts.items()):
        print(f"{count:>5}  {what}")
    copying.close()
    writing.close()


def _count(counts: Counter[str], answer: Answer, fence: str) -> None:
    counts[f"mode {answer.mode}"] += 1
    counts[f"ended: {answer.stopped}"] += 1
    counts["citations that do not hold"] += sum(c.status == "unsupported" for c in answer.citations)
    texts = [" ".join(sentence.text.lower().split()) for sentence in answer.sentences]
    counts["said twice or in a loop"] += len(texts) - len(set(texts)) + sum(map(loops, texts))
    counts["fence words"] += sum(bool(fence) and fence in text for text in texts)


def _engine(flags: dict[str, Any]) -> Engine:
    resolved = resolve(flags, environment={}, directory=Path.cwd(), user_file=Path("none"))
    return Engine(workspace_at(Path.cwd(), resolved))


def _right(line: dict[str, Any], answer: Answer) -> bool:
    groups = line.get("must_groups") or [[phrase] for phrase in line.get("must_contain", [])]
    found = all(any(contains_quote(answer.text, phrase) for phrase in group) for group in groups)
    return (
        answer.answered
        and found
        and not any(contains_quote(answer.text, phrase) for phrase in line.get("must_not", []))
    )


if __name__ == "__main__":
    main()
