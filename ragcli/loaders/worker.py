"""The process in which files are parsed: `python -m ragcli.loaders.worker FD PARENT`, started and if need be killed by
`pool.py`.

On the socket FD the parent sends requests, each with the file's descriptor; the replies are frames: any number of `tick`, then
one of `document`, `same` or `failed`. The process may not write files, has a memory limit, and dies with its parent. It never
imports numpy, which alone would fill its address space.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import resource
import socket
import stat
import sys
from pathlib import Path
from typing import Any

from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.frames import as_json, receive_request, send_frame
from ragcli.loaders.limits import Limits, budget
from ragcli.loaders.reading import Options, load_bytes
from ragcli.processes import end_with

_NO_NEW_PRIVILEGES = 38


def main() -> None:
    """Serve requests until the parent closes the socket."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    limits, options = None, Options()
    while request := receive_request(connection):
        message, descriptor = request
        if limits is None:
            limits, options = Limits(**message["limits"]), Options(**message["options"])
            _confine(limits)
        with os.fdopen(descriptor, "rb") as file:
            used = resource.getrusage(resource.RUSAGE_SELF)
            _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + limits.cpu_seconds) + 1)
            reply = _read(connection, file.fileno(), message, limits, options)
        reply["peak_kib"] = _peak_kib()
        send_frame(connection, reply)


def _peak_kib() -> int:
    """The most memory that this process had. On Linux, getrusage would count what the parent had when it started us."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)


def _read(
    connection: socket.socket, descriptor: int, message: dict[str, Any], limits: Limits, options: Options
) -> dict[str, Any]:
    content_hash = ""
    try:
        data = _content(descriptor, limits)
        content_hash = hashlib.sha256(data).hexdigest()
        if content_hash == message["known"]:
            return {"kind": "same", "hash": content_hash}
        with budget(limits, len(data), lambda: send_frame(connection, {"kind": "tick"})):
            document = load_bytes(data, Path(message["path"]), options)
        return {"kind": "document", "hash": content_hash, **as_json(document)}
    except LoadError as error:
        failed: LoadError = error
    except MemoryError:
        reason = f"limit: more than {limits.memory_bytes / (1 << 20):,.0f} MiB of memory"
        return {"kind": "failed", "reason": reason, "skipped": False, "hash": content_hash, "spent": True}
    except OSError as error:
        failed = LoadError(f"cannot read: {error.strerror}")
    skipped = isinstance(failed, NotADocument)
    return {"kind": "failed", "reason": failed.reason, "skipped": skipped, "hash": content_hash}


def _content(descriptor: int, limits: Limits) -> bytes:
    """The bytes of a regular file. Raises LoadError for anything else, and for too many of them."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise NotADocument("not a regular file")
    if status.st_size > limits.file_bytes:
        raise LoadError(f"limit: larger than {limits.file_bytes / 1_000_000:g} MB")
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read(limits.file_bytes + 1)


def _confine(limits: Limits) -> None:
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 64)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    end_with(int(sys.argv[2]))


def _limit(kind: int, value: int) -> None:
    with contextlib.suppress(
        ValueError, OSError
    ):  # macOS knows no limit of address space; `pool.py` watches memory there
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


if __name__ == "__main__":
    main()
