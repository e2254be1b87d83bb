"""`rag forget`: documents go, and nothing that the program keeps says anything of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode, RagError, UsageError
from ragcli.text.counting import counted

if TYPE_CHECKING:
    from ragcli.cli.session import Session
    from ragcli.render.terminal import TerminalRenderer
    from ragcli.reports import Forgotten

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def forget(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH...]", help="Paths, folders or patterns of documents.", show_default=False),
    ] = None,
    matching: Annotated[
        str | None,
        typer.Option("--matching", metavar="TEXT", help="Documents whose text holds this.", show_default=False),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option("--tag", metavar="NAME=VALUE", help="Documents with this tag.", show_default=False),
    ] = None,
    removed: Annotated[
        bool, typer.Option("--removed", help="Also clear what rag rm and --prune left; PATH may be gone already.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be forgotten.")] = False,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Also write the receipt to FILE, as JSON.", show_default=False),
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Name the documents in the receipt.")] = False,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take documents out of the index so that no trace stays. Copies go as well, and kept drafts and the questions that were
    asked.

    Then searches all of these files for their words, names and vectors, and writes a receipt: hashes and counts. Exit code 1
    when something was found. The files themselves stay. Killed at any moment, the same command finishes it.

    Example: rag forget hr/applications/meyer.pdf --receipt meyer.json
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as opened:
        given, chosen = patterns or [], _tag(tag)
        planned = opened.rag.forget(*given, matching=matching or "", tag=chosen, removed=removed, dry_run=True)
        if dry_run:
            _write(opened, output, planned, receipt, names=names)
            return
        if not yes:
            _ask(output, planned)
        report = opened.rag.forget(*given, matching=matching or "", tag=chosen, removed=removed)
        _write(opened, output, report, receipt, names=names)
        for warning in report.warnings:
            output.note(warning)
        if report.files_kept:
            output.note(
                f"{counted(report.files_kept, 'file is', 'files are')} still on disk: delete, or keep out of "
                "the next ingest with a line in .ragignore"
            )
        if report.found:
            raise typer.Exit(ExitCode.ERROR)


def _tag(given: str | None) -> tuple[str, str] | None:
    if given is None:
        return None
    name, separator, value = given.partition("=")
    if not separator or not name.strip() or not value.strip():
        raise UsageError(f"--tag {given!r}: expected NAME=VALUE", hint="--tag person=meyer")
    return name.strip(), value.strip()


def _ask(output: Output, planned: Forgotten) -> None:
    """Raises UsageError where nobody can be asked, Exit when the answer is no."""
    if output.as_json or not sys.stdin.isatty():
        raise UsageError(
            f"{counted(len(planned.sources), 'document')} (with copies) would be forgotten, and nobody can be asked",
            hint="add --yes; --dry-run --names lists them",
        )
    from ragcli.render.sanitize import one_line

    for source in planned.sources:
        output.note(f"{source.kind}  {one_line(source.path)}")
    question = (
        f"Forget {counted(len(planned.sources), 'document')} (with copies), and clear all kept drafts and questions?"
    )
    if not typer.confirm(question, err=True):
        raise typer.Exit(ExitCode.ERROR)


def _write(opened: Session, output: Output, report: Forgotten, receipt: Path | None, *, names: bool) -> None:
    from ragcli.render import jsonlibrary
    from ragcli.render.jsonout import dumps
    from ragcli.render.library import forgotten_lines

    def shown(text: TerminalRenderer) -> None:
        for line in forgotten_lines(report, names=names):
            text.plain(line)

    document = jsonlibrary.forgotten(report, str(opened.workspace.index_directory), names=names)
    output.result(shown, lambda: document)
    if receipt is not None:
        try:
            receipt.write_text(dumps(document) + "\n", encoding="utf-8")
        except OSError as error:
            raise RagError(
                f"it is done, but the receipt could not be written to {receipt}: {error.strerror}",
                hint="the receipt is what was printed above",
            ) from error
