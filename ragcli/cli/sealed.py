"""`python -m ragcli.cli.sealed WAY SCRATCH ARGUMENTS…`: the command `rag ARGUMENTS…` without a network; see `trust/sealing.py`.
Exit code 70 where this system does not have the WAY."""

from __future__ import annotations

import sys
from pathlib import Path

from ragcli.trust.sealing import UNAVAILABLE, seal

if __name__ == "__main__":
    way, scratch = sys.argv[1], Path(sys.argv[2])
    try:
        seal(way, scratch)
    except OSError as problem:
        sys.stderr.write(f"{way}: {problem}\n")
        sys.exit(UNAVAILABLE)
    sys.argv = ["rag", *sys.argv[3:]]
    from ragcli.cli.main import main

    main()
