"""`removing.json`: a removal that was begun and is not finished, so that one that was killed is completed.

It is written and synced before the first document goes, and deleted when nothing is left to do. It holds ids of documents, no
names and no texts. `thorough` says that it was `rag forget`, which leaves no bytes of them in any file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragcli.private import open_private
from ragcli.text.counting import counted

FILE = "removing.json"


@dataclass(frozen=True, slots=True)
class Removal:
    """A removal that is not finished; `documents` are ids."""

    documents: tuple[str, ...]
    thorough: bool


def begun(directory: Path) -> Removal | None:
    """The removal that is not finished; None when there is none. One whose record cannot be read counts as thorough."""
    try:
        found = json.loads((directory / FILE).read_bytes())
        return Removal(tuple(str(identity) for identity in found["documents"]), bool(found["thorough"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Removal((), thorough=True)


def begin(directory: Path, document_ids: Sequence[str], *, thorough: bool) -> None:
    """Record that these documents go; what was recorded before stays."""
    before = begun(directory) or Removal((), thorough=False)
    documents = sorted({*before.documents, *document_ids})
    text = json.dumps({"documents": documents, "thorough": thorough or before.thorough})
    beside = directory / f"{FILE}.new"
    with os.fdopen(open_private(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(directory / FILE)


def end(directory: Path) -> None:
    """Nothing is left to do."""
    for name in (FILE, f"{FILE}.new"):
        (directory / name).unlink(missing_ok=True)


def problems(directory: Path) -> list[str]:
    """A line that says that a removal was not finished, and what finishes it."""
    found = begun(directory)
    if found is None:
        return []
    again = "rag forget --removed" if found.thorough else "rag ingest"
    return [f"the removal of {counted(len(found.documents), 'document')} was interrupted; {again} finishes it"]
