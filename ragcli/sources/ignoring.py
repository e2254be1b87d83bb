"""Patterns of .gitignore and .ragignore, matched by gitignore_parser; deeper files and later lines win, as in git."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

NAMES = (".gitignore", ".ragignore")


class IgnoreFiles:
    """The ignore files from `root` down to the folders that are entered; those above `root` up to the repository's top count
    too."""

    def __init__(self, root: Path, enabled: bool) -> None:
        self._enabled = enabled
        self._rules: dict[Path, list[Any]] = {}
        self._root = root
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

    def rule(self, path: Path, *, folder: bool) -> str:
        """`ignored: PATTERN in FILE` of the rule that leaves out an entry of a folder that was entered, or nothing."""
        for rule in reversed(self._rules.get(path.parent, [])):
            if rule.directory_only and not folder:
                continue
            if rule.match(f"{path}/" if folder and rule.negation else str(path)):
                if rule.negation:
                    return ""
                return f"ignored: {rule.pattern.strip()} in {Path(rule.source[0]).name}"
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


def _read(file: Path, folder: Path) -> list[Any]:
    from gitignore_parser import rule_from_pattern

    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            rule = rule_from_pattern(line, base_path=folder, source=(str(file), number))
        except (re.error, IndexError, ValueError):  # a pattern that is no pattern ignores nothing
            continue
        if rule:
            found.append(rule)
    return found


def matches_any(patterns: Sequence[str], relative: str) -> bool:
    """Whether a path below the scanned folder, or a folder above it, is meant by one of the patterns."""
    if not patterns:
        return False
    parts = relative.split("/")
    paths = ["/" + "/".join(parts[: i + 1]) for i in range(len(parts))]
    return any(_pattern(pattern).match(path) for pattern in patterns for path in paths)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    from gitignore_parser import rule_from_pattern

    return rule_from_pattern(pattern.strip() or "/nothing", base_path=Path("/"))
