"""Finding the files under a path, and reading one without surprises."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ragcli.datatypes import SourceFile, source_id
from ragcli.errors import LoadError

MAX_BYTES = 100_000_000
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: where it is, and what the system says of it. `source.content_hash` is empty until it is read."""

    location: Path
    source: SourceFile


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not read, and why."""

    path: str
    reason: str


def scan(root: Path, project: Path, index: Path) -> Iterator[Found | Skipped]:
    """The files at or below `root`, in order of path.

    Below a folder, hidden entries and folders of installed packages are left out silently; symbolic links, and things that
    are neither files nor folders, are reported as skipped; `index` is never entered. Paths are relative to `project` where
    they lie inside it.
    """
    root = Path(os.path.abspath(root))
    if root.is_dir():
        yield from _walk(root, project, index)
    else:
        yield _entry(root, root, project)


def left_out(path: Path, root: Path) -> str:
    """Why `scan` passes silently over a path below `root`, or nothing if it does not."""
    for part in path.relative_to(root).parts if path.is_relative_to(root) else ():
        if part.startswith("."):
            return f"hidden: {part} begins with a dot"
        if part in _SKIPPED_FOLDERS:
            return f"in a folder of installed packages: {part}"
    return ""


def _walk(root: Path, project: Path, index: Path) -> Iterator[Found | Skipped]:
    pending = [root]
    while pending:
        current = pending.pop()
        try:
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(stored_path(current, project), f"cannot list: {error.strerror}")
            continue
        folders = []
        for entry in entries:
            path = current / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                yield Skipped(stored_path(path, project), "symbolic link")
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED_FOLDERS and path != index:
                    folders.append(path)
            else:
                yield _entry(path, root, project)
        pending.extend(reversed(folders))


def _entry(path: Path, root: Path, project: Path) -> Found | Skipped:
    shown = stored_path(path, project)
    try:
        status = path.stat()
    except OSError as error:
        return Skipped(shown, f"cannot read: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return Skipped(shown, "not a regular file")
    source = SourceFile(
        source_id(shown), shown, stored_path(root, project), status.st_size, status.st_mtime_ns, status.st_ctime_ns, ""
    )
    return Found(path, source)


def stored_path(path: Path, project: Path) -> str:
    """The name of a file in the catalog: relative to the project when inside it, absolute otherwise; always valid UTF-8."""
    text = str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")


def read_bytes(found: Found) -> bytes:
    """The file's content. Raises LoadError when it cannot be read, is not a regular file any more, or is too large."""
    if found.source.size > MAX_BYTES:
        raise LoadError(f"limit: larger than {MAX_BYTES // 1_000_000} MB")
    try:
        descriptor = os.open(found.location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LoadError("not a regular file")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LoadError(f"cannot read: {error.strerror}") from error


def content_hash(data: bytes) -> str:
    """SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
