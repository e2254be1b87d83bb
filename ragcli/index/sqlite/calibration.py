"""What `rag calibrate` fitted to an index, in `meta.calibration` of its catalog.

Up to version 0.1 it lay in a file beside the catalog. Such a file was written after what the catalog has, so it is read in its
place, and the next writer moves it into the catalog. A rebuild copies what there is into the new catalog.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ragcli.files import read_text
from ragcli.index.sqlite.catalog import read_meta, transaction, write_meta

_KEY = "calibration"
_FILE = "calibration.json"


def stored(connection: sqlite3.Connection, directory: Path) -> dict[str, Any] | None:
    """What is kept; None when nothing is. Raises IndexDamaged unless it is what was written."""
    found: Any = read_meta(connection).get(_KEY)
    return _beside(directory) or (dict(found) if found else None)


def keep(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """In place of what is kept; a transaction of its own."""
    with transaction(connection, write=True):
        write_meta(connection, {_KEY: dict(values)})


def carry_over(connection: sqlite3.Connection, directory: Path) -> None:
    """Move a file beside the catalog into it. A file that cannot be read stays where it is."""
    values = _beside(directory)
    if values is not None:
        keep(connection, values)
        with suppress(OSError):
            (directory / _FILE).unlink()


def _beside(directory: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(read_text(directory / _FILE))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
