"""Packs as text and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.render.sanitize import one_line
from ragcli.text.counting import counted

if TYPE_CHECKING:
    from ragcli.packs import Pack
    from ragcli.schemas.library import PackDocument


def packed_line(made: Pack) -> str:
    held = counted(int(made.facts["documents"]), "document")
    return f"{one_line(str(made.path))}: {held}, {made.size / 1e6:,.1f} MB, sha256 {made.sha256[:16]}…"


def unpacked_line(found: Pack, directory: Path) -> str:
    return f"{one_line(str(directory))}: {counted(int(found.facts['documents']), 'document')}"


def document(pack: Pack, directory: Path) -> PackDocument:
    return {
        "schema": "rag.pack/1",
        "pack": str(pack.path),
        "index": str(directory),
        "bytes": pack.size,
        "sha256": pack.sha256,
        "documents": int(pack.facts["documents"]),
        "fingerprint": str(pack.facts["fingerprint"]),
    }
