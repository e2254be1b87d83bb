"""Files that callers send: where they are put, under which names, and what is no file to be put anywhere.

Each key has a folder of its own, so that nobody replaces what somebody else sent.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ragcli.errors import RagError, UsageError
from ragcli.private import make_private_folder, open_private

MAX_FILES = 100  # in one request
MAX_NAME = 150  # bytes of a file's name
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@_-]*(?:[. ][A-Za-z0-9@_-]+)*")
_CATEGORIES = ("C", "Zl", "Zp")  # control, format and private characters, line and paragraph separators
_RECEIVING = ".receiving-"  # hidden: no scan of a folder enters it


class TooMuch(RagError):
    """What is sent is more than there is room for."""


@dataclass(frozen=True, slots=True)
class Received:
    """Files of one request that lie in `folder`, where no ingest finds them, until they are placed in `target`."""

    folder: Path
    target: Path
    names: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        """Where they will be."""
        return [self.target / name for name in self.names]


def file_name(given: str) -> str:
    """A file name that is safe on disk and reads like `given`: its last part, without characters that do not show and without
    dots in front. Raises UsageError when nothing is left, or too much."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", given)[-1])
    shown = "".join(c for c in last if not unicodedata.category(c).startswith(_CATEGORIES) and c not in '<>:"|?*')
    name = " ".join(shown.split()).lstrip(". ").rstrip(". ")
    if not name:
        raise UsageError(f"{given[:100]!r} is no name of a file", hint="such as report.pdf")
    if len(name.encode()) > MAX_NAME:
        raise UsageError(f"the name of a file is longer than {MAX_NAME} bytes: {name[:60]}…", hint="a shorter name")
    return name


def folder_of(name: str) -> str:
    """The folder for the files of the key `name`; two keys never share one."""
    if _PLAIN.fullmatch(name) and name == name.lower():
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "key"
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def uploads_folder(setting: str, index: Path) -> Path:
    """The folder that `serve.uploads` names: by default `uploads` beside the index."""
    return Path(os.path.abspath(Path(setting).expanduser())) if setting else index.parent / "uploads"


class Uploads:
    """The folder `folder`, in which all files together take at most `megabytes`. What another server left there half received
    is deleted."""

    def __init__(self, folder: Path, megabytes: float) -> None:
        self.folder = folder
        self._bytes = int(megabytes * 1e6)
        for left in folder.glob(f"*/{_RECEIVING}*"):
            shutil.rmtree(left, ignore_errors=True)

    def receive(self, by: str, files: Iterable[tuple[str, BinaryIO]]) -> Received:
        """Take files of `by`, each with the name that was given for it. Nothing is kept when one of them cannot be taken.
        Raises UsageError, TooMuch, and RagError when they cannot be written."""
        named = [(file_name(name), content) for name, content in files]
        if not named:
            raise UsageError("there is no file in the request", hint="curl -F files=@report.pdf")
        names = [name.casefold() for name, _ in named]
        for name, _ in named:
            if names.count(name.casefold()) > 1:
                raise UsageError(f"two files are called {name}", hint="a name for each")
        target = self.folder / folder_of(by)
        made = Received(target / f"{_RECEIVING}{secrets.token_hex(8)}", target, tuple(name for name, _ in named))
        try:
            for folder in (self.folder, target, made.folder):
                make_private_folder(folder)
                if folder.is_symlink():
                    raise OSError(f"{folder} is a link")
            self._write(made.folder, named)
        except OSError as error:
            self.drop(made)
            raise RagError(f"an upload cannot be written: {error}", hint=f"check {self.folder}") from error
        except TooMuch:
            self.drop(made)
            raise
        return made

    def _write(self, folder: Path, files: Sequence[tuple[str, BinaryIO]]) -> None:
        room = self._bytes - self._used()
        for name, content in files:
            with os.fdopen(open_private(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)
                room -= out.tell()
            if room < 0:
                raise TooMuch(
                    f"uploads may take {self._bytes / 1e6:,.0f} MB together, and these would be more",
                    hint="delete some documents, or ask whoever runs the server",
                )

    def _used(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())

    def place(self, received: Received) -> list[Path]:
        """Put them where they are ingested; one of the same name takes the place of the one before. Returns those that took no
        other's place. Raises RagError."""
        new = []
        try:
            for name in received.names:
                if not (received.target / name).exists():
                    new.append(received.target / name)
                (received.folder / name).replace(received.target / name)
        except OSError as error:
            raise RagError(f"an upload cannot be moved: {error}", hint=f"check {self.folder}") from error
        finally:
            self.drop(received)
        return new

    def drop(self, received: Received) -> None:
        """Delete what was received and not placed."""
        shutil.rmtree(received.folder, ignore_errors=True)

    def clear(self, paths: Iterable[Path]) -> None:
        """Delete these files, as far as they are uploads."""
        for path in paths:
            if self.holds(path):
                path.unlink(missing_ok=True)

    def holds(self, path: Path, by: str | None = None) -> bool:
        """Whether a file is an upload, one of `by` where somebody is named."""
        folder = self.folder if by is None else self.folder / folder_of(by)
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
