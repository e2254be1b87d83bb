"""Processes that work for another one."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """On Linux: from now on the kernel kills this process when `parent`, the process that started it, ends. Exits if it has
    already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit()
