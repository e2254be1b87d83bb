"""Looking into a ZIP container before any parser does: sizes, ratios and names as the central directory declares them."""

from __future__ import annotations

import io
import zipfile

from ragcli.errors import LoadError
from ragcli.loaders.locked import ENCRYPTED

MAX_ENTRIES = 2_000
MAX_ENTRY_BYTES = 50_000_000
MAX_TOTAL_BYTES = 200_000_000
MAX_RATIO = 100


def open_zip(data: bytes) -> zipfile.ZipFile:
    """An archive whose entries are few, not encrypted, and do not expand beyond the limits; else LoadError."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise LoadError(f"not a readable container ({error})") from error
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise LoadError(f"limit: more than {MAX_ENTRIES:,} entries")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise LoadError(f"{ENCRYPTED} as an archive; save it without a password")
    total = 0
    for entry in entries:
        total += entry.file_size
        ratio = entry.file_size / max(1, entry.compress_size)
        if entry.file_size > MAX_ENTRY_BYTES or (entry.file_size > 1_000_000 and ratio > MAX_RATIO):
            raise LoadError(f"limit: {entry.filename!r} expands to {entry.file_size:,} bytes")
    if total > MAX_TOTAL_BYTES:
        raise LoadError(f"limit: expands to {total:,} bytes")
    return archive
