"""Loaders of plug-ins: which suffixes they read, and reading with them. See `ragcli.plugins`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import get_args

from ragcli.datatypes import Block, BlockKind, Document
from ragcli.errors import LoadError, PluginFailed
from ragcli.loaders.formats import OWN_SUFFIXES
from ragcli.plugins import Plugin, blamed, claimants, find, load
from ragcli.protocols import Loader

_KINDS = get_args(BlockKind)


def plugged_suffixes(paths: Iterable[str]) -> dict[str, str]:
    """Of the suffixes of `paths`, those that rag itself does not know and a plug-in reads, in lower case and with their dot;
    each with the plug-ins' names and versions. Installed distributions are looked at only when a suffix is unknown."""
    unknown = {Path(path).suffix.lower() for path in paths} - OWN_SUFFIXES - {""}
    found = {suffix: claimants("loaders", suffix[1:]) for suffix in sorted(unknown)}
    return {suffix: ", ".join(map(str, plugins)) for suffix, plugins in found.items() if plugins}


def read_plugged(data: bytes, path: Path, *, only_detect: bool = False) -> Document:
    """The document that the plug-in for the suffix of `path` makes of `data`; with `only_detect`, one without text.

    Raises LoadError, which names the plug-in when it failed or what it returned is no proper document.
    """
    name = path.suffix.lower()[1:]
    try:
        plugin = find("loaders", name)
        if plugin is None:  # uninstalled since the ingest began
            raise LoadError(f"the plug-in for .{name} is not installed any more")
        if only_detect:
            return Document("", str(path), name, "", "", ())
        with blamed(plugin, LoadError):
            document = _loader(plugin).load(data, path)
            wrong = fault(document)
    except PluginFailed as problem:
        raise LoadError(problem.message) from problem
    if wrong:
        raise LoadError(f"the plug-in {plugin} failed: {wrong}")
    return document


@lru_cache(maxsize=16)
def _loader(plugin: Plugin) -> Loader:
    loader: Loader = load(plugin)()
    return loader


def fault(document: object) -> str:
    """What is wrong with a document that a loader returned, as a short clause; empty when nothing is."""
    if not isinstance(document, Document):
        return f"it returned {type(document).__name__}, not Document"
    texts = (document.type, document.title, document.text, document.partial)
    if not all(isinstance(text, str) for text in texts) or not document.type or not document.title:
        return "type and title must be texts that are not empty"
    starts = list(document.page_starts)
    if any(not isinstance(start, int) for start in starts) or starts != sorted(starts):
        return "the offsets of pages must ascend"
    if any(not isinstance(text, str) for entry in document.metadata.items() for text in entry):
        return "metadata must be texts"
    return _fault_of_blocks(document)


def _fault_of_blocks(document: Document) -> str:
    position = 0
    for number, block in enumerate(document.blocks, start=1):
        if not isinstance(block, Block) or block.kind not in _KINDS:
            return f"block {number} must be a Block of one of the kinds {', '.join(_KINDS)}"
        if not position <= block.start < block.end <= len(document.text):
            return f"block {number} is empty, out of order or beyond the text"
        inside = document.text[block.start : block.end]
        if inside != inside.strip():
            return f"block {number} begins or ends with white space"
        if document.text[position : block.start].strip():
            return f"there is text before block {number} that no block covers"
        position = block.end
    if not document.blocks:
        return "it has no blocks"
    return "there is text behind the last block" if document.text[position:].strip() else ""
