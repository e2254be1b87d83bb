"""How fast a folder is taken in, what the time goes to, and how fast the next runs are.

    python benchmarks/ingest.py FOLDER [--model NAME] [--no-sentences]

The folder is copied and indexed anew in a temporary directory, then ingested again unchanged, then with one file edited. Prints
rates, peak memory of this process, and the share of the time in which the embedder worked.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ragcli.engine.embedders import embedder_for
from ragcli.index.manifest import Manifest
from ragcli.protocols import Embedder
from ragcli.settings import resolve
from ragcli.usecases.ingestion import IngestRequest, ingest_paths
from ragcli.workspace import Workspace, workspace_at


class Timed:
    """An embedder that counts the seconds it works."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_documents(self, texts: Sequence[str]) -> Any:
        started = time.perf_counter()
        try:
            return self._embedder.embed_documents(texts)
        finally:
            self.seconds += time.perf_counter() - started


def run(folder: Path, flags: dict[str, object], name: str) -> None:
    resolved = resolve(flags, environment={}, directory=folder.parent, user_file=Path("none"))
    made: list[Timed] = []

    def timed(workspace: Workspace, manifest: Manifest | None) -> Any:
        made.append(Timed(embedder_for(workspace, manifest)))
        return made[-1]

    started = time.perf_counter()
    report = ingest_paths(workspace_at(folder.parent, resolved), IngestRequest([folder]), make_embedder=timed)
    seconds = time.perf_counter() - started
    megabytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{name:<10} {seconds:7.1f} s  {megabytes / seconds:7.3f} MB/s  {report.chunks_embedded / seconds:7.1f} chunks/s  "
        f"embedding {made[0].seconds / seconds:4.0%}  added {report.added} updated {report.updated} copies {report.copies} "
        f"unchanged {report.unchanged} failed {len(report.failed)}  chunks {report.chunks}  memory {own} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--no-sentences", action="store_true")
    arguments = parser.parse_args()
    flags: dict[str, object] = {"embedding_model": arguments.model}
    if arguments.no_sentences:
        flags["embedding_sentences"] = "off"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "documents"
        shutil.copytree(arguments.folder, folder)
        run(folder, flags, "first")
        run(folder, flags, "unchanged")
        edited = next(file for file in sorted(folder.rglob("*.md")) if file.stat().st_size < 20_000)
        edited.write_text(edited.read_text() + "\nA new paragraph about parking.\n")
        run(folder, flags, "one edited")


if __name__ == "__main__":
    main()
