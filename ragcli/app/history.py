"""The last question and what was found, for `rag gold add --last` and `rag open`. In the user's state folder, not in the
index."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragcli.datatypes import DocumentRecord, Span
from ragcli.errors import UsageError
from ragcli.files import read_text
from ragcli.places import state_directory
from ragcli.results import Answer, QueryResult

FILE = "last.json"


@dataclass(frozen=True, slots=True)
class Shown:
    """Something with a number that was on the screen: a citation, or a passage of a query. `file` is its absolute path, or an
    address when it is no file."""

    number: int
    path: str
    file: str
    is_file: bool
    page: int | None
    line: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class Last:
    """`shown` are the citations of an answer, else that of the closest piece, else the hits, in the order of their numbers."""

    question: str
    index: str
    answer: str | None
    answered: bool | None
    shown: tuple[Shown, ...]

    @property
    def places(self) -> tuple[tuple[str, int | None, str], ...]:
        """(path in the index, page, quotation) of what a gold question would rest on: the citations, else the first hit."""
        chosen = self.shown if self.answered else self.shown[: 1 if self.answered is None else 0]
        return tuple((entry.path, entry.page, entry.quote if self.answered else "") for entry in chosen)


def remember(index: Path, project: Path, result: QueryResult | Answer) -> Last:
    """What was shown, kept for later; a folder that cannot be written to is no error."""
    answered = result.answered if isinstance(result, Answer) else None
    if isinstance(result, Answer) and result.answered:
        shown = [_shown(project, c.marker, c.document, c.span, c.quote) for c in result.citations]
    elif isinstance(result, Answer) and result.closest:
        closest = result.closest.citation
        shown = [_shown(project, closest.marker, closest.document, closest.span, closest.quote)]
    else:
        passages = [(hit.rank, hit.passage) for hit in result.hits]
        shown = [_shown(project, rank, p.document, p.span, p.text[:200]) for rank, p in passages]
    text = result.text if isinstance(result, Answer) and result.answered else None
    found = Last(result.question, str(index), text, answered, tuple(shown))
    try:
        directory = state_directory()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = directory / f"{FILE}.{os.getpid()}.{threading.get_ident()}"
        beside.write_text(json.dumps(asdict(found)), encoding="utf-8")
        beside.replace(directory / FILE)
    except OSError:
        pass
    return found


def _shown(project: Path, number: int, document: DocumentRecord, span: Span, quote: str) -> Shown:
    file = os.path.abspath(os.path.join(project, document.path)) if document.is_file else document.path
    return Shown(number, document.path, file, document.is_file, span.page_start, span.line_start, quote)


def last() -> Last:
    """Raises UsageError when nothing was asked yet."""
    try:
        content: dict[str, Any] = json.loads(read_text(state_directory() / FILE))
        shown = tuple(Shown(**entry) for entry in content.pop("shown"))
        return Last(**content, shown=shown)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError("nothing was asked yet", hint='rag ask "…" first') from None
