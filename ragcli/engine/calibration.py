"""What `rag calibrate` fitted to an index, kept beside its catalog."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ragcli.errors import RagError
from ragcli.private import replace_private
from ragcli.reports import Calibration

FILE = "calibration.json"


def save_calibration(index: Path, calibration: Calibration) -> None:
    """Raises RagError when the index's folder cannot be written to."""
    try:
        replace_private(index / FILE, json.dumps(asdict(calibration), indent=1) + "\n")
    except OSError as error:
        raise RagError(f"cannot write {index / FILE}: {error.strerror}", hint="check its permissions") from error


def load_calibration(index: Path, parts: str) -> Calibration | None:
    """The calibration of an index that is made of `parts`, None when there is none or it was made with others."""
    try:
        found = Calibration(**json.loads((index / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.parts == parts else None
