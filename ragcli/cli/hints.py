"""Remarks that are worth reading once."""

from __future__ import annotations

import os

from ragcli.places import state_directory
from ragcli.private import make_private_folder, open_private


def first_time(name: str) -> bool:
    """Whether the remark called `name` was not made on this machine before; from now on it was. Where that cannot be kept, it
    counts as made."""
    file = state_directory() / f"said-{name}"
    if file.exists():
        return False
    try:
        make_private_folder(file.parent)
        os.close(open_private(file, os.O_WRONLY | os.O_CREAT))
    except OSError:
        return False
    return True
