"""What `rag` says without a command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from ragcli.render.sanitize import one_line
from ragcli.text.counting import counted

if TYPE_CHECKING:
    from ragcli.reports import Overview
    from ragcli.schemas.program import OverviewDocument

_KINDS = 6  # suffixes that are named


def overview_lines(found: Overview) -> Iterator[Text | str]:
    """What is here, and the commands to go on with."""
    if found.index:
        held = f"{counted(found.documents, 'document')} in {counted(found.chunks, 'chunk')}"
        yield f"The index {one_line(found.index)} holds {held}."
    elif found.files:
        yield f"There is no index here or above. {_files(found)}"
    else:
        yield "There is no index here or above, and no file that one could be made of."
    yield ""
    for command, meaning in next_commands(found):
        yield Text.assemble((f"  {command:<34}", "bold"), meaning)


def _files(found: Overview) -> str:
    kinds = list(found.files.items())
    shown = ", ".join(f"{count:,} {one_line(suffix)}" for suffix, count in kinds[:_KINDS])
    more = ", and others" if len(kinds) > _KINDS else ""
    total = sum(found.files.values())
    least = "" if found.complete else "at least "
    return f"This folder has {least}{counted(total, 'file')}: {shown}{more}."


def next_commands(found: Overview) -> list[tuple[str, str]]:
    """The commands that make sense now, each with what it does."""
    if found.index and found.documents:
        first = [
            ("rag ask what is …", "answer a question with citations"),
            ("rag query …", "show the passages that fit"),
            ("rag ingest", "take in what changed"),
            ("rag ls", "list the documents"),
        ]
    elif found.index:
        first = [("rag ingest PATH", "index files and folders"), ("rag ls --failed", "say what could not be read")]
    else:
        first = [
            ("rag ingest ." if found.files else "rag ingest PATH", "index them" if found.files else "index a folder"),
            ("rag ingest . --dry-run", "only say what would happen to each file"),
        ]
    return [*first, ("rag --help", "list all commands")]


def overview_json(found: Overview) -> OverviewDocument:
    """The same as `rag --json` prints it."""
    return {
        "schema": "rag.overview/1",
        "directory": found.directory,
        "index": found.index or None,
        "documents": found.documents,
        "chunks": found.chunks,
        "roots": list(found.roots),
        "files": dict(found.files),
        "complete": found.complete,
    }
