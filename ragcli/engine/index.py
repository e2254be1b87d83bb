"""The index, opened when it is first read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ragcli.engine.once import once
from ragcli.errors import IndexNotFound
from ragcli.index import join, open_store
from ragcli.plugins import scheme_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ragcli.datatypes import Access
    from ragcli.index.protocol import Catalog, Reader, Store
    from ragcli.workspace import Workspace


def store_of(workspace: Workspace) -> Store:
    """The index of a workspace, whether or not there is one yet. Raises UsageError for an address that no store has."""
    address = workspace.settings.index
    plugged = scheme_of(address) and not (workspace.directory / address).exists()
    chroma = workspace.settings.ingest_chroma
    return open_store(address if plugged else workspace.index_directory, chroma=chroma, read_only=workspace.packed)


class OpenIndex:
    """The readers of one store, for any number of threads. `engine` is the setting `retrieval.engine`; with `access`, they see
    what that sees, and nothing else of the index is read."""

    def __init__(self, store: Store, engine: str = "exact", access: Access | None = None) -> None:
        self.making = threading.RLock()
        self._store = store
        self._engine = engine
        self._access = access

    @once
    def reader(self) -> Reader:
        """What searching needs. Raises IndexNotFound, IndexIncompatible, IndexDamaged or IndexLocked."""
        if self._access is None:
            return self._store.reader(engine=self._engine)
        return self._store.reader(engine=self._engine, access=self._access)

    @property
    def catalog(self) -> Catalog:
        """What the index lists, opened without what searching needs; `reader` itself once there is one. Raises as it does."""
        return self.reader if "reader" in self.__dict__ else self._catalog

    @once
    def _catalog(self) -> Catalog:
        return self._store.catalog() if self._access is None else self._store.catalog(access=self._access)

    def close(self) -> None:
        """Close every connection to the index, whichever thread opened it; the next use opens it again."""
        for name in ("reader", "_catalog"):
            if name in self.__dict__:
                self.__dict__[name].close()


class JoinedIndex(OpenIndex):
    """Several indexes, by name, as one; each as `OpenIndex` has it, with the same `access`."""

    def __init__(self, stores: Mapping[str, Store], engine: str = "exact", access: Access | None = None) -> None:
        self.making = threading.RLock()
        self._members = {name: OpenIndex(store, engine, access) for name, store in stores.items()}

    @once
    def reader(self) -> Reader:
        """Raises as those of the members do, IndexNotFound with the name of the one that is not there, and IndexIncompatible
        where their vectors cannot be compared."""
        readers: dict[str, Reader] = {}
        for name, member in self._members.items():
            try:
                readers[name] = member.reader
            except IndexNotFound as problem:
                raise IndexNotFound(
                    f"the collection {name}: {problem.message}", hint=f"rag ingest -c {name} PATH makes it"
                ) from problem
        joined = join(readers)
        joined.manifest  # noqa: B018 - raises where their vectors cannot be compared
        return joined

    @property
    def catalog(self) -> Catalog:
        return self.reader

    def close(self) -> None:
        for member in self._members.values():
            member.close()


def index_of(workspace: Workspace, access: Access | None = None, *, engine: str = "exact") -> OpenIndex:
    """The index of a workspace, or its collections as one index."""
    if workspace.collections:
        stores = {name: open_store(directory) for name, directory in workspace.collections.items()}
        return JoinedIndex(stores, engine, access)
    return OpenIndex(store_of(workspace), engine, access)
