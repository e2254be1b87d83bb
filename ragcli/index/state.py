"""What was read of one committed state of an index. It never changes, so the threads of a process share it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragcli.datatypes import Filter, Matrix
    from ragcli.index.bm25 import Postings, Rows
    from ragcli.index.manifest import Manifest


@dataclass(slots=True, eq=False)
class State:
    """The manifest, and the parts that searching needs, each read by the first thread that needs it. `lock` is held while
    `rows`, `matrix` and `languages` are read, so that they are read once; what is in the dictionaries may be computed by two
    threads at the same time, with the same result."""

    file: tuple[int, int]  # device and inode of the catalog
    manifest: Manifest
    lock: threading.RLock = field(default_factory=threading.RLock)
    rows: Rows | None = None
    matrix: Matrix | None = None
    languages: tuple[str, ...] | None = None
    postings: dict[tuple[str, ...], Postings] = field(default_factory=dict)
    masks: dict[Filter, NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Snapshot:
    """A read transaction of one thread, and the state that it sees."""

    connection: sqlite3.Connection
    state: State
    open: bool = True
