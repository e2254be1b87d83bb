"""The index: `open_store` is the only way in, `protocol.py` all that can be done with it. See ARCHITECTURE.md, "The index"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.index.protocol import Store


def open_store(address: Path) -> Store:
    """The store of the index in the directory `address`, whether or not there is one yet. Nothing is opened or made."""
    from ragcli.index.store import DirectoryStore

    return DirectoryStore(address)
