"""The commands that errors print: they fit the way in which the program was installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ragcli.installing import (
    EXTRAS,
    Installation,
    extra_command,
    install_command,
    this,
    uninstall_command,
    upgrade_command,
)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    prefix = tmp_path / "env"
    (prefix / "bin").mkdir(parents=True)
    return prefix


def copied(prefix: Path, **more: object) -> Installation:
    """The program as a wheel puts it into an environment."""
    return Installation(prefix, prefix / "lib/python3.12/site-packages/ragcli", **more)  # type: ignore[arg-type]


def test_the_requirements_of_the_extras_are_those_of_the_project() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {name: list(requirements) for name, requirements in EXTRAS.items()} == {
        name: requirements for name, requirements in declared.items() if name != "dev"
    }


def test_pip_is_named_by_the_python_of_the_environment(environment: Path) -> None:
    command = extra_command("llama", copied(environment, pip_of_shell="/usr/bin/pip"))
    assert command == f"{environment}/bin/python -m pip install 'llama-cpp-python>=0.3.16' 'jinja2>=3.1.6'"


def test_pip_is_enough_where_the_environment_is_active(environment: Path) -> None:
    where = copied(environment, pip_of_shell=str(environment / "bin" / "pip"))
    assert install_command("rag-cuts", where=where) == "pip install rag-cuts"
    assert uninstall_command("rag-cuts", where) == "pip uninstall rag-cuts"


def test_pipx_injects_into_its_own_environment(environment: Path) -> None:
    (environment / "pipx_metadata.json").write_text("{}")
    assert install_command("chromadb", where=copied(environment)) == "pipx inject env chromadb"
    assert uninstall_command("chromadb", copied(environment)) == "pipx uninject env chromadb"


def test_uv_installs_where_there_is_no_pip(environment: Path) -> None:
    (environment / "uv-receipt.toml").write_text("[tool]\n")
    where = copied(environment, has_pip=False)
    assert extra_command("openai", where) == f"uv pip install --python {environment} 'openai>=3'"
    assert uninstall_command("openai", where) == f"uv pip uninstall --python {environment} openai"


def test_a_checkout_installs_its_own_extra(environment: Path, tmp_path: Path) -> None:
    source = tmp_path / "my rag"
    (source / "ragcli").mkdir(parents=True)
    (source / "pyproject.toml").write_text("[project]\n")
    where = Installation(environment, source / "ragcli", pip_of_shell=str(environment / "bin" / "pip"))
    assert extra_command("mcp", where) == f"pip install -e '{source}[mcp]'"
    assert install_command("rag-cuts", where=where) == "pip install rag-cuts"
    assert upgrade_command(where) == f"git -C '{source}' pull"
    assert "pip" not in upgrade_command(copied(environment))


def test_this_program_runs_from_the_checkout_of_these_tests() -> None:
    assert this().checkout == ROOT
