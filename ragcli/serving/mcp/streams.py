"""Standard streams that belong to the protocol alone."""

from __future__ import annotations

import fcntl
import os
import signal


def claim() -> tuple[int, int]:
    """Private descriptors of standard input and output. From now on whatever else writes to standard output, native libraries
    included, writes to standard error, and whatever reads standard input finds it empty.

    Signals that end a program do so at once, also while a thread waits for a line: nothing that is kept is half written.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    reading, writing = (fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, 3) for stream in (0, 1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return reading, writing
