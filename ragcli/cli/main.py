"""The command line as a whole."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Literal

import click
import typer

from ragcli import __version__
from ragcli.cli.session import Output

LogLevel = Literal["debug", "info", "warning"]

PARTS: Mapping[str, tuple[str, ...]] = {  # module → its commands
    "library": ("ingest", "ls", "rm", "chunks"),
    "scan": ("scan",),
    "forgetting": ("forget",),
    "search": ("query",),
    "answers": ("ask",),
    "chat": ("chat", "open"),
    "runs": ("replay", "diff"),
    "evaluation": ("eval", "why"),
    "tuning": ("tune", "calibrate", "compare"),
    "gold": ("gold",),
    "models": ("models",),
    "mcp": ("mcp",),
    "serve": ("serve",),
    "keys": ("keys",),
    "audit": ("audit",),
    "trust": ("trust", "untrust"),
    "status": ("stats", "doctor", "plugins", "config", "schema"),
}
_GROUPS = ("gold", "models", "audit", "keys")  # modules whose commands have the module's name before theirs


def command_line(command: str = "") -> typer.Typer:
    """All commands, or those of the module of `command`: to build the others takes longer than to answer a question."""
    app = typer.Typer(
        name="rag",
        help="Cited answers from your own documents, on your own machine.",
        no_args_is_help=True,
        suggest_commands=False,  # click does so itself
        add_completion=True,
        rich_markup_mode=None,  # loading rich for a help page costs a third of its time
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    for module, commands in PARTS.items():
        if command in commands or not any(command in others for others in PARTS.values()):
            app.add_typer(import_module(f"ragcli.cli.{module}").app, name=module if module in _GROUPS else None)
    return app


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"rag {__version__}\n")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    log: Annotated[
        LogLevel | None,
        typer.Option("--log", envvar="RAGCLI_LOG", case_sensitive=False, help="Log to stderr: debug, info or warning."),
    ] = None,
) -> None:
    """Cited answers from your own documents, on your own machine."""
    if log is not None:
        _log_to_stderr(log)


def _log_to_stderr(level: LogLevel) -> None:
    """Show what the program logs at this level or above, a message a line."""
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname).1s %(name)s  %(message)s")
    logging.getLogger("ragcli").setLevel(level.upper())


def main() -> None:
    """Run the command line; usage errors exit with 2, and are JSON as well when `--json` was given."""
    app = command_line(sys.argv[1] if len(sys.argv) > 1 else "")
    if "--json" not in sys.argv:
        app()
    try:
        sys.exit(app(standalone_mode=False))
    except click.ClickException as problem:
        from ragcli.errors import UsageError

        hint = problem.ctx.get_usage() if isinstance(problem, click.UsageError) and problem.ctx else "rag --help"
        Output(as_json=True, quiet=True).error(UsageError(problem.format_message(), hint=hint))
        sys.exit(problem.exit_code)
