"""The documents say what the program does."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest
import typer
import yaml
from typer.testing import CliRunner

from ragcli import __version__
from ragcli.cli import commands
from ragcli.cli.main import command_line
from ragcli.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
CLI = command_line()
COMMANDS = [*sorted(name for name in commands.COMMANDS if name != "config"), "config show"]


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "pages").rglob("*.md"))]


def lines_of(page: Path) -> list[str]:
    """Every command of `rag` in the code blocks of a page, as it is typed, without what follows a pipe."""
    blocks = re.findall(r"```(?:sh|console|yaml)\n(.*?)```", page.read_text(), re.DOTALL)
    typed = [line.strip().removeprefix("$ ").removeprefix("- run: ") for block in blocks for line in block.splitlines()]
    return [line for line in typed if line.startswith("rag ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_documents_and_has_help(command: str) -> None:
    assert any(f"rag {command}" in page.read_text() for page in PAGES)
    shown = CliRunner().invoke(CLI, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert len(shown.stdout) > 200


def understood(line: str) -> str:
    """What is wrong with a command as it is typed; empty when there are such a command and such options."""
    words = shlex.split(line, comments=True)[1:]
    words = words[: words.index("|")] if "|" in words else words
    words = words[: words.index(">")] if ">" in words else words
    command: click.Command = typer.main.get_command(CLI)
    context = click.Context(command, info_name="rag")
    while isinstance(command, click.Group):
        words = words[2:] if words[0] == "--log" else words
        if not words or words[0].startswith("-"):
            break
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    known = {
        option for parameter in command.get_params(context) for option in (*parameter.opts, *parameter.secondary_opts)
    }
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    return ", ".join(sorted(given - known))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    wrong = {line: problem for line in lines_of(page) if (problem := understood(line))}
    assert wrong == {}


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text())
    assert len(links) > 15
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_site_is_built_without_a_warning_and_its_reference_has_every_command(tmp_path: Path) -> None:
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "-f",
            str(ROOT / "docs" / "mkdocs.yml"),
            "-d",
            str(tmp_path),
        ],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    reference = (tmp_path / "reference" / "commands.html").read_text()
    assert [name for name in COMMANDS if f"rag {name}" not in reference] == []
    settings = (tmp_path / "reference" / "settings.html").read_text()
    assert [entry.name for entry in fields(Settings) if f"RAGCLI_{entry.name.upper()}" not in settings] == []
    assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?:https?:)?//', reference)


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


ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
NOT_OF_THE_TREE = {  # files of an index and of a user, and the name of a module to be
    "catalog.sqlite3", "vectors.f32", "chroma/", "committed.json", "removing.json", "rebuild/", "rag.toml", "loaders/NAME.py"
}  # fmt: skip


def test_every_path_that_the_architecture_names_is_there() -> None:
    named = set(re.findall(r"`([\w./-]+(?:\.(?:py|json|toml|md|sqlite3|f32)|/))`", ARCHITECTURE)) - NOT_OF_THE_TREE
    assert len(named) > 100
    files = {path.name for path in (ROOT / "ragcli").rglob("*")}
    assert {
        path
        for path in named
        if not any((base / path).exists() for base in (ROOT / "ragcli", ROOT)) and ("/" in path or path not in files)
    } == set()


def test_every_name_that_the_architecture_places_in_a_module_stands_there() -> None:
    placed = re.findall(r"`([\w/]+\.py)`\s\(`(\w+(?:\.\w+)?)`", ARCHITECTURE)
    placed += [(path, name) for name, path in re.findall(r"`([\w.]+)` (?:of|in) `([\w/]+\.py)`", ARCHITECTURE)]
    assert len(placed) > 10
    texts = {path: next(file.read_text() for file in (ROOT / "ragcli").rglob(path)) for path, _ in placed}
    assert [
        (path, name)
        for path, name in placed
        if not all(re.search(rf"\b{part}\b", texts[path]) for part in name.split("."))
    ] == []


def test_a_newcomer_finds_the_way_in_the_first_half_of_the_architecture() -> None:
    sections = re.findall(r"^## (.*)", ARCHITECTURE, re.MULTILINE)
    assert sections[:4] == ["Where is what", "The way of a document", "Layers", "Where to add things"]
    assert len(ARCHITECTURE) < 36_000


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
