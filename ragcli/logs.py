"""Messages for the standard library's `logging`, below the name `ragcli`; nothing is printed unless somebody listens."""

from __future__ import annotations

import sys
from typing import Literal


def log(name: str, level: Literal["debug", "info", "warning"], message: str, *values: object) -> None:
    """Give a message to the logger `ragcli.NAME`; `values` are put into it as `logging` does.

    While nothing in the process has imported `logging`, nobody can have asked for messages, so it is not imported here
    either: that would cost each command some milliseconds.
    """
    logging = sys.modules.get("logging")
    if logging is not None:
        logger = logging.getLogger(f"ragcli.{name}")
        getattr(logger, level)(message, *values)
