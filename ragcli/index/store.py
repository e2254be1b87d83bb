"""The store that keeps an index in a directory of this machine; see ARCHITECTURE.md, "The index"."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import UsageError
from ragcli.index import removals
from ragcli.index.contents import CatalogReader, stored_manifest
from ragcli.index.copystate import installed_version
from ragcli.installing import install_command

if TYPE_CHECKING:
    from ragcli.datatypes import Access
    from ragcli.index.entries import LastWrite
    from ragcli.index.manifest import Identity, Manifest
    from ragcli.index.reader import IndexReader
    from ragcli.index.writer import IndexWriter


class DirectoryStore:
    """The index in `directory`; what reading and writing need is imported when it is asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def address(self) -> str:
        """The path of the directory."""
        return str(self._directory)

    def manifest(self) -> Manifest | None:
        return stored_manifest(self._directory)

    def catalog(self, *, access: Access | None = None) -> CatalogReader:
        """Without numpy, which takes as long to load as everything else that `rag stats` needs."""
        return CatalogReader(self._directory, access=access).opened()

    def reader(self, *, engine: str = "exact", access: Access | None = None) -> IndexReader:
        from ragcli.index.reader import IndexReader

        if engine == "chroma" and not installed_version():
            raise UsageError(
                "the engine chroma needs chromadb, which is not installed",
                hint=f"{install_command('chromadb')}, then rag ingest; or --engine exact",
            )

        return IndexReader(self._directory, engine=engine, access=access)

    def writer(self, identity: Identity, *, rebuild: bool = False) -> AbstractContextManager[IndexWriter]:
        from ragcli.index.writer import open_writer

        return open_writer(self._directory, identity, rebuild=rebuild)

    @property
    def unfinished(self) -> bool:
        return removals.begun(self._directory) is not None

    def last_write(self) -> LastWrite:
        from ragcli.index.lock import last_write

        return last_write(self._directory)

    def files(self) -> list[Path]:
        record = self._directory / removals.FILE
        return sorted(path for path in self._directory.rglob("*") if path.is_file() and path != record)

    def roots(self, *, damaged: bool = False) -> list[str]:
        from ragcli.index.rebuilding import remembered_roots

        return remembered_roots(self._directory, damaged=damaged)
