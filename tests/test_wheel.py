"""The distribution: what is built is what runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone_and_runs_from_where_it_is_installed(
    work: Path, tmp_path: Path, model_cache: Path
) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"ragcli"}
    assert "ragcli/py.typed" in names
    documents = {path.name for path in (ROOT / "examples" / "documents").iterdir()}
    assert {name.removeprefix("ragcli/examples/") for name in names if name.startswith("ragcli/examples/")} == documents
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(target), "XDG_CACHE_HOME": str(model_cache)}
    for command in ([sys.executable, "-m", "ragcli"], [sys.executable, str(target / "bin" / "rag")]):
        done = subprocess.run([*command, "--version"], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("rag ")
    where = subprocess.run(
        [sys.executable, "-c", "import ragcli; print(ragcli.__file__)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.strip().startswith(str(target))
    demo = [sys.executable, "-m", "ragcli", "demo", "--quiet", "--json"]
    shown = subprocess.run(demo, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout)["outcome"] == "answered"
    assert {path.name for path in (work / "rag-demo").iterdir()} == {".rag", *documents}


def required_by(names: list[str]) -> set[str]:
    """Everything that installing these brings, by the metadata of the environment."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    pending = [Requirement(name) for name in names]
    while pending:
        wanted = pending.pop()
        found.add(wanted.name.lower())
        try:
            entries = map(Requirement, requires(wanted.name) or [])
        except PackageNotFoundError:  # of another platform, or not installed
            continue
        for entry in entries:
            extras = wanted.extras or {""}
            if entry.name.lower() not in found and (
                entry.marker is None or any(entry.marker.evaluate({"extra": extra}) for extra in extras)
            ):
                pending.append(entry)
    return found


def test_the_default_install_holds_no_torch() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    everything = required_by(declared)
    assert {"onnxruntime", "numpy", "pypdf", "cryptography"} <= everything
    assert everything & {"torch", "transformers", "sentence-transformers", "scipy"} == set()
