"""The questions that were asked and what was shown for them, for `rag history`, `rag open`, `rag gold add` and `rag export`.
In the user's state folder, not in the index."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import DocumentRecord, Span
from ragcli.errors import UsageError
from ragcli.files import read_text
from ragcli.places import history_file, last_result
from ragcli.private import make_private_folder, open_private, replace_private
from ragcli.results import Answer, QueryResult

if TYPE_CHECKING:
    from ragcli.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Shown:
    """Something with a number that was on the screen: a citation, or a passage of a query. `file` is its absolute path, or an
    address when it is no file; `ref` names its characters, as `rag get` reads them; `index` is that of its collection, ""
    where none was chosen by name."""

    number: int
    path: str
    file: str
    is_file: bool
    page: int | None
    line: int | None
    quote: str
    ref: str = ""
    index: str = ""


@dataclass(frozen=True, slots=True)
class Last:
    """`shown` are the citations of an answer, else that of the closest piece, else the hits, in the order of their numbers.
    `number` is that of `rag history`, 0 where none is kept; `answered` is None for a query; `text` is the answer, or the
    closest piece, with the numbers of its citations; `filters` are the conditions that it was asked with, `model` who
    answered."""

    question: str
    index: str
    answer: str | None
    answered: bool | None
    shown: tuple[Shown, ...]
    number: int = 0
    asked: str = ""
    text: str = ""
    filters: tuple[str, ...] = ()
    model: str = ""

    @property
    def places(self) -> tuple[tuple[str, int | None, str], ...]:
        """(path in the index, page, quotation) of what a gold question would rest on: the citations, else the first hit."""
        chosen = self.shown if self.answered else self.shown[: 1 if self.answered is None else 0]
        return tuple((entry.path, entry.page, entry.quote if self.answered else "") for entry in chosen)


def remember(workspace: Workspace, result: QueryResult | Answer, filters: Sequence[str] = ()) -> None:
    """Keep what was shown for later; a folder that cannot be written to is no error."""
    answered = result.answered if isinstance(result, Answer) else None
    found = Last(
        result.question,
        str(workspace.index_directory),
        result.text if isinstance(result, Answer) and result.answered else None,
        answered,
        places_of(result, workspace),
        asked=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        text=_marked(result) if isinstance(result, Answer) else "",
        filters=tuple(filters),
        model=(result.model or result.mode) if isinstance(result, Answer) and result.answered else "",
    )
    try:
        file = last_result()
        make_private_folder(file.parent)
        found = _kept(found, workspace.settings.history)
        replace_private(file, json.dumps(asdict(found)))
    except OSError:
        pass


def _kept(found: Last, most: int) -> Last:
    """`found` with its number, appended to the history of at most `most` questions (a tenth more until it is cut)."""
    file = history_file()
    if most <= 0:
        file.unlink(missing_ok=True)
        return found
    lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    before = next((entry for line in reversed(lines) if (entry := _read(line))), None)
    found = replace(found, number=(before.number if before else 0) + 1)
    line = json.dumps(asdict(found)) + "\n"
    if len(lines) >= most + most // 10:
        replace_private(file, b"".join(lines[-most + 1 :] if most > 1 else []).decode() + line)
        return found
    with os.fdopen(open_private(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "w", encoding="utf-8") as stream:
        stream.write(line)
    return found


def asked_before() -> list[Last]:
    """The history, oldest first; lines that cannot be read are passed over."""
    try:
        lines = history_file().read_bytes().splitlines()
    except OSError:
        return []
    return [entry for line in lines if (entry := _read(line))]


def entry_of(number: int) -> Last:
    """The entry of the history with this number. Raises UsageError."""
    found = next((entry for entry in asked_before() if entry.number == number), None)
    if found is None:
        raise UsageError(f"the history has no question {number}", hint="rag history lists them")
    return found


def clear_history() -> int:
    """Forget all questions, also the last one; returns how many there were."""
    count = len(asked_before())
    history_file().unlink(missing_ok=True)
    last_result().unlink(missing_ok=True)
    return count


def _marked(answer: Answer) -> str:
    """The answer, or what comes closest to one, with the numbers of its citations."""
    if not answer.answered:
        return f"{answer.closest.sentence.read} [{answer.closest.citation.marker}]" if answer.closest else ""
    return "".join(
        f"{one.lead}{one.field + ': ' if one.field else ''}{one.read}{''.join(f' [{marker}]' for marker in one.markers)}"
        for one in answer.sentences
    ).strip()


def places_of(result: QueryResult | Answer, workspace: Workspace) -> tuple[Shown, ...]:
    """What was shown with a number, as `Last.shown` has it; stored paths are those of `workspace`."""
    if isinstance(result, Answer) and result.answered:
        return tuple(_shown(workspace, c.marker, c.document, c.span, c.quote) for c in result.citations)
    if isinstance(result, Answer) and result.closest:
        closest = result.closest.citation
        return (_shown(workspace, closest.marker, closest.document, closest.span, closest.quote),)
    passages = [(hit.rank, hit.passage) for hit in result.hits]
    return tuple(_shown(workspace, rank, p.document, p.span, p.text[:200]) for rank, p in passages)


def _shown(workspace: Workspace, number: int, document: DocumentRecord, span: Span, quote: str) -> Shown:
    project = workspace.project_of(document.collection)
    file = os.path.abspath(os.path.join(project, document.path)) if document.is_file else document.path
    ref = f"{document.own_id[:12]}:{span.start}-{span.end}"
    index = str(workspace.index_of(document.collection)) if document.collection else ""
    return Shown(number, document.path, file, document.is_file, span.page_start, span.line_start, quote, ref, index)


def last() -> Last:
    """Raises UsageError when nothing was asked yet."""
    try:
        found = _read(read_text(last_result()))
    except (OSError, ValueError):
        found = None
    if found is None:
        raise UsageError("nothing was asked yet", hint="rag ask what is the hotel limit")
    return found


def _read(line: str | bytes) -> Last | None:
    try:
        content: dict[str, Any] = json.loads(line)
        shown = tuple(Shown(**entry) for entry in content.pop("shown"))
        return Last(**{**content, "shown": shown, "filters": tuple(content.get("filters", ()))})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
