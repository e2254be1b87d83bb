"""The command that searches."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, parse_filters, question_of, say_why_empty, session
from ragcli.cli.sharing import NONE_GIVEN, SEARCHING, Flags, taking
from ragcli.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)


@app.command()
@taking(SEARCHING)
def query(
    words: options.Words = None,
    filters: options.Filters = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score", metavar="S", help="Only passages that score at least this, 0 to 1.", show_default=False
        ),
    ] = None,
    files_only: Annotated[
        bool, typer.Option("--files-only", "-l", help="Only the paths of the documents, each once, best first.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show where each score comes from.")] = False,
    flags: Flags = NONE_GIVEN,
    principal: rights.As = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Show the passages that fit a question best. Exit code 4 when there are none.

    "Words in quotes" must stand so in each of them, -word in none, and prefix* means every word that begins so.

    Example: rag query notice period -k 3 --filter type=pdf
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, flags, principal=principal) as opened:
        from ragcli.cli.history import remember
        from ragcli.render import jsonout

        where = parse_filters(filters)
        result = opened.rag.query(question_of(words), where=where)
        if not result.hits:
            say_why_empty(opened, output, where, found=False)
        if min_score is not None:
            result = replace(result, hits=tuple(hit for hit in result.hits if hit.score >= min_score))
        remember(opened.workspace, result, filters or [])
        for note in result.notes if not as_json else ():
            output.note(note)
        if files_only and not as_json:
            paths = dict.fromkeys(output.shown(hit.passage.document) for hit in result.hits)
            output.result(lambda text: text.paths(paths), dict)
        else:
            output.result(lambda text: text.query(result, explain=explain), lambda: jsonout.query(result, output.shown))
        if not result.hits:
            raise typer.Exit(ExitCode.NOT_FOUND)
