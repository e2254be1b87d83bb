"""`rag audit`: reading the file that says who asked and changed what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, failing, own_settings
from ragcli.errors import ExitCode, UsageError

app = typer.Typer(
    help="Check and read the file that says who asked and changed what.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
File = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="The audit file [default: audit.file].", show_default=False),
]


@app.command()
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The audit file [default: audit.file].", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Find lines that were changed, moved, taken away or added since they were written. Exit code 3 when there are any.

    Prints the hash of the last line; kept elsewhere, it shows that the whole file was not made anew.

    Example: rag audit verify
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.audit.verifying import verify
        from ragcli.render import audit as rendered

        path = _path(file)
        found = verify(path)
        output.result(
            lambda text: text.lines(rendered.verification_lines(found)), lambda: rendered.verification_json(path, found)
        )
        if not found.intact:
            raise typer.Exit(ExitCode.BELOW_GATE)


@app.command()
def show(
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="From this day or time (UTC) on.", show_default=False)
    ] = "",
    command: Annotated[
        str,
        typer.Option("--command", metavar="NAME", help="Only what this command did, such as ask.", show_default=False),
    ] = "",
    file: File = None,
    as_json: options.Json = False,
) -> None:
    """List what was done, oldest first. Exit code 4 when nothing fits.

    Example: rag audit show --since 2026-03-01 --command ask
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.usecases.audits import shown

        path = _path(file)
        _show(output, path, shown(path, since, command))


@app.command()
def find(
    question: Annotated[str, typer.Argument(help="The question, written as it was asked.")],
    file: File = None,
    as_json: options.Json = False,
) -> None:
    """List when a question was asked, also where only its hash was recorded. Exit code 4 when it was not.

    Example: rag audit find "How long is the notice period?"
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.places import state_directory
        from ragcli.usecases.audits import found

        path = _path(file)
        _show(output, path, found(path, question, state_directory()))


def _show(output: Output, path: Path, entries: list[dict[str, Any]]) -> None:
    from ragcli.render import audit as rendered

    output.result(lambda text: text.lines(rendered.entry_lines(entries)), lambda: rendered.entries_json(path, entries))
    if not entries:
        raise typer.Exit(ExitCode.NOT_FOUND)


def _path(given: Path | None) -> Path:
    """The file that was named, else that of the settings."""
    from ragcli.engine.auditing import audit_path

    if given is not None:
        return given
    settings = own_settings()
    if not settings.audit_file:
        raise UsageError("no audit file is set", hint="name one, or set audit.file in your own configuration file")
    return audit_path(settings)
