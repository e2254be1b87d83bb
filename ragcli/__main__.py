"""`python -m ragcli` and the `rag` command."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line. A signal that comes while it is still being imported ends the process with one line, or with one
    JSON document where `--json` was given."""
    early = [
        number
        for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL))
        if signal.getsignal(number) is default
    ]
    for number in early:
        signal.signal(number, _stop)
    from ragcli.cli.main import main as run

    for number in early:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    run()


def _stop(number: int, _frame: FrameType | None) -> None:
    told = "terminated" if number == signal.SIGTERM else "interrupted"
    if "--json" in sys.argv:
        document = f'{{"schema": "rag.error/1", "error": "{told}", "hint": "", "exit": {128 + number}}}\n'
        os.write(1, document.encode())
    else:
        os.write(2, f"{told}\n".encode())
    os._exit(128 + number)


if __name__ == "__main__":
    main()
