"""What `rag calibrate` fitted to an index, kept beside its catalog."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ragcli.errors import RagError
from ragcli.files import read_text

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold, and how well it separates on the half of the questions that did not choose it. `parts` and `fingerprint` say
    for which index.

    A confidence with log-odds z becomes σ(`slope`·z + `intercept`), fitted on the one half; `error_before` and `error_after`
    are the calibration errors on the other. The threshold is one of the new confidence.
    """

    threshold: float
    questions: int
    answered_of_answerable: float
    abstained_of_unanswerable: float
    auroc: float
    parts: str
    fingerprint: str
    slope: float = 1.0
    intercept: float = 0.0
    error_before: float = 0.0
    error_after: float = 0.0


def save_calibration(index: Path, calibration: Calibration) -> None:
    """Raises RagError when the index's folder cannot be written to."""
    try:
        beside = index / f"{FILE}.new"
        beside.write_text(json.dumps(asdict(calibration), indent=1) + "\n", encoding="utf-8")
        beside.replace(index / FILE)
    except OSError as error:
        raise RagError(f"cannot write {index / FILE}: {error.strerror}", hint="check its permissions") from error


def load_calibration(index: Path, parts: str) -> Calibration | None:
    """The calibration of an index that is made of `parts`, None when there is none or it was made with others."""
    try:
        found = Calibration(**json.loads(read_text(index / FILE)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return found if found.parts == parts else None
