"""`rag get`: what a reference to a place in a document means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ragcli.errors import UsageError
from ragcli.usecases.library import typed_path
from ragcli.usecases.reading import part_of

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.results import Passage
    from ragcli.workspace import Workspace

_LINES = re.compile(r"(.+):(\d{1,9})(?:-(\d{1,9}))?")
_PAGE = re.compile(r"(.+)#page=(\d{1,9})")
_CHARACTERS = re.compile(r"([0-9a-f]{8,32}):(\d{1,9})-(\d{1,9})?(?:@[0-9a-f]{6})?")  # what `rag mcp` calls a ref


def referred(workspace: Workspace, catalog: Catalog, ref: str, context: int = 0) -> Passage:
    """The part of a document that `ref` names: `PATH`, `PATH:LINE`, `PATH:FIRST-LAST`, `PATH#page=N`, or characters of an
    identity as `rag mcp` writes them. A path may itself hold what looks like a line. `context` lines more are taken on both
    sides. Raises UsageError when there is no such document, page or line."""
    whole = _named(workspace, catalog, ref)
    if whole:
        return part_of(catalog, whole, 0, None, None, None)
    if match := _CHARACTERS.fullmatch(ref):
        return part_of(catalog, match[1], int(match[2]), int(match[3]) if match[3] else None, None, None)
    if match := _PAGE.fullmatch(ref):
        return part_of(catalog, _path(workspace, catalog, match[1]), 0, None, int(match[2]), None)
    if match := _LINES.fullmatch(ref):
        first, last = int(match[2]), int(match[3] or match[2])
        path = _path(workspace, catalog, match[1])
        return part_of(catalog, path, 0, None, None, (max(1, first - context), last + context))
    return part_of(catalog, _path(workspace, catalog, ref), 0, None, None, None)


def _named(workspace: Workspace, catalog: Catalog, path: str) -> str:
    """The path in the index that the user calls `path`; empty when there is none."""
    typed = typed_path(workspace, path)
    found = catalog.find([path, typed])
    return path if path in found else typed if typed in found else ""


def _path(workspace: Workspace, catalog: Catalog, path: str) -> str:
    found = _named(workspace, catalog, path)
    if not found and not re.fullmatch(r"[0-9a-f]{8,32}", path):
        raise UsageError(f"the index holds no document {path!r}", hint="rag ls lists what it holds")
    return found or path
