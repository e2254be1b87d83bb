"""The last question and what was found, for `rag gold add --last`. In the user's state folder, not in the index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli.errors import UsageError
from ragcli.results import Answer, QueryResult
from ragcli.settings import state_directory

FILE = "last.json"


@dataclass(frozen=True, slots=True)
class Last:
    """`places` are (path in the index, page, quotation), best first: of the citations, else of the first hit."""

    question: str
    index: str
    answer: str | None
    answered: bool | None
    places: tuple[tuple[str, int | None, str], ...]


def remember(index: Path, result: QueryResult | Answer) -> None:
    """Write the last result; a folder that cannot be written to is no error."""
    if isinstance(result, Answer):
        places = [(c.document.path, c.span.page_start, c.quote) for c in result.citations]
        answer = " ".join(sentence.text for sentence in result.sentences) if result.answered else None
        record = {"answer": answer, "answered": result.answered}
    else:
        places = [(h.passage.document.path, h.passage.span.page_start, "") for h in result.hits[:1]]
        record = {"answer": None, "answered": None}
    content = {**record, "question": result.question, "index": str(index), "places": places}
    try:
        directory = state_directory()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        (directory / FILE).write_text(json.dumps(content), encoding="utf-8")
    except OSError:
        pass


def last() -> Last:
    """Raises UsageError when nothing was asked yet."""
    try:
        content: dict[str, Any] = json.loads((state_directory() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError("nothing was asked yet", hint='rag ask "…" first') from None
    places = tuple((path, page, quote) for path, page, quote in content["places"])
    return Last(content["question"], content["index"], content["answer"], content["answered"], places)
