"""What is in a folder, for somebody who begins: an index, or files that one could be made of."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from ragcli.engine.index import store_of
from ragcli.reports import Overview
from ragcli.sources.scanning import Found, scan
from ragcli.usecases.ingestion import rules_of

if TYPE_CHECKING:
    from ragcli.workspace import Workspace

_SECONDS = 1.0  # a home folder is not walked to its end
_FILES = 20_000


def overview(workspace: Workspace) -> Overview:
    """The index in force with its counts, or, where there is none, the files of the working directory that an ingest would
    look at, by suffix. Raises what opening the index raises."""
    store = store_of(workspace)
    if store.manifest() is not None:
        with closing(store.catalog()) as catalog:
            documents, _, chunks, _ = catalog.counts(0)
            roots = tuple(catalog.roots())
        return Overview(str(workspace.directory), str(workspace.index_directory), documents, chunks, roots)
    suffixes: Counter[str] = Counter()
    begun, complete = time.monotonic(), True
    rules = rules_of(workspace.settings)
    for entry in scan(workspace.directory, workspace.project, workspace.index_directory, rules):
        if isinstance(entry, Found):
            suffixes[entry.location.suffix.lower() or "no suffix"] += 1
        if suffixes.total() >= _FILES or time.monotonic() - begun > _SECONDS:
            complete = False
            break
    return Overview(str(workspace.directory), files=dict(suffixes.most_common()), complete=complete)
