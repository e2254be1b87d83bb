"""The audit file that the settings name, and what it says of the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.errors import SettingsError

if TYPE_CHECKING:
    from ragcli.audit.trail import Trail
    from ragcli.index.protocol import Catalog
    from ragcli.settings import Settings


def build_trail(settings: Settings, warn: Callable[[str], None]) -> Trail | None:
    """What records to the file that the settings name; None when they name none. Raises SettingsError for a relative path,
    which would be another file in each directory."""
    if not settings.audit_file:
        return None
    from ragcli import __version__
    from ragcli.audit.chain import Chain
    from ragcli.audit.trail import Trail
    from ragcli.places import state_directory

    questions: Any = settings.audit_questions
    return Trail(
        Chain(audit_path(settings), int(settings.audit_max_mb * 1_000_000)),
        state_directory(),
        version=__version__,
        required=settings.audit_required,
        questions=questions,
        warn=warn,
    )


def audit_path(settings: Settings) -> Path:
    """The file that the setting names. Raises SettingsError for a relative path."""
    path = Path(settings.audit_file).expanduser()
    if not path.is_absolute():
        raise SettingsError(
            f"audit.file = {settings.audit_file!r} is not an absolute path", hint="give one that begins with / or ~"
        )
    return path


class IndexFacts:
    """Which index it is and what it holds, as the audit file names it. The fingerprint is computed once per generation."""

    def __init__(self, path: str, catalog: Callable[[], Catalog]) -> None:
        self._path = path
        self._catalog = catalog
        self._known: tuple[int, str] = (-1, "")

    def __call__(self) -> Mapping[str, object]:
        """Raises IndexUnusable when there is no index that can be read."""
        catalog = self._catalog()
        generation = catalog.manifest.generation
        if self._known[0] != generation:
            self._known = (generation, catalog.fingerprint())
        return {"path": self._path, "generation": generation, "fingerprint": self._known[1]}
