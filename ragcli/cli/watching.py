"""`rag ingest --watch`: taking in what changes, until stopped."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.cli.session import Output, Session
    from ragcli.reports import IngestReport
    from ragcli.usecases.ingestion import IngestRequest


def watch_changes(
    opened: Session, request: IngestRequest, output: Output, ingest: Callable[[IngestRequest], IngestReport]
) -> None:
    """Ingest again whenever something changes below what was ingested; saves that come in a burst count as one."""
    from watchfiles import watch

    from ragcli.usecases.ingestion import watched_roots

    roots, inside = watched_roots(opened.workspace, request), f"{opened.workspace.index_directory}{os.sep}"
    output.note(f"watching {', '.join(map(str, roots))}; Ctrl-C stops")
    again = replace(request, rebuild=False)
    changes = watch(
        *roots,
        watch_filter=lambda _, path: not path.startswith(inside),
        debounce=1_000,
        step=200,
        raise_interrupt=False,
        recursive=True,
    )
    for _ in changes:
        report = ingest(again)
        opened.engine.close()
        if report.interrupted:
            return
