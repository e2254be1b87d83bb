"""The last question and what was found, for `rag gold add --last` and `rag open`. In the user's state folder, not in the
index."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import DocumentRecord, Span
from ragcli.errors import UsageError
from ragcli.files import read_text
from ragcli.places import last_result
from ragcli.private import make_private_folder, replace_private
from ragcli.results import Answer, QueryResult

if TYPE_CHECKING:
    from ragcli.workspace import Workspace


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


def remember(workspace: Workspace, result: QueryResult | Answer) -> None:
    """Keep what was shown for later; a folder that cannot be written to is no error."""
    answered = result.answered if isinstance(result, Answer) else None
    text = result.text if isinstance(result, Answer) and result.answered else None
    shown = places_of(result, workspace.project)
    found = Last(result.question, str(workspace.index_directory), text, answered, shown)
    try:
        file = last_result()
        make_private_folder(file.parent)
        replace_private(file, json.dumps(asdict(found)))
    except OSError:
        pass


def places_of(result: QueryResult | Answer, project: Path) -> tuple[Shown, ...]:
    """What was shown with a number, as `Last.shown` has it; `project` is the folder that stored paths are relative to."""
    if isinstance(result, Answer) and result.answered:
        return tuple(_shown(project, c.marker, c.document, c.span, c.quote) for c in result.citations)
    if isinstance(result, Answer) and result.closest:
        closest = result.closest.citation
        return (_shown(project, closest.marker, closest.document, closest.span, closest.quote),)
    passages = [(hit.rank, hit.passage) for hit in result.hits]
    return tuple(_shown(project, rank, p.document, p.span, p.text[:200]) for rank, p in passages)


def _shown(project: Path, number: int, document: DocumentRecord, span: Span, quote: str) -> Shown:
    file = os.path.abspath(os.path.join(project, document.path)) if document.is_file else document.path
    return Shown(number, document.path, file, document.is_file, span.page_start, span.line_start, quote)


def last() -> Last:
    """Raises UsageError when nothing was asked yet."""
    try:
        content: dict[str, Any] = json.loads(read_text(last_result()))
        shown = tuple(Shown(**entry) for entry in content.pop("shown"))
        return Last(**content, shown=shown)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError("nothing was asked yet", hint='rag ask "…" first') from None
