"""How fast a model answers: load, prompt tokens a second, time to the first token, tokens a second.

    python benchmarks/answers.py MODEL [--index DIR] [--questions FILE]

`MODEL` is whatever `rag ask --model` takes. Every question is asked once, in order, with one loaded model and no kept drafts;
what a prompt shares with the one before it is not evaluated again and is counted apart. Without `--questions`, the answerable
questions of `examples/gold.jsonl` are asked of the index of `make demo`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from ragcli.datatypes import Filter
from ragcli.drafts import Usage
from ragcli.engine.wiring import Engine
from ragcli.settings import resolve
from ragcli.workspace import workspace_at

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--index", type=Path, default=ROOT / ".venv/demo/.rag")
    parser.add_argument("--questions", type=Path, default=ROOT / "examples/gold.jsonl")
    options = parser.parse_args()
    flags = {"index": str(options.index), "answer_model": options.model, "answer_cache": False, "answer_threshold": 0.0}
    resolved = resolve(flags, environment={}, directory=Path.cwd(), user_file=Path("none"))
    engine = Engine(workspace_at(Path.cwd(), resolved))
    lines = [json.loads(line) for line in options.questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    answerer = engine.answerer()
    used: list[Usage] = []
    for line in lines:
        if line.get("answerable", True):
            usage = answerer.answer(line["question"], 5, Filter()).usage
            used += [usage] if usage else []
    if not used:
        print(f"{options.model} writes nothing that is counted")
        return
    rates = [(u.prompt_tokens - u.reused_tokens) / u.first_token_ms * 1000 for u in used if u.first_token_ms]
    speeds = [(u.answer_tokens - 1) / (u.total_ms - u.first_token_ms) * 1000 for u in used if u.answer_tokens > 1]
    print(f"{options.model}: {len(used)} answers, loaded in {used[0].load_ms:.0f} ms")
    prompt, reused = _mean([u.prompt_tokens for u in used]), _mean([u.reused_tokens for u in used])
    print(f"prompt {prompt:.0f} tokens, of them {reused:.0f} reused")
    print(f"first token after {statistics.median(u.first_token_ms for u in used):.0f} ms (median)")
    print(f"{statistics.median(rates):.0f} prompt tokens/s, {statistics.median(speeds):.1f} tokens/s (medians)")
    engine.close()


def _mean(values: list[int]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
