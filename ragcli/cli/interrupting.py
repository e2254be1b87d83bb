"""What Ctrl-C does while a question is answered."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ragcli.cancellation import Cancellation


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
