"""What was asked before, and what stands in a document: `history`, `export` and `get`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import completing, options, rights
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode, UsageError

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def history(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="Only questions and answers with these words.", show_default=False),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", metavar="N", help="The newest N.", min=1)] = 20,
    here: Annotated[bool, typer.Option("--here", help="Only what was asked of the index in force.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget all questions and answers instead.")] = False,
    index: options.Index = None,
    as_json: options.Json = False,
) -> None:
    """List what was asked before, the newest last. Exit code 4 when there is nothing.

    Then: rag ask --again N asks it once more, rag export N writes the answer to a file, rag gold add GOLD --entry N keeps it as
    a judged question. Questions and answers lie in your state folder; the setting `history` says how many.

    Example: rag history hotel
    """
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as opened:
        from ragcli.cli import history as kept
        from ragcli.render import recall as render

        if clear:
            gone = kept.clear_history()
            output.result(lambda text: text.plain(render.cleared_line(gone)), lambda: render.history_json([]))
            return
        place = str(opened.workspace.index_directory)
        found = [entry for entry in kept.asked_before() if not here or entry.index == place]
        for word in words or []:
            found = [entry for entry in found if word.casefold() in f"{entry.question}\n{entry.text}".casefold()]
        found = found[-count:]
        output.result(lambda text: text.wrapped(render.history_lines(found)), lambda: render.history_json(found))
        if not found:
            raise typer.Exit(ExitCode.NOT_FOUND)


@app.command()
def export(
    number: Annotated[
        int | None,
        typer.Argument(metavar="[N]", help="A number of rag history [default: the last question].", show_default=False),
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--md", metavar="FILE", help="Write Markdown here.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page here.", show_default=False)
    ] = None,
) -> None:
    """Write a kept answer as Markdown or HTML. With its citations; without --md and --html, Markdown goes to stdout.

    Example: rag export 12 --html answer.html
    """
    output = Output(as_json=False, quiet=False)
    with session(output, {}):
        from ragcli.cli import history as kept
        from ragcli.render import recall as render
        from ragcli.render.files import write_text

        entry = kept.last() if number is None else kept.entry_of(number)
        if markdown is None and html is None:
            output.result(lambda text: text.lines(render.markdown_lines(entry)), dict)
        if markdown is not None:
            write_text(markdown, "\n".join(line.plain for line in render.markdown_lines(entry)) + "\n")
        if html is not None:
            write_text(html, render.html_page(entry))


@app.command()
@on_index
def get(
    ref: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            autocompletion=completing.documents,
            help="PATH, PATH:LINE, PATH:FIRST-LAST, PATH#page=N, a number of the last answer, or a ref.",
        ),
    ],
    context: Annotated[
        int, typer.Option("--context", "-C", metavar="N", help="N lines more before and after.", min=0)
    ] = 0,
    principal: rights.As = None,
    index: options.Index = None,
    as_json: options.Json = False,
) -> None:
    """Print a document of the index, or a part of it. As it was read, which for a PDF or Word file is its text.

    Example: rag get handbook.pdf#page=3
    """
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}, principal=principal) as opened:
        from ragcli.cli import history as kept
        from ragcli.render import recall as render
        from ragcli.usecases.referring import referred

        if ref.isdigit() and not Path(ref).exists():
            from ragcli.cli.opening import place_of

            last = kept.last()
            place = place_of(last.shown, int(ref))
            asked = place.index or last.index
            if Path(asked) != opened.workspace.index_directory:
                raise UsageError(f"the last question was asked of {asked}", hint=f"rag get {ref} -i {asked}")
            ref = place.ref or place.path
        passage = referred(opened.workspace, opened.engine.index.catalog, ref, context)
        output.result(
            lambda text: text.lines(render.passage_lines(passage)), lambda: render.passage_json(passage, output.shown)
        )
