"""Showing a file at a place, in the programs that the user has."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from ragcli.cli.history import Shown
from ragcli.errors import RagError, UsageError
from ragcli.trust.foreign import is_known

_TEXT_SUFFIXES = frozenset(
    """.md .markdown .txt .rst .org .adoc .csv .tsv .json .jsonl .xml .toml .yaml .yml .ini .cfg .log .py .js .jsx .ts .tsx
    .java .go .rs .c .h .cpp .hpp .cc .sh .sql .rb .php .swift .kt .css .tex""".split()
)
_DASHES = frozenset({"vi", "vim", "nvim", "gvim", "nano"})  # after `--` comes a file, whatever its name begins with
_PLUS_LINE = frozenset(
    {"vi", "vim", "nvim", "gvim", "nano", "emacs", "emacsclient", "micro", "joe", "kak", "ne", "mg", "ed"}
)
_GOTO = frozenset({"code", "codium", "code-insiders", "cursor", "windsurf"})
_COLON = frozenset({"subl", "zed", "hx", "helix", "mate", "gedit"})


_LINKS = {  # how links to a line begin that an editor registers
    "code": "vscode://file",
    "code-insiders": "vscode-insiders://file",
    "codium": "vscodium://file",
    "cursor": "cursor://file",
    "windsurf": "windsurf://file",
    "zed": "zed://file",
}
_LINKS_WITH_QUERY = {"mate": "txmt://open?url=file://", "idea": "idea://open?file=", "pycharm": "pycharm://open?file="}


def link(file: str, line: int | None, page: int | None, environment: Mapping[str, str]) -> str:
    """An address for a terminal's link to a place in `file` (an absolute path): the line in the editor of $VISUAL or $EDITOR
    where that one is known to have such addresses, else the file, at its page if it has pages."""
    editor = shlex.split(environment.get("VISUAL") or environment.get("EDITOR") or "")
    name = Path(editor[0]).name if editor else ""
    if line is not None and page is None and name in _LINKS:
        return f"{_LINKS[name]}{quote(file)}:{line}"
    if line is not None and page is None and name in _LINKS_WITH_QUERY:
        return f"{_LINKS_WITH_QUERY[name]}{quote(file)}&line={line}"
    return Path(file).as_uri() + (f"#page={page}" if page is not None else "")


def open_command(place: Shown, environment: Mapping[str, str], *, platform: str = sys.platform) -> list[str]:
    """The program and arguments that show `place`: the editor of $VISUAL or $EDITOR at the line for text, otherwise a viewer at
    the page where it takes one.

    Raises UsageError when there is no program for it, and RagError when the file is gone.
    """
    if not place.is_file:
        return _viewer(place, platform)
    if not Path(place.file).is_file():
        raise RagError(f"{place.file} is gone", hint="rag ingest --prune takes it out of the index")
    editor = environment.get("VISUAL") or environment.get("EDITOR")
    text = Path(place.file).suffix.lower() in _TEXT_SUFFIXES or (place.line is not None and place.page is None)
    if text and editor:
        return _editor(shlex.split(editor), place)
    return _viewer(place, platform)


def check_place(place: Shown, index: Path, ingested: Sequence[str]) -> None:
    """Raises UsageError unless the place lies, with links followed, in the folder of the index or in one of the folders that
    the user `ingested` into it, or is a web page: an index from elsewhere may name any file of this machine."""
    if not place.is_file:
        if urlsplit(place.file).scheme not in ("http", "https"):
            raise UsageError(f"{place.path} is no file and no web page", hint="rag open N --print shows what it is")
        return
    file = Path(os.path.realpath(place.file))
    if not is_known(file, index, ingested):
        raise UsageError(
            f"{file} is outside of {index.parent}, and you did not ingest it yourself",
            hint=f"rag ingest {shlex.quote(str(file))} if the index is yours, or --print",
        )


def _editor(command: list[str], place: Shown) -> list[str]:
    line, name = place.line or 1, Path(command[0]).name
    if name in _PLUS_LINE:
        return [*command, f"+{line:d}", *(["--"] if name in _DASHES else []), place.file]
    if name in _GOTO:
        return [*command, "--goto", f"{place.file}:{line}"]
    return [*command, f"{place.file}:{line}" if name in _COLON else place.file]


def _viewer(place: Shown, platform: str) -> list[str]:
    if place.page is not None and place.is_file:
        page = place.page
        for name, argument in (
            ("zathura", f"--page={page}"),
            ("evince", f"--page-index={page}"),
            ("okular", f"--page={page}"),
        ):
            if shutil.which(name):
                return [name, argument, place.file]
    opener = "open" if platform == "darwin" else "xdg-open"
    if not shutil.which(opener):
        raise UsageError(f"there is no program to show {place.file}", hint="set EDITOR, or use --print")
    return [opener, place.file]


def place_of(shown: tuple[Shown, ...], number: int) -> Shown:
    """The entry with a number. Raises UsageError naming those that there are."""
    found = next((entry for entry in shown if entry.number == number), None)
    if found is None:
        numbers = ", ".join(str(entry.number) for entry in shown) or "none"
        raise UsageError(f"the last answer has no [{number}]", hint=f"its numbers: {numbers}")
    return found


def told(place: Shown) -> str:
    """`path:line`, or the path and `#page=` as browsers read it."""
    if place.line is not None and place.page is None:
        return f"{place.file}:{place.line}"
    return place.file + (f"#page={place.page}" if place.page is not None else "")


def run(command: list[str]) -> None:
    """Start the program and wait for it. Raises RagError when it cannot be started."""
    import subprocess

    try:
        subprocess.run(command, check=False, env=os.environ.copy())
    except OSError as error:
        raise RagError(f"{command[0]}: {error.strerror}", hint="set EDITOR, or use --print") from error
