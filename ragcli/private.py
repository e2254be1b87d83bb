"""Files and folders that only their owner can read, and that no link leads away from."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

from ragcli.errors import RagError

_OWNER = stat.S_IRUSR | stat.S_IWUSR
_FOLDER = stat.S_IRWXU


def make_private_folder(folder: Path) -> None:
    """Make `folder`, and those above it, unless it is there. Only its owner can enter a new one. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_FOLDER, exist_ok=True)


def open_private(path: Path, flags: int) -> int:
    """A descriptor of the regular file at `path`, which is made for its owner alone if `flags` hold O_CREAT. Raises OSError,
    also when a symbolic link or anything else that is no file lies there."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, _OWNER)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no regular file")
    return descriptor


def replace_private(path: Path, text: str) -> None:
    """Put `text` in the place of what is at `path`, in one step. Raises OSError."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(open_private(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def save_private(path: Path, content: object) -> None:
    """Put `content`, as JSON, in the place of what is at `path`, in one step; its folder is made. Raises RagError."""
    try:
        make_private_folder(path.parent)
        replace_private(path, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise RagError(f"cannot write {path}: {error.strerror or error}", hint="check its permissions") from error


def keep_private(path: Path) -> None:
    """Take the permissions of others away from a file or folder. Raises OSError."""
    path.chmod(_FOLDER if path.is_dir() else _OWNER)
