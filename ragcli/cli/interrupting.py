"""What Ctrl-C and SIGTERM do."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ragcli.cancellation import Cancellation
from ragcli.early import release
from ragcli.errors import ExitCode, RagError


@contextmanager
def interruptible() -> Iterator[Cancellation]:
    """The Cancellation of a question. While a language model writes, the first Ctrl-C cancels it, so that what is written
    stays; the second one, and one at any other time, raises KeyboardInterrupt. A signal that is ignored or handled elsewhere
    stays so."""
    cancel = Cancellation()
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def heed(_number: int, _frame: FrameType | None) -> None:
        if cancel.attended and not cancel.cancelled:
            cancel.cancel()
        else:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, heed)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)


class Stopped(RagError):
    """Ctrl-C or SIGTERM ended the command."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Terminated(KeyboardInterrupt):
    """SIGTERM came; everything that heeds Ctrl-C heeds it as well."""


@contextmanager
def terminable() -> Iterator[None]:
    """Inside, SIGTERM ends the command as Ctrl-C does. A signal that is ignored or handled elsewhere stays so."""
    global _terminated  # noqa: PLW0603 - there is one process, and a signal comes to all of it
    _terminated = False
    release()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


_terminated = False


def _terminate(_number: int, _frame: FrameType | None) -> None:
    global _terminated  # noqa: PLW0603
    _terminated = True
    raise _Terminated


def stopped() -> Stopped:
    """What a command that was stopped says and exits with."""
    if _terminated:
        return Stopped("terminated", ExitCode.TERMINATED)
    return Stopped("interrupted", ExitCode.INTERRUPTED)
