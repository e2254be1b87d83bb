"""What `rag calibrate` fitted to an index, kept in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ragcli.errors import IndexNotFound
from ragcli.reports import Calibration

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog, Store


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
