"""Appending to the audit file.

Each line is one JSON object that ends with a line break. Its `sequence` counts from 1; its `previous` is the SHA-256, in
hexadecimal digits, of the line before without its line break; that of the first line is random. Beside `FILE` lies
`FILE.head`, with the start, the number of lines and the hash of the last one, so that lines that were cut off, or added by
another program, are noticed too. The head is written before a line (with the hash of what is to come) and after it, so that a
process may be killed at any moment. Whoever may write both files can forge all of it: keep the last hash elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ragcli.errors import RagError
from ragcli.private import make_private_folder, open_private

_HEAD_BYTES = 512  # one sector of a disk, so that a head is never half written
_DIGITS = 6
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Head:
    """What was written: `count` lines, the last with the hash `last` (before the first line: `start`). `pending` is the hash of
    the line that is being written, "" when none is."""

    start: str
    count: int
    last: str
    pending: str = ""


def line_hash(line: bytes) -> str:
    """SHA-256 of a line without its line break, 64 hexadecimal digits."""
    return hashlib.sha256(line).hexdigest()


def head_path(path: Path) -> Path:
    """Where the head of the audit file at `path` lies."""
    return path.with_name(f"{path.name}.head")


def parts_of(path: Path) -> list[Path]:
    """The full files (`FILE.000001` …) in the order in which they were written, then the one that is written now."""
    full = [p for p in path.parent.glob(f"{path.name}.*") if p.name[len(path.name) + 1 :].isdigit()]
    return [*sorted(full, key=lambda part: int(part.suffix[1:])), *([path] if path.exists() else [])]


def read_head(path: Path) -> Head | None:
    """The head of the audit file at `path`; None when there is none, or it cannot be read as one."""
    try:
        return Head(**json.loads(head_path(path).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


class Chain:
    """The audit file at `path`. Any number of processes and threads may append at the same time. A file that has `max_bytes`
    or more is renamed to `FILE.000001` and so on, and the chain goes on in a new one."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def check(self) -> None:
        """Raises RagError when nothing can be appended."""
        with self._locked() as descriptor:
            os.close(open_private(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
            os.fsync(descriptor)

    def append(self, fields: Mapping[str, object]) -> None:
        """Write a line with `fields`, `sequence` and `previous`; it is on the disk when this returns. A line that a killed
        process left unfinished is ended first, and the new line has `"after_torn": true`. Raises RagError."""
        with self._locked() as descriptor:
            head, torn = self._settled(_stored(descriptor) or _fresh())
            self._rotate()
            entry = {"sequence": head.count + 1, "previous": head.last, **fields}
            line = json.dumps({**entry, "after_torn": True} if torn else entry).encode()
            _store(descriptor, replace(head, pending=line_hash(line)))
            os.fsync(descriptor)
            self._write(line + b"\n")
            _store(descriptor, replace(head, count=head.count + 1, last=line_hash(line), pending=""))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The descriptor of the head, while no other process and no other thread has it."""
        try:
            make_private_folder(self._path.parent)
            descriptor = open_private(head_path(self._path), os.O_RDWR | os.O_CREAT)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            raise RagError(
                f"cannot write the audit file {self._path}: {error.strerror or error}",
                hint="check the permissions of its folder and the space on the disk, or set another audit.file",
            ) from error

    def _rotate(self) -> None:
        if self._path.exists() and self._path.stat().st_size >= self._max_bytes:
            number = max((int(part.suffix[1:]) for part in parts_of(self._path)[:-1]), default=0) + 1
            self._path.rename(self._path.with_name(f"{self._path.name}.{number:0{_DIGITS}}"))

    def _settled(self, head: Head) -> tuple[Head, bool]:
        """The head with what became of a line that a killed process was writing, and whether that line is torn. The last line
        ends with a line break afterwards."""
        last = _tail(self._path)
        if last and not last.endswith(b"\n"):
            self._write(b"\n")
        if not head.pending:
            return head, False
        if last and line_hash(last.rstrip(b"\n")) == head.pending:
            return Head(head.start, head.count + 1, head.pending), False
        if last and not last.endswith(b"\n"):
            return Head(head.start, head.count + 1, line_hash(last)), True
        return replace(head, pending=""), False

    def _write(self, content: bytes) -> None:
        """Append all of it, so that it is on the disk, or take back what was written of it. Raises OSError."""
        file = open_private(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            size = os.fstat(file).st_size
            try:
                written = os.write(file, content)
                while written < len(content):
                    written += os.write(file, content[written:])
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                raise
        finally:
            os.close(file)


def _fresh() -> Head:
    start = secrets.token_hex(32)
    return Head(start, 0, start)


def _stored(descriptor: int) -> Head | None:
    try:
        return Head(**json.loads(os.pread(descriptor, _HEAD_BYTES, 0)))
    except (ValueError, TypeError):
        return None


def _store(descriptor: int, head: Head) -> None:
    os.pwrite(descriptor, json.dumps(asdict(head)).encode().ljust(_HEAD_BYTES), 0)


def _tail(path: Path) -> bytes:
    """The last line of a file with its line break if it has one; empty for one that is empty or not there."""
    if not path.exists():
        return b""
    with path.open("rb") as stream:
        end, found = stream.seek(0, os.SEEK_END), b""
        while end > 0 and b"\n" not in found[:-1]:
            start = max(0, end - _BLOCK)
            stream.seek(start)
            found, end = stream.read(end - start) + found, start
    return found[:-1].rpartition(b"\n")[2] + found[-1:]


@contextmanager
def undisturbed(path: Path) -> Iterator[None]:
    """While this lasts, nobody appends to the audit file at `path`."""
    try:
        descriptor = os.open(head_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # there is no head, so nobody appends
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)
