"""The index: `open_store` is the only way in, `join` makes one of several, `protocol.py` is all that can be done with it. See
ARCHITECTURE.md, "The index"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ragcli.index.protocol import Reader, Store


def open_store(address: Path | str, *, chroma: bool = True, read_only: bool = False) -> Store:
    """The store of the index in the directory `address`, or of a plug-in where `address` is a text such as `memory:notes`;
    whether or not there is an index yet. In a directory, `chroma` says whether a copy is kept in a Chroma collection, and
    with `read_only` there is no writer. Raises UsageError and PluginFailed for a plug-in that is not there or fails."""
    from ragcli.plugins import scheme_of

    if isinstance(address, str) and scheme_of(address):
        from ragcli.index.plugged import plugged_store

        return plugged_store(address)
    from ragcli.index.sqlite.store import DirectoryStore

    return DirectoryStore(Path(address), chroma=chroma, read_only=read_only)


def join(members: Mapping[str, Reader]) -> Reader:
    """Several indexes, by name, as one that holds the documents of all of them; see `ragcli.index.joined`."""
    from ragcli.index.joined import JoinedReader

    return JoinedReader(members)
