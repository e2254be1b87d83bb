"""The index: `open_store` is the only way in, `protocol.py` all that can be done with it. See ARCHITECTURE.md, "The index"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.index.protocol import Store


def open_store(address: Path | str) -> Store:
    """The store of the index in the directory `address`, or of a plug-in where `address` is a text such as `memory:notes`;
    whether or not there is an index yet. Raises UsageError and PluginFailed for a plug-in that is not there or fails."""
    from ragcli.plugins import scheme_of

    if isinstance(address, str) and scheme_of(address):
        from ragcli.index.plugged import plugged_store

        return plugged_store(address)
    from ragcli.index.store import DirectoryStore

    return DirectoryStore(Path(address))
