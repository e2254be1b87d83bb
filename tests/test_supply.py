"""What is installed: locked with hashes, listed in a bill of materials, under permissive licences."""

from __future__ import annotations

import email.message
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import cast

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {
    "ragcli": [*PROJECT["dependencies"]],
    "developing": [*PROJECT["dependencies"], *(entry for entries in EXTRAS.values() for entry in entries)],
}
ALLOWED = frozenset(
    """0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 CNRI-Python HPND ISC MIT MIT-0 MIT-CMU PSF-2.0 Python-2.0
    Unlicense Zlib""".split()
)
# Under the Mozilla Public License: changes to their own files must be published, nothing follows for what imports them.
UNCHANGED = {name: {"MPL-2.0"} for name in "certifi fqdn hypothesis orjson pathspec tqdm".split()}
# What a distribution says of itself, where it is no SPDX expression → the expression that its licence file bears out.
SAID = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl": "ISC",
    "isc license": "ISC",
    "mit license": "MIT",
    "mit, bsd": "MIT AND BSD-3-Clause",  # PyStemmer, and Snowball in it
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mozilla public license 2.0 (mpl 2.0": "MPL-2.0",
    "psfl": "PSF-2.0",
    "bsd-3-clause, apache-2.0, dependency licenses": "BSD-3-Clause",  # pypdfium2; pdfium's are BSD, MIT, zlib, FreeType, IJG
    "new bsd": "BSD-3-Clause",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}


def locked(name: str) -> dict[str, list[tuple[Requirement, list[str]]]]:
    """Name → the lines of a lock, each with its hashes."""
    found: dict[str, list[tuple[Requirement, list[str]]]] = {}
    for line in (ROOT / "locks" / f"{name}.txt").read_text().replace("\\\n", " ").splitlines():
        requirement = Requirement(line.partition("--hash")[0].strip())
        hashes = re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", line)
        found.setdefault(str(canonicalize_name(requirement.name)), []).append((requirement, hashes))
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_one_version_and_hashes_for_everything_in_it(name: str) -> None:
    for entries in locked(name).values():
        for requirement, hashes in entries:
            assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
            assert hashes, requirement


@pytest.mark.parametrize("name", LOCKS)
def test_what_pyproject_asks_for_is_locked_in_its_range(name: str) -> None:
    versions = locked(name)
    missing = [
        entry
        for entry in map(Requirement, LOCKS[name])
        if not any(
            entry.specifier.contains(str(line.specifier).removeprefix("=="), prereleases=True)
            for line, _ in versions.get(canonicalize_name(entry.name), [])
        )
    ]
    assert missing == [], "run `make lock`"


def test_the_constraints_hold_in_the_locks() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    for entry in (Requirement(line) for line in lines if line.strip() and not line.startswith("#")):
        versions = [str(line.specifier)[2:] for line, _ in locked("developing")[str(canonicalize_name(entry.name))]]
        assert all(entry.specifier.contains(version) for version in versions), entry


def test_both_locks_have_the_same_versions() -> None:
    all_of_them = locked("developing")
    assert {name: lines for name, lines in locked("ragcli").items() if str(all_of_them[name][0]) != str(lines[0])} == {}


def closure() -> dict[str, Distribution]:
    """Every installed distribution that some extra leads to."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(entry), "") for entry in LOCKS["developing"]]
    while waiting:
        wanted, extra = waiting.pop()
        name = canonicalize_name(wanted.name)
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        try:
            known = found.get(name) or distribution(wanted.name)
        except PackageNotFoundError:
            continue
        extras = ["", *wanted.extras] if name not in found else [*wanted.extras]
        found[name] = known
        waiting += [(Requirement(entry), part) for part in extras for entry in known.requires or []]
    return found


def licences(package: Distribution) -> list[set[str]]:
    """The choices that a distribution gives, each a set of SPDX identifiers that all hold; as it is said where that is none."""
    metadata = cast("email.message.Message[str, str]", package.metadata)
    classified = [
        line.rpartition("::")[2].strip()
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    said = metadata.get("License-Expression")
    choices = said.split(" OR ") if said else [metadata.get("License") or "", *classified]
    choices = [SAID.get(choice.lower(), choice) for choice in (each.strip("() ") for each in choices)]
    return [set(re.split(r" AND | WITH LLVM-exception AND ", choice)) for choice in choices if choice]


def test_everything_that_the_extras_install_is_under_a_permissive_licence() -> None:
    found = {name: licences(package) for name, package in sorted(closure().items())}
    assert len(found) > 100
    refused = {
        name: choices
        for name, choices in found.items()
        if not any(choice <= ALLOWED | UNCHANGED.get(name, set()) for choice in choices)
    }
    assert refused == {}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory):
    """Runs a target of the Makefile with the programs beside this Python, in a copy of what the target reads."""
    folder = tmp_path_factory.mktemp("supply")
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "locks", "README.md", "LICENSE", "ragcli"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").mkdir()
    for name in ("installed", "developing"):
        (folder / ".venv" / name).touch()

    def run(*targets: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "make",
                "-s",
                "-o",
                ".venv/installed",
                "-o",
                ".venv/developing",
                f"BIN={Path(sys.executable).parent}",
                *targets,
            ],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run, folder


@pytest.mark.slow
def test_the_bill_of_materials_lists_what_is_installed(make) -> None:
    run, folder = make
    done = run("sbom")
    assert done.returncode == 0, done.stderr
    bill = json.loads((folder / "dist" / "sbom.json").read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "ragcli")
    listed = {str(canonicalize_name(component["name"])): component for component in bill["components"]}
    assert set(closure()) - set(listed) == set()
    assert listed["pypdf"]["version"] == distribution("pypdf").version
    assert listed["pypdf"]["purl"].startswith("pkg:pypi/pypdf@")


@pytest.mark.slow
def test_an_audit_without_a_network_says_that_nothing_was_audited(make) -> None:
    run, _ = make
    done = run("audit", HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")
    assert done.returncode != 0
    assert "Nothing was audited" in done.stdout
