"""An index holds files and folders of its own. One that came with somebody else's files could hold links instead, through which
files elsewhere would be overwritten or read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ragcli.errors import IndexDamaged


def refuse_links(directory: Path) -> None:
    """Raises IndexDamaged when anything in the index at `directory` is neither a regular file nor a folder. The directory
    itself may be a link; see `refuse_linked_index`."""
    pending = [str(directory)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif not _regular(entry):
                        raise IndexDamaged(
                            f"the index at {directory} holds {_told(entry)}, and an index is made of files and folders alone",
                            hint=f"if you know where it leads and want the index, delete it: rm {entry.path}",
                        )
        except (FileNotFoundError, NotADirectoryError):
            continue  # it is being changed; who opens a file there does not follow links


def refuse_linked_index(found: Path) -> None:
    """Raises IndexDamaged when the index that was found by looking upward, and was not named, is a link to another place."""
    if found.is_symlink():
        raise IndexDamaged(
            f"{found} is a symbolic link to {os.readlink(found)}, an index elsewhere",
            hint=f"if that one is meant, name it: --index {os.path.realpath(found)}",
        )


def _regular(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return True


def _told(entry: os.DirEntry[str]) -> str:
    return f"the symbolic link {entry.name}" if entry.is_symlink() else f"{entry.name}, which is no file"
