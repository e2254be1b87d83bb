"""The index that is served, opened when the first call needs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ragcli.api import Rag
from ragcli.errors import IndexNotFound, RagError, UsageError
from ragcli.places import state_directory
from ragcli.serving.mcp.jobs import Jobs
from ragcli.trust.store import TrustStore

WORDS = "lexical"  # the mode of a search by words alone


class Library:
    """One index and what may be done with it; any number of threads may use it.

    `directory` is that of the index, `settings` the settings of `Rag` that somebody set. `folders` may be ingested from; none
    means that the index is only read. With `principal`, a name, the index is seen as they see it.
    """

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, Any],
        folders: Sequence[Path] = (),
        principal: str | None = None,
    ) -> None:
        self.directory = directory
        self._principal = principal
        self.folders = tuple(Path(os.path.realpath(folder)) for folder in folders)
        self.jobs = Jobs()
        self._settings: dict[str, Any] = {"answer_verify": "drop", **settings}
        self._opening = threading.Lock()
        self._opened: dict[str, Rag] = {}
        self._whole: list[Rag] = []

    def rag(self, mode: str = "") -> Rag:
        """The index, searched in `mode` ("": as the settings say). Raises IndexNotFound when there is none, now; a later call
        finds one that was made in between."""
        with self._opening:
            if mode not in self._opened:
                self._opened[mode] = self._found(mode)
            return self._opened[mode]

    def _found(self, mode: str) -> Rag:
        changes = {"retrieval_mode": mode} if mode else {}
        try:
            rag = Rag(self.directory, **{**self._settings, **changes})
            if self._principal is None:
                return rag
            self._whole.append(rag)  # whose models it uses
            return rag.as_principal(self._principal)
        except IndexNotFound:
            raise IndexNotFound(f"there is no index at {self.directory}", hint=self.making) from None

    @property
    def making(self) -> str:
        """The command that makes the index."""
        return f"rag ingest FOLDER --index {self.directory}"

    def changed_by(self) -> Callable[[], Rag]:
        """How a job gets the index that it changes: there may be none yet."""

        def rag() -> Rag:
            try:
                return self.rag()
            except IndexNotFound:
                Rag.create(self.directory, **self._settings).close()
                return self.rag()

        return rag

    def allowed(self, paths: Sequence[str]) -> list[Path]:
        """The paths, absolute, links followed. Raises UsageError for one that lies in no allowed folder or does not exist;
        relative ones are taken from the first allowed folder."""
        found = []
        for path in paths:
            real = Path(os.path.realpath(self.folders[0] / path))
            if not any(real.is_relative_to(folder) for folder in self.folders):
                folders = ", ".join(str(folder) for folder in self.folders)
                raise UsageError(f"{path} lies outside the folders that may be ingested", hint=f"they are: {folders}")
            if not real.exists():
                raise UsageError(f"{path} does not exist", hint=f"looked for it at {real}")
            found.append(real)
        return found

    def remember(self, paths: Sequence[Path]) -> None:
        """Keep that the user let these be ingested, as `rag ingest` does, so that a later ingest without paths reads them."""
        with suppress(RagError):  # a state folder that cannot be written to
            TrustStore(state_directory()).add_roots(self.directory, paths)

    def close(self) -> None:
        with self._opening:
            for rag in (*self._opened.values(), *self._whole):
                rag.close()
            self._opened.clear()
            self._whole.clear()
