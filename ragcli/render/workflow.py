"""GitHub Actions reads commands in the output of a step: `::error …` at the start of a line, `##[error]` anywhere. A document
must give none."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, TextIO, cast

_COMMAND = re.compile(r"^[^\S\n]*:(?=:)|##(?=\[)", re.MULTILINE)
_OPEN = re.compile(r"[^\S\n]*:?")  # the start of a line that may become a command


class WithoutCommands:
    """A stream that passes text on with a space inside of what would be a command: `: :error`, `## [error]`. Whatever else is
    asked of it is the inner stream's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._before = ""  # of the current line, what decides how the next text is read

    def write(self, text: str) -> int:
        """The number of characters of `text`."""
        whole = self._before + text
        self._stream.write(_COMMAND.sub(r"\g<0> ", whole)[len(self._before) :])
        line = whole.rpartition("\n")[2]
        self._before = line if _OPEN.fullmatch(line) else "." + line[-2:]
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guarded(stream: TextIO, environment: Mapping[str, str] = os.environ) -> TextIO:
    """The stream itself, or in a step of GitHub Actions one that no command gets through."""
    return cast(TextIO, WithoutCommands(stream)) if environment.get("GITHUB_ACTIONS") == "true" else stream


def without_commands(document: str) -> str:
    """The same JSON document on one line, in which no command stands: it begins with a brace."""
    return document.replace("##[", "\\u0023#[")
