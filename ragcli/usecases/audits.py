"""Looking for lines of the audit file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ragcli.audit.trail import SCHEMA, question_hash, question_key
from ragcli.audit.verifying import entries
from ragcli.errors import UsageError


def shown(path: Path, since: str = "", command: str = "") -> list[dict[str, Any]]:
    """The lines of the audit file from the time `since` on (ISO 8601; without a zone: UTC; "": all) that were written by
    `command` ("": any), oldest first. Raises UsageError for a time that is none, and when there is no file."""
    begin = _time(since) if since else None
    return [
        entry
        for entry in _known(path)
        if (not command or entry["command"] == command) and (begin is None or _time(str(entry["time"])) >= begin)
    ]


def found(path: Path, question: str, state: Path) -> list[dict[str, Any]]:
    """The lines about a question, oldest first, by its hash with the key in the folder `state`, or by its text. White space
    and Unicode's ways of writing the same letter make no difference, case does. Raises UsageError when there is no file."""
    key = question_key(state, make=False)
    wanted = question_hash(question, key) if key else None

    def is_it(entry: dict[str, Any]) -> bool:
        text = entry.get("question")
        if text is not None:
            return question_hash(str(text), b"") == question_hash(question, b"")
        return wanted is not None and entry.get("question_hash") == wanted

    return [entry for entry in _known(path) if is_it(entry)]


def _known(path: Path) -> Iterator[dict[str, Any]]:
    return (entry for entry in entries(path) if entry.get("schema") == SCHEMA)


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no time", hint="--since 2026-03-01, or --since 2026-03-01T09:30") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)
