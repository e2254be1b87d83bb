"""The audit file → lines and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text

from ragcli.render.sanitize import one_line

if TYPE_CHECKING:
    from ragcli.audit.verifying import Verification
    from ragcli.schemas import audit


def verification_lines(found: Verification) -> Iterator[Text]:
    """What was found, then whether the file is intact, and the hash of the last line."""
    for finding in found.findings:
        yield Text(f"{one_line(finding.file)}, line {finding.line} {one_line(finding.what)}")
    state = "intact" if found.intact else "NOT intact"
    yield Text(f"{state}: {found.lines} lines in {found.files} files")
    yield Text(f"SHA-256 of the last line: {found.last}")


def verification_json(path: Path, found: Verification) -> audit.AuditVerifyDocument:
    return {
        "schema": "rag.audit.verify/1",
        "file": str(path),
        "intact": found.intact,
        "files": found.files,
        "lines": found.lines,
        "last": found.last,
        "findings": [
            {"file": entry.file, "line": entry.line, "what": entry.what, "torn": entry.torn} for entry in found.findings
        ],
    }


def entry_lines(entries: Sequence[dict[str, Any]]) -> Iterator[Text]:
    """A line for each entry: when, who, what, what came of it, and the documents or subjects."""
    if not entries:
        yield Text("nothing was recorded that fits")
    for entry in entries:
        named = [str(document["path"]) for document in entry["documents"]] + [str(name) for name in entry["subjects"]]
        told = [entry["time"], f"{entry['user'] or entry['uid']:<10}", f"{entry['command']:<7}", entry["outcome"]]
        told += [entry["question"]] if "question" in entry else []
        yield Text(one_line("  ".join([*told, ", ".join(named)]).rstrip()))


def entries_json(path: Path, entries: Sequence[dict[str, Any]]) -> audit.AuditEntriesDocument:
    return {
        "schema": "rag.audit.entries/1",
        "file": str(path),
        "entries": [cast("audit.AuditEntryDocument", entry) for entry in entries],
    }
