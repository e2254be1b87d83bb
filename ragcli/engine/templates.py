"""The words of a prompt, from a folder of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import SettingsError
from ragcli.files import read_text
from ragcli.text.questions import KINDS

if TYPE_CHECKING:
    from ragcli.generation.prompt import Templates

_LARGEST = 20_000


def load_templates(directory: Path, folder: str) -> Templates | None:
    """`system.txt` and one file for each kind of question, plain text without placeholders; what is not there stays as it is.

    None when `folder` is empty. Raises SettingsError when it is no folder, holds none of the files, or one cannot be used.
    """
    if not folder:
        return None
    from ragcli.generation.prompt import SYSTEM, Templates

    path = directory / Path(folder).expanduser()
    found = {name: _read(path / f"{name}.txt") for name in ("system", *KINDS) if (path / f"{name}.txt").is_file()}
    if not found:
        names = ", ".join(f"{name}.txt" for name in ("system", *KINDS))
        raise SettingsError(f"answer.templates: {path} holds none of {names}", hint="make one, or unset the setting")
    return Templates(found.pop("system", SYSTEM), {kind: found[kind] for kind in KINDS if kind in found})


def _read(path: Path) -> str:
    try:
        text = read_text(path).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"answer.templates: {path}: {error}", hint="it must be a text in UTF-8") from error
    if not text or len(text) > _LARGEST:
        raise SettingsError(
            f"answer.templates: {path} is empty or longer than {_LARGEST:,} characters", hint="a few sentences will do"
        )
    return text
