"""The store that keeps an index in a directory of this machine; see ARCHITECTURE.md, "The index"."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import UsageError
from ragcli.index.sqlite import removals
from ragcli.index.sqlite.catalog import stored_manifest
from ragcli.index.sqlite.contents import CatalogReader
from ragcli.index.sqlite.copystate import installed_version
from ragcli.installing import install_command

if TYPE_CHECKING:
    from ragcli.datatypes import Access
    from ragcli.index.entries import LastWrite
    from ragcli.index.manifest import Identity, Manifest
    from ragcli.index.sqlite.reader import IndexReader
    from ragcli.index.sqlite.writer import IndexWriter


class DirectoryStore:
    """The index in `directory`; what reading and writing need is imported when it is asked for. With `read_only`, `writer`
    raises UsageError."""

    def __init__(self, directory: Path, *, chroma: bool = True, read_only: bool = False) -> None:
        """`chroma`: whether writers keep a copy in a Chroma collection, or remove one that is there."""
        self._directory = directory
        self._chroma = chroma
        self._read_only = read_only

    @property
    def address(self) -> str:
        """The path of the directory."""
        return str(self._directory)

    def manifest(self) -> Manifest | None:
        return stored_manifest(self._directory)

    def catalog(self, *, access: Access | None = None) -> CatalogReader:
        """Without numpy, which takes as long to load as everything else that `rag stats` needs."""
        return CatalogReader(self._directory, access=access, chroma=self._chroma).opened()

    def reader(self, *, engine: str = "exact", access: Access | None = None) -> IndexReader:
        from ragcli.index.sqlite.reader import IndexReader

        if engine == "chroma" and not installed_version():
            raise UsageError(
                "the engine chroma needs chromadb, which is not installed",
                hint=f"{install_command('chromadb')}, then rag ingest; or --engine exact",
            )

        if engine == "chroma" and not self._chroma:
            raise UsageError(
                "the engine chroma needs the Chroma collection, which ingest.chroma = false leaves out",
                hint="set ingest.chroma = true, then rag ingest; or --engine exact",
            )
        return IndexReader(self._directory, engine=engine, access=access, chroma=self._chroma)

    def writer(self, identity: Identity, *, rebuild: bool = False) -> AbstractContextManager[IndexWriter]:
        from ragcli.index.sqlite.writer import open_writer

        if self._read_only:
            raise UsageError(
                "the index of a pack is not changed", hint="rag unpack FILE FOLDER makes one that can be changed"
            )
        return open_writer(self._directory, identity, rebuild=rebuild, chroma=self._chroma)

    @property
    def unfinished(self) -> bool:
        return removals.begun(self._directory) is not None

    def last_write(self) -> LastWrite:
        from ragcli.index.sqlite.lock import last_write

        return last_write(self._directory)

    def files(self) -> list[Path]:
        record = self._directory / removals.FILE
        return sorted(path for path in self._directory.rglob("*") if path.is_file() and path != record)

    def roots(self, *, damaged: bool = False) -> list[str]:
        from ragcli.index.sqlite.rebuilding import remembered_roots

        return remembered_roots(self._directory, damaged=damaged)
