"""Allowing what a project's `rag.toml` says, and taking it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli.session import Output, failing, recorded_alone
from ragcli.errors import ExitCode, UsageError
from ragcli.places import state_directory, user_config_file
from ragcli.settings import PROJECT_FILE, find_upward

app = typer.Typer(rich_markup_mode=None)


@app.command()
def trust(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]", help="A rag.toml or its folder [default: the nearest one].", show_default=False
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="List what is trusted instead.")] = False,
) -> None:
    """Let a project's rag.toml say what it could not before. That is: remote models, places outside its folder, larger limits.

    Shows what is allowed by it. Trust is for the content that the file has now: a change asks again.

    Example: rag trust handbook/rag.toml
    """
    output = Output(as_json=False, quiet=False)
    with failing(output):
        from ragcli.trust.listing import allowed_lines, listed_lines
        from ragcli.trust.store import TrustStore

        store = TrustStore(state_directory())
        if listing:
            _say(output, listed_lines(store))
            return
        file = _project_file(path)
        lines = allowed_lines(file, Path.cwd(), user_config_file())
        with recorded_alone(output, "trust", str(file)) as entry:
            store.trust(file)
            entry.outcome = "trusted"
        _say(output, [f"trusted: {file}", *lines])


@app.command()
def untrust(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A rag.toml or its folder; it may be gone.")],
) -> None:
    """Take back what rag trust allowed. Exit code 4 when the file was not trusted.

    Example: rag untrust handbook/rag.toml
    """
    output = Output(as_json=False, quiet=False)
    with failing(output):
        from ragcli.trust.store import TrustStore

        file = path if path.name == PROJECT_FILE else path / PROJECT_FILE
        with recorded_alone(output, "untrust", str(file)) as entry:
            known = TrustStore(state_directory()).untrust(file)
            entry.outcome = "no longer trusted" if known else "was not trusted"
        if not known:
            output.note(f"{file} was not trusted; rag trust --list shows what is")
            raise typer.Exit(ExitCode.NOT_FOUND)
        _say(output, [f"no longer trusted: {file}"])


def _say(output: Output, lines: list[str]) -> None:
    text = output.terminal()
    for line in lines:
        text.plain(line)


def _project_file(path: Path | None) -> Path:
    file = find_upward(Path.cwd(), PROJECT_FILE) if path is None else path / PROJECT_FILE if path.is_dir() else path
    if file is None or not file.is_file():
        raise UsageError(f"there is no {file or PROJECT_FILE} to trust", hint="rag trust PATH names one, or its folder")
    return file
