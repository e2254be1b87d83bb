"""The documents say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ragcli import __version__
from ragcli.cli import commands
from ragcli.cli.main import command_line

ROOT = Path(__file__).resolve().parents[1]
CLI = command_line()
COMMANDS = [*sorted(name for name in commands.COMMANDS if name != "config"), "config show"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_has_help(command: str) -> None:
    assert f"rag {command}" in (ROOT / "README.md").read_text()
    shown = CliRunner().invoke(CLI, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert len(shown.stdout) > 200


def test_every_option_in_the_readme_exists() -> None:
    known = "".join(CliRunner().invoke(CLI, [*command.split(), "--help"]).stdout for command in COMMANDS)
    known += "".join(CliRunner().invoke(CLI, [*part, "--help"]).stdout for part in ([], ["keys", "add"]))
    blocks = re.findall(r"```(?:sh|console|yaml)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    used = {
        option
        for block in blocks
        for line in block.splitlines()
        if "rag " in line
        for option in re.findall(r"--[a-z-]+", line)
    }
    assert {option for option in used if option not in known} == set()


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (?:\[)?([\d.]+|Unreleased)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert __version__ in versions[:2]


def test_the_architecture_names_every_package_and_module_at_the_top() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    names = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "ragcli").iterdir()
        if not path.name.startswith("__")
    }
    assert {name for name in names - {"py.typed", "py"} if f"{name}" not in text} == set()


def test_no_module_of_the_package_is_longer_than_it_should_be() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "ragcli").rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", CONTRIBUTING, re.DOTALL))


def test_every_file_that_the_guide_for_contributors_names_is_there() -> None:
    named = re.findall(r"(?:ragcli|tests|examples)/[\w./-]*", CONTRIBUTING)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_name_that_the_guide_for_contributors_places_in_a_file_stands_there() -> None:
    placed = re.findall(r"`(\w+)`\s(?:of|in)\s`((?:ragcli|tests)/[\w./]+\.py)`", CONTRIBUTING)
    assert len(placed) >= 6
    assert [(name, path) for name, path in placed if name not in (ROOT / path).read_text()] == []


def test_every_command_of_the_guide_for_contributors_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make ([\w-]+)", SHELL, re.MULTILINE)) <= set(targets)
    programs = set(re.findall(r"^\.venv/bin/([\w-]+)", SHELL, re.MULTILINE))
    assert programs <= {"pip", "pre-commit", "pytest", "rag"}
    for path, name in re.findall(r"(tests/\w+\.py)::(\w+)", SHELL):
        assert f"def {name}(" in (ROOT / path).read_text()


def test_what_runs_before_a_commit_is_what_make_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert lint is not None
    commands = [line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in lint[1].splitlines()]
    assert [hook["entry"] for hook in hooks] == commands
