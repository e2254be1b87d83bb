"""The index that is served, as each caller may see it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragcli.access import principal_named
from ragcli.api import Rag
from ragcli.errors import IndexNotFound, UsageError
from ragcli.serving.http.problems import Forbidden
from ragcli.serving.principals import LOCAL, Principal

_EVERYTHING = "everything"


class Shelf:
    """One index for any number of threads, opened by the first request that needs it. `settings` are those of `Rag` that
    somebody set.

    Where they name a file of grants (`access_grants`), a key sees what that file grants to whoever has its name; a key that
    administers sees everything, and so does the user of this machine while there are no keys. The file is read again when it
    changes.
    """

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        self.directory = directory
        self._settings = dict(settings)
        self._grants = str(settings.get("access_grants") or "")
        self._opening = threading.Lock()
        self._opened: dict[str, Rag] = {}
        self._seen: dict[tuple[str, str], Rag] = {}
        self._state = ""

    def rag(self, principal: Principal, mode: str | None = None) -> Rag:
        """The index as `principal` may see it, searched in `mode` (None: as the settings say). This is the one way to it:
        what a principal may not see is left out here. Raises IndexNotFound when there is none, now, and Forbidden for somebody
        to whom nothing is granted."""
        with self._opening:
            whole = self._whole(mode)
            if self.sees_everything(principal):
                return whole
            if (state := self._state_of_grants()) != self._state:
                self._seen, self._state = {}, state
            key = (principal.name, mode or "")
            if key not in self._seen:
                self._seen[key] = _seen_by(whole, principal.name)
            return self._seen[key]

    def view(self, principal: Principal) -> str:
        """Names what `principal` may see: replies are shared by those who see the same. Asked before `rag`, it never names a
        newer state of the grants than that of what `rag` gives."""
        if self.sees_everything(principal):
            return _EVERYTHING
        return f"{self._state_of_grants()} {principal.name}"

    def made(self) -> Rag:
        """All of the index, to change it; it is made if there is none yet. Raises ModelUnavailable where that needs a model."""
        try:
            return self.rag(LOCAL)
        except IndexNotFound:
            with self._opening:
                Rag.create(self.directory, **self._settings).close()
            return self.rag(LOCAL)

    def tags(self, principal: Principal) -> frozenset[str] | None:
        """The access tags that are granted to `principal`; None for those who see everything. Raises Forbidden for somebody to
        whom nothing is granted."""
        if self.sees_everything(principal):
            return None
        try:
            return principal_named(principal.name, Path(self._grants), untagged=False, fix="").access.tags
        except UsageError as unknown:
            raise _stranger(principal.name) from unknown

    def sees_everything(self, principal: Principal) -> bool:
        """Whether `principal` may see all documents."""
        return not self._grants or principal is LOCAL or principal.may("admin")

    def _state_of_grants(self) -> str:
        try:
            there = os.stat(self._grants)
        except OSError:
            return "missing"
        return f"{there.st_ino} {there.st_size} {there.st_mtime_ns}"

    def _whole(self, mode: str | None) -> Rag:
        """The index in a mode; all modes share its files and its models."""
        if "" not in self._opened:
            self._opened[""] = self._found()
        if mode and mode not in self._opened:
            self._opened[mode] = self._opened[""].searching(mode)
        return self._opened[mode or ""]

    def _found(self) -> Rag:
        try:
            return Rag(self.directory, **self._settings)
        except IndexNotFound:
            hint = f"rag ingest FOLDER --index {self.directory}"
            raise IndexNotFound(f"there is no index at {self.directory}", hint=hint) from None

    def close(self) -> None:
        """Close the files of the index."""
        with self._opening:
            for rag in (*self._seen.values(), *self._opened.values()):
                rag.close()
            self._seen.clear()
            self._opened.clear()


def _seen_by(whole: Rag, name: str) -> Rag:
    try:
        return whole.as_principal(name)
    except UsageError as unknown:
        raise _stranger(name) from unknown


def _stranger(name: str) -> Forbidden:
    return Forbidden(f"nothing is granted to {name}", hint="ask whoever runs the server")
