"""The example documents, for `rag demo`."""

from __future__ import annotations

import shutil
from pathlib import Path

from ragcli.errors import UsageError

QUESTION = "How many days of annual leave does an employee have?"
OTHER_QUESTION = "What is the hotel limit?"


def example_documents() -> list[Path]:
    """The files that come with the program: beside its modules where it was installed, in `examples` of a checkout. Raises
    FileNotFoundError when they were left out."""
    package = Path(__file__).resolve().parents[1]
    folder = next(
        (place for place in (package / "examples", package.parent / "examples" / "documents") if place.is_dir()), None
    )
    if folder is None:
        raise FileNotFoundError(2, "the example documents are missing from the installation", str(package / "examples"))
    return sorted(path for path in folder.iterdir() if path.is_file())


def lay_out(folder: Path) -> list[Path]:
    """Copy the example documents into `folder`, which must be new, empty, or made by this before; returns the copies. Raises
    UsageError for a folder with anything else in it."""
    documents = example_documents()
    try:
        there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except NotADirectoryError as error:
        raise UsageError(f"{folder} is a file", hint="rag demo NEW_FOLDER") from error
    if there and not {path.name for path in documents} <= there:
        raise UsageError(f"{folder} holds something else already", hint="rag demo NEW_FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    copies = [folder / path.name for path in documents]
    for source, copy in zip(documents, copies, strict=True):
        if not copy.exists():
            shutil.copyfile(source, copy)
    return copies
