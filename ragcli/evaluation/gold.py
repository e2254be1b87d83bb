"""Gold questions: JSON lines that name their evidence by path and quotation or page, never by chunk.

    {"id": "q1", "question": "…", "answerable": true, "answers": ["25 days"],
     "evidence": [{"path": "handbook.md", "quote": "25 days of annual leave"}]}

`relevant` (a list of paths) stands for whole documents; `files`, `answer` and `pages` are read as other tools write them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli.errors import GoldError


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that must be found: a quotation in a document, a page of it, or (with neither) the document."""

    path: str
    quote: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """One judged question. `grades` runs parallel to `evidence`."""

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    grades: tuple[float, ...] = ()
    line: int = 0


def load_gold(path: Path) -> list[GoldQuestion]:
    """The questions of a gold file in order. Raises GoldError listing every malformed line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise GoldError(f"cannot read the gold file {path}: {reason}", hint="rag eval GOLD.jsonl") from error
    questions: list[GoldQuestion] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _question(json.loads(line), number)
            if question.id in seen:
                raise ValueError(f"the id {question.id!r} was used before")
            seen.add(question.id)
            questions.append(question)
        except (ValueError, RecursionError) as error:
            problems.append(f"line {number}: {error}")
    if problems:
        shown = "\n  ".join(problems[:20]) + (f"\n  and {len(problems) - 20} more" if len(problems) > 20 else "")
        raise GoldError(f"{path} has {len(problems)} malformed lines:\n  {shown}", hint=f"edit {path}")
    if not questions:
        raise GoldError(
            f"{path} holds no questions", hint='one JSON object a line: {"question": "…", "relevant": ["PATH"]}'
        )
    return questions


def _question(row: Any, line: int) -> GoldQuestion:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    text = row.get("question", row.get("query", row.get("text")))
    if not isinstance(text, str) or not text.strip():
        raise ValueError("no question")
    evidence = [_evidence(entry) for entry in _list(row, "evidence")]
    if not evidence:
        paths = _list(row, "relevant") or _list(row, "files")
        evidence = [Evidence(_text(path, "relevant")) for path in paths]
    answers = _list(row, "answers") or ([row["answer"]] if isinstance(row.get("answer"), str) else [])
    answerable = row.get("answerable", bool(evidence or answers))
    if not isinstance(answerable, bool):
        raise ValueError("answerable is neither true nor false")
    return GoldQuestion(
        id=str(row.get("id", row.get("_id", line))),
        question=text,
        answerable=answerable,
        answers=tuple(_text(answer, "answers") for answer in answers),
        evidence=tuple(evidence) if answerable else (),
        grades=(1.0,) * len(evidence) if answerable else (),
        line=line,
    )


def _evidence(entry: Any) -> Evidence:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise ValueError("evidence without a path")
    page = entry.get("page")
    if page is not None and (not isinstance(page, int) or isinstance(page, bool)):
        raise ValueError("evidence with a page that is not a number")
    return Evidence(entry["path"], _text(entry.get("quote", ""), "quote"), page)


def _list(row: dict[str, Any], key: str) -> list[Any]:
    value = row.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key} is not a list")
    return value


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} holds something that is not a text")
    return value
