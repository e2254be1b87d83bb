"""`committed.json`: which states of which catalog are the last ones, kept beside the catalog.

A catalog that an older backup has replaced is sound in itself; that it is older shows here. The file is written and synced
before a commit, with the state before it and the state after it, since a crash may leave either; when the writer is done, it
names one. It is overwritten in place, so that there is room for it on a full disk, and carries its own checksum. Without it, or
when it cannot be read, the catalog alone counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ragcli.errors import IndexDamaged
from ragcli.index.sqlite.checksums import checksum
from ragcli.private import open_private

COMMITTED = "committed.json"
_SIZE = 256  # bytes; what is shorter is filled with spaces
_UP_TO_DATE = "rag ingest PATH takes in what is missing"

Committed = tuple[str, int]  # id of the index, and generation


def write_committed(directory: Path, states: Sequence[Committed], *, sync: bool) -> None:
    """Say that the catalog in `directory` is in one of `states` from now on; with `sync`, wait until the disk has it."""
    text = json.dumps({"states": states, "checksum": checksum(json.dumps(states))})
    descriptor = open_private(directory / COMMITTED, os.O_WRONLY | os.O_CREAT)
    try:
        os.pwrite(descriptor, f"{text:<{_SIZE - 1}}\n".encode(), 0)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_committed(directory: Path) -> list[Committed] | None:
    """The states that the catalog may be in; None when the file is missing or is not what was written."""
    try:
        found = json.loads((directory / COMMITTED).read_bytes())
        states = [(str(identity), int(generation)) for identity, generation in found["states"]]
        return states if found["checksum"] == checksum(json.dumps(states)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_committed(directory: Path, identity: str, generation: int) -> None:
    """Raise IndexDamaged when the catalog, which is in this state, is known to have been in a later one."""
    states = read_committed(directory)
    if states is not None and (identity, generation) not in states:
        raise IndexDamaged(
            f"the index at {directory} is not in the state of its last commit: an older catalog was put in its place",
            hint=_UP_TO_DATE,
        )


def problems(directory: Path, identity: str, generation: int) -> list[str]:
    """What `check_committed` finds, or that there is nothing to compare with."""
    if read_committed(directory) is None:
        return [f"{COMMITTED} is missing or damaged; rag ingest writes it again"]
    try:
        check_committed(directory, identity, generation)
    except IndexDamaged as problem:
        return [f"{problem.message}; {problem.hint}"]
    return []
