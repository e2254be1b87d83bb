"""Finding the files under a path, and opening one without surprises."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ragcli.datatypes import SourceFile, source_id
from ragcli.sources.ignoring import IgnoreFiles, matches_any

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})
_SKIPPED_FILES = frozenset(
    """package-lock.json yarn.lock pnpm-lock.yaml poetry.lock uv.lock Cargo.lock go.sum composer.lock Gemfile.lock
    Thumbs.db""".split()
)
_SKIPPED_ENDS = ("~", ".min.js", ".min.css", ".map", ".swp", ".pyc", ".tmp", ".part", ".crdownload")
_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])")
MAX_FILES = 200_000
MAX_FOLDERS_DEEP = 64


@dataclass(frozen=True, slots=True)
class Rules:
    """What a scan takes. `include` and `exclude` are patterns as in .gitignore, relative to the scanned folder;
    `ignore_files` says whether .gitignore and .ragignore count. Symbolic links are followed only to what lies below the
    folder."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_files: bool = True
    hidden: bool = False
    follow_symlinks: bool = False
    cross_device: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: where it is, and what the system says of it. `source.content_hash` is empty until it is read."""

    location: Path
    source: SourceFile


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not read, and why. `quiet`: left out by a rule, which is only said when somebody asks."""

    path: str
    reason: str
    quiet: bool = False


def scan(root: Path, project: Path, index: Path, rules: Rules = Rules()) -> Iterator[Found | Skipped]:
    """The files at or below `root`, in order of path.

    A file that is given itself is taken whatever the rules say. Below a folder, what the rules leave out is reported as quiet;
    symbolic links, other file systems, and things that are neither files nor folders are reported as skipped; `index` is
    never entered. Paths are relative to `project` where they lie inside it.
    """
    root = Path(os.path.abspath(root))
    if root.is_dir():
        yield from _Walk(root, project, index, rules).entries()
    else:
        yield _entry(root, root, project)


def left_out(path: Path, root: Path, rules: Rules = Rules()) -> str:
    """Why `scan` of `root` passes over a path below it, or nothing if it does not."""
    if not path.is_relative_to(root) or path == root:
        return ""
    ignored = IgnoreFiles(root, rules.ignore_files)
    current = root
    for part in path.relative_to(root).parts:
        ignored.enter(current)
        current = current / part
        reason = _rule(current, part, root, rules, ignored, folder=current != path)
        if reason:
            return reason
    return ""


def _rule(path: Path, name: str, root: Path, rules: Rules, ignored: IgnoreFiles, *, folder: bool) -> str:
    """The rule that leaves out an entry of a folder that `ignored` has entered, or nothing."""
    relative = path.relative_to(root).as_posix()
    if matches_any(rules.exclude, relative):
        return "excluded"
    if not folder and rules.include and not matches_any(rules.include, relative):
        return "not included"
    if name.startswith(".") and not rules.hidden:
        return f"hidden: {name} begins with a dot"
    if folder and name in _SKIPPED_FOLDERS:
        return f"in a folder of installed packages: {name}"
    if not folder and not rules.include and (name in _SKIPPED_FILES or name.endswith(_SKIPPED_ENDS)):
        return "made by a program: lock file, map, minified or temporary file"
    return ignored.rule(path, folder=folder)


class _Walk:
    """One walk below a folder, without recursion."""

    def __init__(self, root: Path, project: Path, index: Path, rules: Rules) -> None:
        self._root = root
        self._project = project
        self._index = index
        self._rules = rules
        status = root.stat()
        self._device = status.st_dev
        self._ignored = IgnoreFiles(root, rules.ignore_files)
        self._visited = {(status.st_dev, status.st_ino)}
        self._files = 0

    def entries(self) -> Iterator[Found | Skipped]:
        pending = [self._root]
        while pending:
            current = pending.pop()
            try:
                with os.scandir(current) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                yield self._skipped(current, f"cannot list: {error.strerror}")
                continue
            self._ignored.enter(current)
            folders: list[Path] = []
            for entry in entries:
                yield from self._visit(current / entry.name, entry, folders)
                if self._files > MAX_FILES:
                    yield self._skipped(
                        current, f"cannot go on: limit of {MAX_FILES:,} files; ingest its folders one by one"
                    )
                    return
            pending.extend(reversed(folders))

    def _visit(self, path: Path, entry: os.DirEntry[str], folders: list[Path]) -> Iterator[Found | Skipped]:
        try:
            is_folder = entry.is_dir(follow_symlinks=self._rules.follow_symlinks)
        except OSError as error:
            yield self._skipped(path, f"cannot read: {error.strerror}")
            return
        reason = _rule(path, entry.name, self._root, self._rules, self._ignored, folder=is_folder)
        if reason:
            yield Skipped(stored_path(path, self._project), reason, quiet=True)
        elif path == self._index:
            return
        elif entry.is_symlink() and not self._inside(path):
            reason = "symbolic link out of the folder" if self._rules.follow_symlinks else "symbolic link"
            yield self._skipped(path, reason)
        elif is_folder:
            refusal = self._refusal(path)
            if refusal:
                yield self._skipped(path, refusal)
            else:
                folders.append(path)
        else:
            self._files += 1
            yield _entry(path, self._root, self._project, follow=self._rules.follow_symlinks)

    def _inside(self, path: Path) -> bool:
        """Whether a link is to be followed: only if asked for, and only to what exists below the root."""
        if not self._rules.follow_symlinks:
            return False
        target = Path(os.path.realpath(path))
        return target.is_relative_to(os.path.realpath(self._root)) and target.exists()

    def _refusal(self, folder: Path) -> str:
        """Why a folder is not entered, or nothing."""
        try:
            status = folder.stat()
        except OSError as error:
            return f"cannot read: {error.strerror}"
        if status.st_dev != self._device and not self._rules.cross_device:
            return "on another file system"
        if len(folder.relative_to(self._root).parts) > MAX_FOLDERS_DEEP:
            return f"limit: more than {MAX_FOLDERS_DEEP} folders deep"
        identity = (status.st_dev, status.st_ino)
        if identity in self._visited and folder.is_symlink():
            return "symbolic link to a folder that was visited"
        self._visited.add(identity)
        return ""

    def _skipped(self, path: Path, reason: str) -> Skipped:
        return Skipped(stored_path(path, self._project), reason)


def _entry(path: Path, root: Path, project: Path, *, follow: bool = True) -> Found | Skipped:
    shown = stored_path(path, project)
    try:
        status = path.stat(follow_symlinks=follow)
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


def real_path(path: str, project: Path) -> Path:
    """Where the file is that the catalog calls `path`: what `stored_path` did to bytes that are no UTF-8 is undone."""
    location = project / path
    if "\\x" in path and not location.exists():
        name = _ESCAPED.sub(
            lambda match: bytes([int(match.group(1), 16)]).decode("utf-8", errors="surrogateescape"), path
        )
        return project / name
    return location


def open_source(path: Path) -> int:
    """A descriptor of a file's content; opening never waits, as it would for a pipe. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
