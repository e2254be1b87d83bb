"""The index that is served, as each caller may see it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragcli.api import Rag
from ragcli.errors import IndexNotFound
from ragcli.serving.principals import Principal


class Shelf:
    """One index for any number of threads, opened by the first request that needs it. `settings` are those of `Rag` that
    somebody set."""

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        self.directory = directory
        self._settings = dict(settings)
        self._opening = threading.Lock()
        self._opened: dict[str, Rag] = {}

    def rag(self, principal: Principal, mode: str | None = None) -> Rag:
        """The index as `principal` may see it, searched in `mode` (None: as the settings say). This is the one way to it:
        what a principal may not see is left out here. Raises IndexNotFound when there is none, now."""
        key = mode or ""
        with self._opening:
            if key not in self._opened:
                self._opened[key] = self._found(mode)
            return self._opened[key]

    def view(self, principal: Principal) -> str:
        """Names what `principal` may see: replies are shared by those who see the same."""
        return "everything"

    def _found(self, mode: str | None) -> Rag:
        changes = {"retrieval_mode": mode} if mode else {}
        try:
            return Rag(self.directory, **{**self._settings, **changes})
        except IndexNotFound:
            hint = f"rag ingest FOLDER --index {self.directory}"
            raise IndexNotFound(f"there is no index at {self.directory}", hint=hint) from None

    def close(self) -> None:
        """Close the files of the index."""
        with self._opening:
            for rag in self._opened.values():
                rag.close()
            self._opened.clear()
