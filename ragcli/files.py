"""Reading small files that a user or a project names, whatever they turn out to be."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST = 1_000_000_000  # bytes


def read_text(path: Path, *, encoding: str = "utf-8", errors: str = "strict", largest: int = LARGEST) -> str:
    """The text of a regular file, with line ends as `\\n`. Opening never waits: a pipe or a device is an OSError, as is a file
    of more than `largest` bytes. Raises UnicodeDecodeError as `errors` says."""
    with open(path, encoding=encoding, errors=errors, opener=regular) as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise OSError(errno.EFBIG, f"more than {largest:,} bytes", str(path))
        return file.read()


def regular(path: str, flags: int) -> int:
    """For `open(…, opener=regular)`: a descriptor of a regular file. Raises OSError for anything else, without waiting."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor
