"""Processes that work for another one."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """On Linux: from now on the kernel kills this process when `parent`, the process that started it, ends. Exits if it has
    already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit()


def child_python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package, or pip, in a Python of its own, without the working directory among the
    places that code is imported from."""
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` for a child process: what it and the processes that it starts import never comes from the working directory,
    and ONNX Runtime sends nothing (see `embedding.sessions`). Relative and empty entries of PYTHONPATH, which stand for the
    working directory, are left out."""
    kept = dict(variables)
    places = [place for place in kept.pop("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(place)]
    fixed = {"PYTHONSAFEPATH": "1", "ORT_DISABLE_TELEMETRY": "1"}
    return {**kept, **({"PYTHONPATH": os.pathsep.join(places)} if places else {}), **fixed}
