"""Gold questions: what was asked, what answers it, and where that stands. Evidence is named by path and quotation or page,
never by chunk, so that cutting documents differently does not make a gold set worthless.

    {"id": "q1", "question": "…", "answerable": true, "answers": ["25 days"], "must_contain": ["25"], "tags": ["leave"],
     "evidence": [{"path": "handbook.md", "quote": "25 days of annual leave"}]}

`relevant` (a list of paths) stands for whole documents. What makes an answer right is said by phrases: each group of
`must_groups` must be matched by one of its alternatives, nothing of `must_not` may occur, and the answer may have
`max_characters`:

    {"question": "…", "must_groups": [["25 days", "25 working days"], ["pro rata"]], "must_not": ["28 days"],
     "max_characters": 400}

See `ragcli.evaluation.judging` for how they are matched, and `ragcli.evaluation.importing` for what other tools write.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli.errors import GoldError
from ragcli.evaluation.importing import read_rows

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that must be found: a quotation in a document, a page or section of it, or (with none of these) the document.

    An empty path means any document.
    """

    path: str
    quote: str = ""
    page: int | None = None
    heading: str = ""

    @property
    def is_document(self) -> bool:
        """Whether the whole document is meant."""
        return not self.quote and self.page is None and not self.heading


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """One judged question. `grades` runs parallel to `evidence`; `line` is where it stands in its file. A group of
    `must_groups` is never empty; `max_characters` is None when the question does not set it."""

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    must_contain: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    grades: tuple[float, ...] = ()
    tags: tuple[str, ...] = ()
    line: int = 0
    must_groups: tuple[tuple[str, ...], ...] = ()
    must_not: tuple[str, ...] = ()
    max_characters: int | None = None


def load_gold(path: Path) -> list[GoldQuestion]:
    """The questions of a gold file in order. Raises GoldError listing every malformed one."""
    questions, problems = parse_gold(path)
    if problems:
        shown = "\n  ".join(f"line {number}: {text}" for number, text in problems[:_SHOWN])
        more = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise GoldError(f"{path} has {len(problems)} malformed lines:\n  {shown}{more}", hint=f"rag gold lint {path}")
    if not questions:
        raise GoldError(
            f"{path} holds no questions", hint='one JSON object a line: {"question": "…", "relevant": ["PATH"]}'
        )
    return questions


def parse_gold(path: Path) -> tuple[list[GoldQuestion], list[tuple[int, str]]]:
    """The well-formed questions in order, and (line, what is wrong) for the others. Raises GoldError when the file cannot be
    read at all."""
    questions: list[GoldQuestion] = []
    problems: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for number, row in read_rows(path):
        try:
            if isinstance(row, ValueError):
                raise row
            question = _question(row, number)
            if question.id in seen:
                raise ValueError(f"the id {question.id!r} was used before, in line {seen[question.id]}")
            seen[question.id] = number
            questions.append(question)
        except ValueError as error:
            problems.append((number, str(error)))
    return questions, problems


def _question(row: Any, line: int) -> GoldQuestion:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("no question")
    evidence = [_evidence(entry) for entry in _list(row, "evidence")]
    if not evidence:
        evidence = [Evidence(_text(path, "relevant")) for path in _list(row, "relevant")]
    answers = _texts(row, "answers")
    must_contain = _texts(row, "must_contain")
    must_groups = tuple(_group(entry) for entry in _list(row, "must_groups"))
    answerable = row.get("answerable", bool(evidence or answers or must_contain or must_groups))
    if not isinstance(answerable, bool):
        raise ValueError("answerable is neither true nor false")
    return GoldQuestion(
        id=str(row.get("id", line)),
        question=text.strip(),
        answerable=answerable,
        answers=answers,
        must_contain=must_contain,
        evidence=tuple(entry for entry, _ in _graded(evidence, row)) if answerable else (),
        grades=tuple(grade for _, grade in _graded(evidence, row)) if answerable else (),
        tags=_texts(row, "tags"),
        line=line,
        must_groups=must_groups,
        must_not=_texts(row, "must_not"),
        max_characters=_length(row),
    )


def _graded(evidence: list[Evidence], row: dict[str, Any]) -> list[tuple[Evidence, float]]:
    grades = [entry.get("grade", 1.0) if isinstance(entry, dict) else 1.0 for entry in _list(row, "evidence")]
    if any(isinstance(grade, bool) or not isinstance(grade, (int, float)) or grade <= 0 for grade in grades):
        raise ValueError("a grade is not a positive number")
    return list(zip(evidence, [float(g) for g in grades] or [1.0] * len(evidence), strict=True))


def _evidence(entry: Any) -> Evidence:
    if not isinstance(entry, dict) or not isinstance(entry.get("path", ""), str):
        raise ValueError("evidence without a path")
    page = entry.get("page")
    if page is not None and (not isinstance(page, int) or isinstance(page, bool)):
        raise ValueError("evidence with a page that is not a number")
    found = Evidence(
        entry.get("path", ""), _text(entry.get("quote", ""), "quote"), page, _text(entry.get("heading", ""), "heading")
    )
    if not found.path and not found.quote:
        raise ValueError("evidence without a path")
    return found


def _list(row: dict[str, Any], key: str) -> list[Any]:
    value = row.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key} is not a list")
    return value


def _texts(row: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(_text(entry, key) for entry in _list(row, key))


def _group(entry: Any) -> tuple[str, ...]:
    if not isinstance(entry, list):
        raise ValueError('must_groups is not a list of lists, like [["25 days", "25 working days"]]')
    if not entry:
        raise ValueError("a group of must_groups is empty, so that no answer can match it")
    return tuple(_text(phrase, "must_groups") for phrase in entry)


def _length(row: dict[str, Any]) -> int | None:
    value = row.get("max_characters")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError("max_characters is not a number of characters above 0")
    return value


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} holds something that is not a text")
    return value


def first_half(identifier: str) -> bool:
    """Whether the question of this id is in the first of two halves, which are the same in every run."""
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0
