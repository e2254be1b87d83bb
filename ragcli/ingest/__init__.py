"""Sources → index."""

from __future__ import annotations

from ragcli.ingest.parts import Options, Progress, Reader
from ragcli.ingest.run import Ingest

__all__ = ["Ingest", "Options", "Progress", "Reader"]
