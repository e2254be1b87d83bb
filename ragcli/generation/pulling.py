"""Fetching GGUF files, from a model hub or by HTTPS. What was fetched in part is gone on with."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from ragcli.errors import ModelUnavailable, UsageError
from ragcli.generation.store import CURATED, ModelStore, Progress, Stored, checked_name
from ragcli.hub import hub_reason, quiet_hub

_MAGIC = b"GGUF"


def pull(store: ModelStore, wanted: str, *, name: str, progress: Progress) -> Stored:
    """Fetch `wanted` (a curated name, `hf:ORG/REPO/FILE.gguf`, or an https URL) into the store.

    `name` is what it will be called, by default the curated name or the file's. Raises UsageError, ModelUnavailable.
    """
    known = next((known for known in CURATED if known.name == wanted), None)
    source = known.source if known else wanted
    file_name = source.rsplit("/", 1)[-1].split("?")[0]
    if not file_name.lower().endswith(".gguf"):
        raise UsageError(
            f"{wanted!r} names no GGUF file", hint="hf:ORG/REPO/FILE.gguf, an https URL, or a name of rag models list"
        )
    name = checked_name(name or (known.name if known else file_name[: -len(".gguf")].lower()))
    store.folder.mkdir(parents=True, exist_ok=True)
    target = store.folder / f"{name}.gguf"
    partial = store.folder / f"{name}.gguf.part"
    if source.startswith("hf:"):
        _from_hub(source, store.folder / f"{name}.parts", partial)
    else:
        _from_url(source, partial, progress)
    with partial.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            partial.unlink()
            raise ModelUnavailable(f"{source} is not a GGUF file", hint="check the address")
    partial.replace(target)
    return store.add(name, target, source, progress)


def _from_hub(source: str, folder: Path, target: Path) -> None:
    """The hub's own client resumes in `folder`, which is removed when the file is whole."""
    import shutil

    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    organisation, _, rest = source.removeprefix("hf:").partition("/")
    repository, _, file_name = rest.partition("/")
    if not (organisation and repository and file_name):
        raise UsageError(f"{source!r} names no file of a repository", hint="hf:ORG/REPO/FILE.gguf")
    try:
        with quiet_hub():
            path = hf_hub_download(f"{organisation}/{repository}", file_name, local_dir=folder)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelUnavailable(
            f"{source} could not be fetched: {hub_reason(error)}",
            hint="check name and network; what was fetched is kept",
        ) from error
    os.replace(path, target)
    shutil.rmtree(folder, ignore_errors=True)


def _from_url(url: str, target: Path, progress: Progress) -> None:
    """Resumes where the server knows ranges and the file is still the same by its ETag."""
    import httpx

    _check_scheme(url)
    tag_file = target.with_suffix(".etag")
    tag = tag_file.read_text() if tag_file.exists() else ""
    have = target.stat().st_size if tag and target.exists() else 0
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
    try:
        with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=30) as response:
            if response.status_code == 416:
                tag_file.unlink(missing_ok=True)
            response.raise_for_status()
            _check_scheme(str(response.url))
            resumed = response.status_code == 206
            done = have if resumed else 0
            size = done + int(response.headers.get("Content-Length", 0))
            tag_file.write_text(response.headers.get("ETag", ""))
            with target.open("ab" if resumed else "wb") as stream:
                for block in response.iter_bytes():
                    stream.write(block)
                    done += len(block)
                    progress(done, size)
                stream.flush()
                os.fsync(stream.fileno())
    except httpx.HTTPError as error:
        raise ModelUnavailable(
            f"{url} could not be fetched: {str(error) or type(error).__name__}",
            hint="run the command again; what was fetched is kept",
        ) from error
    if size and done != size:
        raise ModelUnavailable(f"{url} ended after {done:,} of {size:,} bytes", hint="run the command again")
    tag_file.unlink(missing_ok=True)


def _check_scheme(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError(f"{url!r} is no https URL", hint="hf:ORG/REPO/FILE.gguf or https://…/FILE.gguf")
