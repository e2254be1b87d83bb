"""Patterns of .gitignore and .ragignore: deeper files and later lines win, as in git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ragcli.files import read_text
from ragcli.text.globs import Glob, glob

NAMES = (".gitignore", ".ragignore")


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of an ignore file: `pattern` as written, in a file called `source`. A rule that is `anchored` is about paths below
    `base`, the folder of the file, another about names at any depth below it."""

    pattern: str
    source: str
    base: Path
    glob: Glob
    negated: bool
    folders_only: bool
    anchored: bool

    def means(self, path: Path, *, folder: bool) -> bool:
        """Whether it is about this entry itself, a file or a folder below `base`."""
        if self.folders_only and not folder:
            return False
        return self.glob.matches(path.relative_to(self.base).parts if self.anchored else (path.name,))


class IgnoreFiles:
    """The ignore files from `root` down to the folders that are entered; those above `root` up to the repository's top count
    too."""

    def __init__(self, root: Path, enabled: bool) -> None:
        self._enabled = enabled
        self._rules: dict[Path, list[Rule]] = {}
        self._root = root
        self._about_root: set[int] = set()  # ids of rules that are about the root, or a folder above it, and all in it
        if enabled:
            for folder in reversed(_above(root)):
                self.enter(folder)

    def enter(self, folder: Path) -> None:
        """Read the ignore files of a folder; those of the folders above it must have been read before."""
        if not self._enabled or folder in self._rules:
            return
        inherited = next((self._rules[above] for above in folder.parents if above in self._rules), [])
        own = [rule for name in NAMES for rule in _read(folder / name, folder)]
        self._rules[folder] = [*inherited, *own] if own else inherited
        for rule in own:
            between = [
                path for path in (self._root, *self._root.parents) if path != folder and path.is_relative_to(folder)
            ]
            if any(rule.means(path, folder=True) for path in between):
                self._about_root.add(id(rule))

    def rule(self, path: Path, *, folder: bool) -> str:
        """`ignored: PATTERN in FILE` of the rule that leaves out an entry of a folder that was entered, or nothing."""
        for rule in reversed(self._rules.get(path.parent, [])):
            if id(rule) in self._about_root or rule.means(path, folder=folder):
                return "" if rule.negated else f"ignored: {rule.pattern} in {rule.source}"
        return ""


def _above(root: Path) -> list[Path]:
    """The folders from the one above `root` to the top of its repository, nearest first; none outside of a repository."""
    if (root / ".git").exists():
        return []
    found: list[Path] = []
    for folder in root.parents:
        found.append(folder)
        if (folder / ".git").exists():
            return found
    return []


def _read(file: Path, folder: Path) -> list[Rule]:
    try:
        lines = read_text(file, errors="replace").splitlines()
    except OSError:
        return []
    return [rule for line in lines if (rule := parse_rule(line, folder, file.name))]


def parse_rule(line: str, base: Path, source: str) -> Rule | None:
    """The rule in a line of an ignore file in the folder `base`; None for a comment or a blank line."""
    written = line.rstrip("\r\n")
    while written.endswith((" ", "\t")) and not written.endswith(("\\ ", "\\\t")):
        written = written[:-1]
    pattern = written.removeprefix("!")
    if not pattern.strip("/") or written.startswith("#"):
        return None
    bare = pattern.removesuffix("/")
    return Rule(
        pattern=written.strip(),
        source=source,
        base=base,
        glob=glob(bare.removeprefix("/")),
        negated=written.startswith("!"),
        folders_only=pattern.endswith("/"),
        anchored="/" in bare,
    )


def matches_any(patterns: Sequence[str], relative: str) -> bool:
    """Whether a path below the scanned folder, or a folder above it, is meant by one of the patterns."""
    if not patterns:
        return False
    path = Path("/", relative)
    entries = [path, *list(path.parents)[:-1]]
    rules = [rule for pattern in patterns if (rule := _pattern(pattern))]
    return any(rule.means(entry, folder=True) for rule in rules for entry in entries)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Rule | None:
    return parse_rule(pattern.strip(), Path("/"), "")
