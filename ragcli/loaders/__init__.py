"""Files → Documents. What a file is is decided by its first bytes; a module for each format reads it; `pool` does so in
processes that can be killed."""

from __future__ import annotations

from ragcli.loaders.formats import detect
from ragcli.loaders.reading import get_loader, load_bytes

__all__ = ["detect", "get_loader", "load_bytes"]
