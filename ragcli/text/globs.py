"""Patterns of paths, as git reads those of .gitignore, matched in time that grows with pattern times path.

`*` and `?` stay within a folder, `[a-z]` and `[!a-z]` are one character of a set, `\\` takes the next character as it is, and
`**` as a whole part of the path is any number of folders.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

Parts = Sequence[str]

_TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<star>\*+)|(?P<one>\?)|\[(?P<negated>[!^]?)(?P<set>\]?[^\]/]*)\]|(?P<plain>.)", re.DOTALL
)


class Glob:
    """A pattern with its parts between slashes; an empty pattern matches the empty path alone."""

    def __init__(self, pattern: str) -> None:
        self._parts = [None if part == "**" else _part(part) for part in pattern.split("/")]

    def matches(self, path: Parts) -> bool:
        """Whether the parts of a path are, from the first to the last, what the pattern says."""
        return len(path) in self.ends(path)

    def ends(self, path: Parts) -> set[int]:
        """After how many parts of the path the pattern can end; as the last part, `**` stands for at least one."""
        positions = {0}
        for number, part in enumerate(self._parts):
            if not positions:
                break
            if part is None:
                last = number == len(self._parts) - 1
                positions = set(range(min(positions) + last, len(path) + 1))
            else:
                positions = {at + 1 for at in positions if at < len(path) and part.fullmatch(path[at])}
        return positions


@lru_cache(maxsize=1024)
def glob(pattern: str) -> Glob:
    """The pattern, ready to match."""
    return Glob(pattern)


def path_matches(pattern: str, path: str, root: str) -> bool:
    """Whether a document at `path`, ingested from the folder `root`, is meant by `pattern`.

    The pattern may be written against the whole path or against the path below `root`; one without a slash matches the
    file's name; one that names a folder matches everything in it.
    """
    wanted = glob(pattern.rstrip("/"))
    below = path[len(root) :].lstrip("/") if root and path.startswith(root) else path
    candidates = [path, below] if "/" in pattern else [path, below, path.rsplit("/", 1)[-1]]
    return any(wanted.ends(candidate.split("/")) for candidate in candidates)


def _part(pattern: str) -> re.Pattern[str]:
    """One part of a path. What stands between two stars is found at the first place where it fits and never looked for again
    (atomic groups): a later place could only leave less for the rest."""
    pieces, piece = list[str](), ""
    for token in _TOKEN.finditer(pattern):
        if token["star"]:
            pieces.append(piece)
            piece = ""
        else:
            piece += _character(token)
    first, *rest = [*pieces, piece]
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + f".*{last}", re.DOTALL)


def _character(token: re.Match[str]) -> str:
    if token["one"]:
        return "."
    if token["set"]:
        inner = re.sub(r"([\\\]\[&~|^])", r"\\\1", token["set"])
        try:
            return re.compile(f"[{'^' if token['negated'] else ''}{inner}]").pattern
        except re.error:  # a range that ends before it begins
            return r"(?!)"
    return re.escape(token["escaped"] or token["plain"] or token[0])
