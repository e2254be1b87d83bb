"""Looking at files that need not be indexed: `scan` for keys and personal data, `chunks` for how one is cut."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.passwords import read_passwords
from ragcli.cli.session import Output, session
from ragcli.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)


@app.command()
def scan(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False)],
    pii: Annotated[bool, typer.Option("--pii/--no-pii", help="Whether personal data count.")] = True,
    include: options.Include = None,
    exclude: options.Exclude = None,
    hidden: options.Hidden = None,
    ocr: options.Ocr = None,
    password_file: options.PasswordFile = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Say where files hold keys, passwords and personal data. The values are not shown, and nothing is indexed.

    Personal data are e-mail addresses, telephone numbers, IBANs, card numbers and US social security numbers. Exit code 3 when
    something was found.

    Example: rag scan ./docs --no-pii
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"ingest_hidden": hidden, "ingest_ocr": ocr}) as opened:
        from ragcli.render import jsonlibrary, library
        from ragcli.usecases.ingestion import IngestRequest, rules_of
        from ragcli.usecases.scan import scan_files

        rules = rules_of(opened.workspace.settings, include=include or (), exclude=exclude or ())
        request = IngestRequest(paths=paths, rules=rules, passwords=read_passwords(password_file, paths))
        report = scan_files(opened.workspace, request, personal=pii)
        output.result(lambda text: text.lines(library.scan_lines(report)), lambda: jsonlibrary.scan(report))
        if report.found:
            raise typer.Exit(ExitCode.BELOW_GATE)
