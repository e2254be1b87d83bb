"""What the user allowed, kept in the user's state folder: project files by the hash of their content, and for each index the
folders outside of its own that the user ingested into it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ragcli.errors import RagError
from ragcli.private import save_private

FILE = "trust.json"
_LONGEST = 10_000_000  # bytes of a project file


def content_hash(file: Path) -> str:
    """SHA-256 of the content, 64 hexadecimal digits. Raises RagError when it cannot be read, or is too long for settings."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_LONGEST + 1)
    except OSError as error:
        raise RagError(f"cannot read {file}: {error.strerror}", hint="give a rag.toml or its folder") from error
    if len(content) > _LONGEST:
        raise RagError(f"{file} is longer than {_LONGEST:,} bytes", hint="give a rag.toml or its folder")
    return hashlib.sha256(content).hexdigest()


class TrustStore:
    """The file `trust.json` in `folder`. One that is missing or cannot be read allows nothing."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def trusts(self, file: Path) -> bool:
        """Whether the project file was trusted with the content that it has now."""
        kept = self.files().get(os.path.realpath(file))
        return kept is not None and kept == content_hash(file)

    def files(self) -> Mapping[str, str]:
        """Absolute path of each trusted project file → the hash of its trusted content, ordered by path."""
        return dict(sorted((str(path), str(digest)) for path, digest in self._section("files").items()))

    def trust(self, file: Path) -> str:
        """Remember the project file with the content that it has now; returns the hash. Raises RagError."""
        digest = content_hash(file)
        self._save({"files": {**self.files(), os.path.realpath(file): digest}})
        return digest

    def untrust(self, file: Path) -> bool:
        """Forget the project file, which may be gone; returns whether it was trusted. Raises RagError."""
        files = dict(self.files())
        known = files.pop(os.path.realpath(file), None) is not None
        if known:
            self._save({"files": files})
        return known

    def roots(self, index: Path) -> tuple[str, ...]:
        """Absolute paths that the user ingested into the index, in the order of their first time."""
        found = self._section("roots").get(os.path.realpath(index), [])
        return tuple(str(root) for root in found) if isinstance(found, list) else ()

    def add_roots(self, index: Path, roots: Iterable[Path]) -> None:
        """Remember that the user ingested `roots` into the index; those in its folder go without saying. Raises RagError."""
        known, own = self.roots(index), os.path.realpath(index.parent)
        real = [os.path.realpath(root) for root in roots]
        wanted = tuple(dict.fromkeys([*known, *(root for root in real if not Path(root).is_relative_to(own))]))
        if wanted != known:
            self._save({"roots": {**self._section("roots"), os.path.realpath(index): wanted}})

    def drop_roots(self, index: Path, roots: Iterable[Path]) -> int:
        """Forget that the user ingested `roots` into the index; returns how many of them were remembered. Raises RagError."""
        known, gone = self.roots(index), {os.path.realpath(root) for root in roots}
        kept = tuple(root for root in known if root not in gone)
        if kept != known:
            self._save({"roots": {**self._section("roots"), os.path.realpath(index): kept}})
        return len(known) - len(kept)

    def _section(self, name: str) -> Mapping[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))[name]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}

    def _save(self, changed: Mapping[str, object]) -> None:
        content = {"files": self.files(), "roots": self._section("roots"), **changed}
        save_private(self._file, content)
