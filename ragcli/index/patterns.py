"""Patterns of paths, as in .gitignore: `*` and `?` stay within a folder, `**` crosses folders."""

from __future__ import annotations

import functools
import re


def path_matches(pattern: str, path: str, root: str) -> bool:
    """Whether a document at `path`, ingested from the folder `root`, is meant by `pattern`.

    The pattern may be written against the whole path or against the path below `root`; one without a slash matches the
    file's name; one that names a folder matches everything in it.
    """
    expression = _expression(pattern.rstrip("/"))
    below = path[len(root) :].lstrip("/") if root and path.startswith(root) else path
    candidates = [path, below] if "/" in pattern else [path, below, path.rsplit("/", 1)[-1]]
    return any(expression.fullmatch(candidate) for candidate in candidates)


@functools.lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    for token in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        match token:
            case "**/":
                parts.append("(?:.*/)?")
            case "**":
                parts.append(".*")
            case "*":
                parts.append("[^/]*")
            case "?":
                parts.append("[^/]")
            case _:
                parts.append(re.escape(token))
    return re.compile("".join(parts) + "(?:/.*)?", re.DOTALL)
