"""What `rag calibrate` fitted to an index, kept in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ragcli.errors import IndexNotFound

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog, Store


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


def save_calibration(store: Store, calibration: Calibration) -> None:
    """Keep it in the index. Raises IndexNotFound, and IndexLocked while an ingest is running."""
    manifest = store.manifest()
    if manifest is None:
        raise IndexNotFound(f"no index at {store.address}", hint="rag ingest PATH")
    with store.writer(manifest.identity) as writer:
        writer.calibrate(asdict(calibration))


def load_calibration(catalog: Catalog) -> Calibration | None:
    """The calibration of the index; None when there is none, or it was fitted to other parts than the index has now."""
    try:
        found = Calibration(**(catalog.calibration() or {}))
    except TypeError:  # fields are missing, or are those of another version
        return None
    return found if found.parts == catalog.fingerprint(documents=False) else None
