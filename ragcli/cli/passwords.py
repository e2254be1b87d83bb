"""Passwords of encrypted documents, from a file or typed in. They go to the parsers and nowhere else."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from ragcli.errors import UsageError

_MOST = 100  # each costs some tenths of a second for each encrypted file
_MOST_BYTES = 100_000


def read_passwords(file: Path | None, paths: Sequence[Path] = ()) -> tuple[str, ...]:
    """One password a line, from `file`, or from the terminal or standard input where that is `-`; none without a file.

    Raises UsageError for what cannot be read, and for a file in a folder of `paths`, which would be indexed.
    """
    if file is None:
        return ()
    if str(file) == "-":
        if Path("-") in paths:
            raise UsageError("standard input is a document already", hint="--password-file FILE")
        text = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.read(_MOST_BYTES)
    else:
        inside = next((path for path in paths if file.resolve().is_relative_to(path.resolve())), None)
        if inside is not None:
            raise UsageError(f"{file} would be indexed with {inside}", hint=f"mv {file} ~/ and name it there")
        try:
            if not file.is_file():
                raise UsageError(f"no such file: {file}", hint="--password-file FILE, one password a line")
            text = file.read_bytes()[:_MOST_BYTES].decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read as text", hint="one password a line, in UTF-8") from error
    found = tuple(dict.fromkeys(line for line in text.splitlines() if line))
    if not found or len(found) > _MOST:
        raise UsageError(f"{file}: {len(found)} passwords", hint=f"one a line, from 1 to {_MOST}")
    return found
