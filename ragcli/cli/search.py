"""The command that searches."""

from __future__ import annotations

from typing import Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, parse_filters, session
from ragcli.cli.sharing import NONE_GIVEN, SEARCHING, Flags, taking
from ragcli.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)


@app.command()
@taking(SEARCHING)
def query(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    filters: options.Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show where each score comes from.")] = False,
    flags: Flags = NONE_GIVEN,
    principal: rights.As = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Show the passages that fit a question best. Exit code 4 when there are none.

    "Words in quotes" must stand so in each of them, -word in none, and prefix* means every word that begins so.

    Example: rag query "notice period" -k 3 --filter type=pdf
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, flags, principal=principal) as opened:
        from ragcli.cli.history import remember
        from ragcli.render import jsonout

        result = opened.rag.query(question, where=parse_filters(filters))
        remember(opened.workspace, result)
        for note in result.notes if not as_json else ():
            output.note(note)
        output.result(lambda text: text.query(result, explain=explain), lambda: jsonout.query(result, output.shown))
        if not result.hits:
            raise typer.Exit(ExitCode.NOT_FOUND)
