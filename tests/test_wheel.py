"""The distribution: what is built is what runs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone_and_runs_from_where_it_is_installed(work: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"ragcli"}
    assert "ragcli/py.typed" in names
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(target)}
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
