"""The index, opened when it is first read."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.engine.once import once
from ragcli.index.contents import CatalogReader

if TYPE_CHECKING:
    from ragcli.index.reader import IndexReader


class OpenIndex:
    """The readers of one index, for any number of threads. `engine` is the setting `retrieval.engine`."""

    def __init__(self, directory: Path, engine: str = "exact") -> None:
        self.making = threading.RLock()
        self.directory = directory
        self._engine = engine

    @once
    def reader(self) -> IndexReader:
        """What searching needs. Raises IndexNotFound, IndexIncompatible, IndexDamaged or IndexLocked."""
        from ragcli.index.reader import IndexReader

        return IndexReader(self.directory, engine=self._engine)

    @property
    def catalog(self) -> CatalogReader:
        """What the index lists, opened without what searching needs; `reader` itself once there is one. Raises as it does."""
        return self.reader if "reader" in self.__dict__ else self._catalog

    @once
    def _catalog(self) -> CatalogReader:
        return CatalogReader(self.directory).opened()

    def close(self) -> None:
        """Close every connection to the index, whichever thread opened it; the next use opens it again."""
        for name in ("reader", "_catalog"):
            if name in self.__dict__:
                self.__dict__[name].close()
