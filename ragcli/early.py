"""Signals that come while the program is still being imported."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

_DEFAULTS: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


def guard() -> None:
    """Until `release`, Ctrl-C and SIGTERM end the process with one line, or with one JSON document where `--json` was given. A
    signal that is ignored or handled elsewhere stays so."""
    for number, default in _DEFAULTS.items():
        if signal.getsignal(number) is default:
            signal.signal(number, _stop)


def release() -> None:
    """Whoever comes now handles signals."""
    for number, default in _DEFAULTS.items():
        if signal.getsignal(number) is _stop:
            signal.signal(number, default)


def _stop(number: int, _frame: FrameType | None) -> None:
    told = "terminated" if number == signal.SIGTERM else "interrupted"
    if "--json" in sys.argv:
        document = f'{{"schema": "rag.error/1", "error": "{told}", "hint": "", "exit": {128 + number}}}\n'
        os.write(1, document.encode())
    else:
        os.write(2, f"{told}\n".encode())
    os._exit(128 + number)
