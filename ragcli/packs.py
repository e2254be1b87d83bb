"""Packs: an index as one file, which can be asked without its sources.

A pack is a ZIP archive, its members stored as they are: `manifest.json`, which has the size and SHA-256 of each of the others,
and the files of an index. The last 64 bytes, which ZIP takes for the comment of the archive, are the SHA-256 of all before them
in hexadecimal digits, so no bit of a pack can be changed, added or lost unnoticed. What a checksum cannot say is who made a
pack: an index out of it is treated as any index that came from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ragcli.errors import IndexDamaged, RagError, UsageError
from ragcli.private import make_private_folder

MANIFEST = "manifest.json"
MEMBERS = ("catalog.sqlite3", "vectors.f32", "committed.json")
_FORMAT = 1
_DIGITS = 64
_BLOCK = 1 << 20
_LONGEST_MANIFEST = 100_000  # bytes


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack at `path`: its size in bytes, the SHA-256 that it ends with, and what its manifest says of the index."""

    path: Path
    size: int
    sha256: str
    facts: Mapping[str, Any]


def write(path: Path, directory: Path, facts: Mapping[str, object]) -> Pack:
    """Make a pack of the index in `directory`, which nobody may change meanwhile, in one step. Raises RagError."""
    files = [directory / name for name in MEMBERS if (directory / name).is_file()]
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(beside, "x", zipfile.ZIP_STORED) as archive:
            archive.writestr(MANIFEST, json.dumps({"format": _FORMAT, "files": _listed(files), **facts}))
            for file in files:
                archive.write(file, file.name)
            archive.comment = b"0" * _DIGITS
        with beside.open("r+b") as stream:
            digest = _digest(stream, beside.stat().st_size - _DIGITS)
            stream.seek(-_DIGITS, os.SEEK_END)
            stream.write(digest.encode())
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise RagError(f"cannot write {path}: {error.strerror or error}", hint="give another FILE") from error
    finally:
        with suppress(OSError):
            beside.unlink()
    return checked(path)


def checked(path: Path) -> Pack:
    """The pack at `path`, read whole once. Raises UsageError when there is none, and IndexDamaged for a file that is no pack,
    or not the whole of one."""
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if stream.read(4) != b"PK\x03\x04":
                raise IndexDamaged(f"{path} is no pack of rag", hint="rag pack FILE makes one of an index")
            stream.seek(0)
            found = _digest(stream, max(0, size - _DIGITS))
            if stream.read(_DIGITS) != found.encode():
                raise IndexDamaged(
                    f"{path} is no whole pack: it was cut off or changed, or is another archive",
                    hint=f"get it again, or make it anew: rag pack {path}",
                )
        with zipfile.ZipFile(path) as archive:
            return Pack(path, size, found, _manifest(path, archive))
    except FileNotFoundError as error:
        raise UsageError(f"there is no pack {path}", hint="rag pack FILE makes one of an index") from error
    except OSError as error:
        raise RagError(f"cannot read {path}: {error.strerror or error}", hint="check its permissions") from error
    except zipfile.BadZipFile as error:
        raise IndexDamaged(f"{path} is no pack of rag: {error}", hint="rag pack FILE makes one of an index") from error


def unpack(pack: Pack, directory: Path) -> None:
    """Put the index of a pack at `directory`, which must not be there, in one step. Raises IndexDamaged when a file is not what
    the manifest says, and RagError."""
    try:
        make_private_folder(directory.parent)
        made = Path(tempfile.mkdtemp(prefix=f"{directory.name}.", dir=directory.parent))
        try:
            with zipfile.ZipFile(pack.path) as archive:
                for entry in pack.facts["files"]:
                    _unpack_one(pack.path, archive, entry, made / entry["name"])
            made.rename(directory)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise RagError(f"cannot unpack {pack.path} to {directory}: {error.strerror or error}") from error


def kept(path: Path, cache: Path) -> Path:
    """The index of the pack at `path`, unpacked once into the folder `cache`, by the pack's checksum. Raises as `checked`."""
    pack = checked(path)
    directory = cache / pack.sha256[:32] / "index"
    if not directory.is_dir():
        try:
            unpack(pack, directory)
        except RagError:
            if not directory.is_dir():  # else another process was faster
                raise
    return directory


def _listed(files: Sequence[Path]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for file in files:
        with file.open("rb") as stream:
            size = file.stat().st_size
            found.append({"name": file.name, "size": size, "sha256": _digest(stream, size)})
    return found


def _digest(stream: IO[bytes], size: int) -> str:
    """SHA-256 of the first `size` bytes, which are read."""
    digest = hashlib.sha256()
    stream.seek(0)
    while size > 0 and (block := stream.read(min(size, _BLOCK))):
        digest.update(block)
        size -= len(block)
    return digest.hexdigest()


def _manifest(path: Path, archive: zipfile.ZipFile) -> Mapping[str, Any]:
    """The manifest, which must name exactly the other members, each once, stored as they are and of the sizes that it says."""
    members = archive.infolist()
    first = members[0] if members else None
    if first is None or first.filename != MANIFEST or first.file_size > _LONGEST_MANIFEST:
        raise IndexDamaged(f"{path} is no pack of rag", hint="rag pack FILE makes one of an index")
    try:
        found: dict[str, Any] = json.loads(archive.read(first))
        if found["format"] != _FORMAT:
            raise IndexDamaged(f"{path} is of another version of packs ({found['format']})", hint="update rag")
        named = [(str(entry["name"]), int(entry["size"])) for entry in found["files"]]
        sums = [str(entry["sha256"]) for entry in found["files"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IndexDamaged(f"{path}: its manifest cannot be read", hint="rag pack FILE makes it anew") from error
    stored = [(entry.filename, entry.file_size) for entry in members[1:]]
    plain = all(entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 1 for entry in members)
    names = [name for name, _ in named]
    if (
        named != stored
        or not plain
        or set(names) - set(MEMBERS)
        or len(set(names)) < len(names)
        or len(sums) < len(names)
    ):
        raise IndexDamaged(f"{path} holds other files than its manifest says", hint="rag pack FILE makes it anew")
    return found


def _unpack_one(path: Path, archive: zipfile.ZipFile, entry: Mapping[str, Any], target: Path) -> None:
    digest, left = hashlib.sha256(), int(entry["size"])
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with archive.open(str(entry["name"])) as source, os.fdopen(descriptor, "wb") as file:
        while block := source.read(_BLOCK):
            left -= len(block)
            digest.update(block)
            file.write(block)
    if left or digest.hexdigest() != entry["sha256"]:
        raise IndexDamaged(f"{path}: {entry['name']} is not what its manifest says", hint="rag pack FILE makes it anew")
