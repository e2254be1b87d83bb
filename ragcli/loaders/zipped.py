"""Looking into a ZIP container before any parser does: sizes, ratios and names as the central directory declares them."""

from __future__ import annotations

import io
import zipfile
import zlib

from ragcli.errors import LoadError
from ragcli.loaders.locked import ENCRYPTED

CUT_OFF = "cut off: the end of the file is missing; copy or download it again"
DAMAGED = "damaged: a part of the file cannot be unpacked; copy or download it again"
_BEGIN, _END = b"PK\x03\x04", b"PK\x05\x06"  # of an archive
_END_BYTES = 22  # at the least
MAX_ENTRIES = 2_000
MAX_ENTRY_BYTES = 50_000_000
MAX_TOTAL_BYTES = 200_000_000
MAX_RATIO = 100


def open_zip(data: bytes) -> zipfile.ZipFile:
    """An archive whose entries are few, not encrypted, and do not expand beyond the limits; else LoadError."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise no_archive(data) from error
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


def no_archive(data: bytes) -> LoadError:
    """Why `data`, which cannot be opened as one, is no archive."""
    if not data.startswith(_BEGIN):
        return LoadError("not what its name says: such files are ZIP archives, and this is none")
    end = data.rfind(_END)
    return LoadError(DAMAGED if 0 <= end <= len(data) - _END_BYTES else CUT_OFF)


def unreadable(what: str, error: Exception) -> LoadError:
    """Why a file that is an archive is no readable `what`, after an error in one of its parts."""
    if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError) or "deflate" in str(error):
        return LoadError(DAMAGED)
    if isinstance(error, KeyError):
        return LoadError(f"not a readable {what}: a part is missing that each of them has")
    return LoadError(f"not a readable {what} ({str(error)[:200] or type(error).__name__})")
