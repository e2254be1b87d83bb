"""The command line as a whole."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from ragcli.cli.group import Commands

LogLevel = Literal["debug", "info", "warning"]


def command_line() -> typer.Typer:
    """All commands."""
    app = typer.Typer(
        name="rag",
        cls=Commands,
        help="Cited answers from your own documents, on your own machine.",
        invoke_without_command=True,
        suggest_commands=False,
        add_completion=True,
        rich_markup_mode=None,  # loading rich for a help page costs a third of its time
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    return app


def _common(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version; with --json, also of what runs it.")
    ] = False,
    log: Annotated[
        LogLevel | None,
        typer.Option("--log", envvar="RAGCLI_LOG", case_sensitive=False, help="Log to stderr: debug, info or warning."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", hidden=True)] = False,
) -> None:
    """Cited answers from your own documents, on your own machine."""
    if log is not None:
        _log_to_stderr(log)
    if version:
        from ragcli.cli.overview import show_version

        show_version(as_json=as_json)
        raise typer.Exit
    if context.invoked_subcommand is None:
        from ragcli.cli.overview import show_overview

        show_overview(as_json=as_json, quiet=quiet)


def _log_to_stderr(level: LogLevel) -> None:
    """Show what the program logs at this level or above, a message a line."""
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname).1s %(name)s  %(message)s")
    logging.getLogger("ragcli").setLevel(level.upper())


def main() -> None:
    """Run the command line with the arguments of the process."""
    typer.main.get_command(command_line()).main()
