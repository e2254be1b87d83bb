"""Many questions with one loaded model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import RagError, UsageError

if TYPE_CHECKING:
    from ragcli.results import Answer
    from ragcli.schemas.search import AskDocument


def read_questions(source: str) -> list[str]:
    """The questions of a file, or of stdin for `-`: one a line, or JSON Lines with `question`. Empty lines and those that
    begin with # are passed over. Raises UsageError."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {source}: {error}", hint="give a text file with one question a line") from error
    found = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not found:
        raise UsageError(f"{source} holds no questions", hint="one question a line")
    return [_question(line, source, number) for number, line in enumerate(found, start=1)]


def _question(line: str, source: str, number: int) -> str:
    if not line.startswith("{"):
        return line
    try:
        question = json.loads(line)["question"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{source}: entry {number} has no question", hint='{"question": "…"}') from error
    return str(question)


def answered_before(path: Path) -> set[str]:
    """The questions that a file of answers holds already; a last line that is cut is dropped from the file."""
    if not path.exists():
        return set()
    done: set[str] = set()
    kept = 0
    content = path.read_bytes()
    for line in content.splitlines(keepends=True):
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n"):
            break
        kept += len(line)
        if entry.get("schema") == "rag.ask/1":
            done.add(entry["question"])
    if kept < len(content):
        if content[kept:].count(b"\n"):
            raise UsageError(f"{path} is no file of answers", hint="give another --out")
        with path.open("r+b") as stream:
            stream.truncate(kept)
    return done


def answer_all(
    questions: list[str],
    ask: Callable[[str], Answer],
    document: Callable[[Answer], AskDocument],
    *,
    out: Path | None,
    on_progress: Callable[[int, int], None],
) -> Iterator[Answer | RagError]:
    """Answer in order and write one JSON line each, to `out` or stdout, at once. With `out`, questions that it answers already
    are passed over. A question that fails gives a line `rag.error/1` with the question, and the rest goes on."""
    from ragcli.render.jsonout import dumps, error

    done = answered_before(out) if out else set()
    stream = out.open("a", encoding="utf-8") if out else sys.stdout
    try:
        for number, question in enumerate(questions):
            on_progress(number, len(questions))
            if question in done:
                continue
            done.add(question) if out else None
            result: Answer | RagError
            try:
                result = ask(question)
                line = dumps(document(result))
            except RagError as problem:
                result, line = problem, dumps({**error(problem), "question": question})
            stream.write(line + "\n")
            stream.flush()
            yield result
    finally:
        if out:
            stream.close()
