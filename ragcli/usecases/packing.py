"""`rag pack` and `rag unpack`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.engine.index import store_of
from ragcli.errors import IndexIncompatible, IndexNotFound, UsageError
from ragcli.packs import Pack, checked, unpack, write
from ragcli.settings import PACK

if TYPE_CHECKING:
    from ragcli.workspace import Workspace


def pack_index(workspace: Workspace, file: Path) -> Pack:
    """Write the index as one file; writers wait meanwhile. Raises UsageError for another suffix, for an index that is no
    folder, and for a removal that is not finished."""
    store = store_of(workspace)
    if file.suffix != PACK:
        raise UsageError(f"{file} does not end with {PACK}", hint=f"rag pack {file.with_suffix(PACK)}")
    manifest = store.manifest()
    if manifest is None:
        raise IndexNotFound(f"no index at {store.address}", hint="rag ingest PATH")
    if not workspace.index_directory.is_dir() or workspace.packed:
        raise UsageError(f"{store.address} is no folder with an index", hint="--index DIR names one")
    if store.unfinished:
        raise UsageError("a removal was interrupted, and the index holds what was to go", hint="rag ingest finishes it")
    with closing(store.catalog()) as catalog:
        if catalog.manifest != manifest:
            raise IndexIncompatible("the index is of another format", hint="rag ingest brings it up to date")
        facts = {"fingerprint": catalog.fingerprint(), "documents": catalog.counts(0).documents}
    with store.writer(manifest.identity):
        return write(file, workspace.index_directory, {**facts, "model": str(manifest.embedder.get("name", ""))})


def unpack_index(file: Path, folder: Path) -> tuple[Pack, Path]:
    """Put the index of a pack into `folder`, as its `.rag`; returns where that is. Raises UsageError when there is one."""
    pack, directory = checked(file), folder / ".rag"
    if directory.exists():
        raise UsageError(f"there is an index at {directory}", hint="give another folder: rag unpack FILE FOLDER")
    unpack(pack, directory)
    return pack, directory
