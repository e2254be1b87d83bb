"""Reading the audit file, and finding what was changed in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli.audit.chain import Head, head_path, line_hash, parts_of, read_head, undisturbed
from ragcli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a line: `file` is the name of its file, `line` counts from 1 in that file. `torn`: a process was killed
    while it wrote, which is no sign that somebody changed anything."""

    file: str
    line: int
    what: str
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """`lines` is how many were read in how many `files`; `last` is the hash of the last one, "" when there is none."""

    files: int
    lines: int
    last: str
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, moved, taken away or added; torn lines do not count."""
        return all(finding.torn for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Line:
    file: str
    number: int
    content: bytes
    ended: bool  # by a line break

    @property
    def entry(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self.content)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


def verify(path: Path) -> Verification:
    """Hold every line of the audit file at `path`, and of its full files, against the one before, and the last against the
    head. Findings are in the order of the lines. Raises UsageError when there is no such file."""
    with undisturbed(path):
        lines, head = list(_lines(path)), read_head(path)
    findings: list[Finding] = []
    previous = head.start if head else None
    for position, line in enumerate(lines):
        following = lines[position + 1].entry if position + 1 < len(lines) else None
        findings += _about(line, previous, position + 1, following, head)
        previous = line_hash(line.content)
    findings += _about_end(path, lines, head)
    parts = parts_of(path)
    return Verification(len(parts), len(lines), line_hash(lines[-1].content) if lines else "", tuple(findings))


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of the audit file and its full files as objects, oldest first; those that are torn or no JSON are passed over.
    Raises UsageError when there is no such file."""
    for line in _lines(path):
        entry = line.entry
        if entry is not None:
            yield entry


def _lines(path: Path) -> Iterator[_Line]:
    parts = parts_of(path)
    if not parts:
        raise UsageError(f"there is no audit file at {path}", hint="rag config show says what audit.file is")
    for part in parts:
        try:
            with part.open("rb") as stream:
                for number, content in enumerate(stream, start=1):
                    yield _Line(part.name, number, content.rstrip(b"\n"), content.endswith(b"\n"))
        except OSError as error:
            raise UsageError(f"cannot read {part}: {error.strerror}", hint="check its permissions") from error


def _about(
    line: _Line, previous: str | None, position: int, following: dict[str, Any] | None, head: Head | None
) -> list[Finding]:
    entry = line.entry
    if entry is None:
        killed = head is not None and head.pending != "" and not line.ended
        torn = killed or bool(following and following.get("after_torn") and _follows(following, line))
        what = (
            "is torn: a process was stopped while it wrote the line"
            if torn
            else "is not JSON: it was changed or cut off"
        )
        return [Finding(line.file, line.number, what, torn)]
    found = []
    if previous is not None and entry.get("previous") != previous:
        what = "does not follow the line before: that one was changed, or lines were taken away, added or moved here"
        found.append(Finding(line.file, line.number, what))
    if entry.get("sequence") != position:
        what = f"has the number {entry.get('sequence')} where {position} is expected: lines were taken away, added or moved"
        found.append(Finding(line.file, line.number, what))
    return found


def _follows(entry: dict[str, Any], line: _Line) -> bool:
    return bool(entry.get("previous") == line_hash(line.content))


def _about_end(path: Path, lines: list[_Line], head: Head | None) -> list[Finding]:
    name, number = (lines[-1].file, lines[-1].number) if lines else (path.name, 1)
    if head is None:
        return [Finding(name, number, f"cannot be held against {head_path(path).name}, which is missing or no head")]
    last = line_hash(lines[-1].content) if lines else head.start
    unfinished = bool(lines) and lines[-1].entry is None and head.pending != ""
    if last == head.last or (head.pending and last == head.pending) or unfinished:
        return []
    if len(lines) < head.count:
        what = f"is the last line, but {head.count} lines were written: {head.count - len(lines)} are missing after it"
    elif len(lines) > head.count:
        what = f"was added by another program: {head.count} lines were written, and there are {len(lines)}"
    else:
        what = "is not the last line that was written: it was changed"
    return [Finding(name, number, what)]
