"""Whether a file is still what was ingested: one rule for everything that asks.

The file's size, modification time and change time must be what they were. The change time counts because a program can set the
modification time back after writing, and nothing but the system sets the change time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ragcli.datatypes import SourceFile
from ragcli.sources.scanning import real_path


def same_file(before: SourceFile, now: SourceFile) -> bool:
    """Whether the system says that a file was not written between these two looks at it."""
    return (before.size, before.mtime_ns, before.ctime_ns) == (now.size, now.mtime_ns, now.ctime_ns)


def state_of(source: SourceFile, project: Path) -> Literal["unchanged", "changed", "gone"]:
    """What became of the file behind a source of the index whose paths are relative to `project`; sources that are no files
    are unchanged."""
    if not source.is_file:
        return "unchanged"
    try:
        status = real_path(source.path, project).stat()
    except OSError:
        return "gone"
    now = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "unchanged" if now == (source.size, source.mtime_ns, source.ctime_ns) else "changed"
