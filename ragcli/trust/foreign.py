"""Which files of this machine an index may lead to: an index that somebody else made can name any of them.

An index names files by the paths of its documents and by the roots that it was made from. Whoever follows such a path asks here
first: `rag ingest` without paths, also with --rebuild, --dry-run and --watch (`cli/library.py`), `rag ask --fresh`
(`usecases/freshness.py`), `rag open` and `/open` of a chat (`cli/opening.py`), `rag tune --sizes` (`cli/tuning.py`), `rag why`
for a file that is not in the index (`usecases/diagnosis.py`), and the pictures of pages of `rag serve`, which knows its own
folders (`serving/http/documents.py`). Everything else takes the text of a document from the
index, as `rag get` does, reads a path that the user typed, or asks the system only whether a file changed or is there.
The library asks as well (`Rag.ingest` without paths, `changing.py`), unless the program that calls it says `anywhere`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from ragcli.errors import UsageError
from ragcli.trust.store import TrustStore


def is_known(path: Path, index: Path, ingested: Sequence[str]) -> bool:
    """Whether a file or folder lies, with links followed, in the folder of the index or in what the user `ingested` into it."""
    found = Path(os.path.realpath(path))
    return any(found.is_relative_to(root) for root in (os.path.realpath(index.parent), *ingested))


def check_roots(roots: Sequence[Path], index: Path, store: TrustStore, given: Iterable[str] = ()) -> None:
    """Raises UsageError unless the user ingested all of what the index says that it was made from (by the store, or as `given`
    here), or it lies in the folder of the index: following it would take in whatever file an index from elsewhere names."""
    outside = _outside(roots, index, [*store.roots(index), *map(os.path.realpath, given)])
    if outside:
        raise UsageError(
            f"the index was made from {', '.join(outside)}, outside of {index.parent}, and you did not ingest that yourself",
            hint=f"rag ingest {shlex.join(outside)} if these files are to be in the index; later, rag ingest will do",
        )


def check_files(files: Sequence[Path], index: Path, store: TrustStore) -> None:
    """The same for the files of documents."""
    outside = _outside(files, index, store.roots(index))
    if outside:
        raise UsageError(
            f"the index names {', '.join(outside)}, outside of {index.parent}, and you did not ingest that yourself",
            hint=f"rag ingest {shlex.join(outside)} if these files are to be in the index",
        )


def _outside(paths: Sequence[Path], index: Path, ingested: Sequence[str]) -> list[str]:
    return [str(path) for path in paths if not is_known(path, index, ingested)]
