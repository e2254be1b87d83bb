"""The commands that tell how things are: the index, its soundness, the settings, and the JSON that commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, failing, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ragcli.cli.session import Session
    from ragcli.render.terminal import TerminalRenderer

app = typer.Typer(rich_markup_mode=None)
config_app = typer.Typer(help="Settings and where they come from.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config_app, name="config")


@app.command()
@on_index
def stats(
    principal: rights.As = None,
    gaps: Annotated[
        bool,
        typer.Option(
            "--gaps", help="Show instead what rag serve declined to answer, and documents that it never found."
        ),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="URL",
            help="Show instead how long a rag serve took lately, by stage; its key is in RAG_SERVER_KEY.",
            show_default=False,
        ),
    ] = None,
    index: options.Index = None,
    as_json: options.Json = False,
) -> None:
    """Show what the index holds, and whether the files changed since. Also how large it is, and how it was made."""
    output = Output(as_json=as_json, quiet=False)
    if server is not None:
        with failing(output):
            if gaps or principal or index:
                raise UsageError(
                    "--server asks a server, which knows its own index", hint="leave --gaps, --as and --index out"
                )
            _server(server, output)
        return
    with session(output, {"index": index}, principal=principal) as opened:
        from ragcli.render import jsonlibrary

        if gaps:
            if principal:
                raise UsageError("what a server counted is of everybody", hint="rag stats --gaps")
            _gaps(opened, output)
            return
        report = opened.rag.stats()
        output.result(lambda text: text.stats(report), lambda: jsonlibrary.stats(report))


def _server(address: str, output: Output) -> None:
    from ragcli.cli.asking_servers import server_stats
    from ragcli.render.jsonserving import server_lines

    found = server_stats(address)
    output.result(lambda text: text.wrapped(server_lines(found)), lambda: found)


def _gaps(opened: Session, output: Output) -> None:
    from ragcli.places import served_state
    from ragcli.render import jsonlibrary
    from ragcli.render.library import gap_lines
    from ragcli.usecases.feedback import gaps

    report = gaps(served_state(opened.workspace.index_directory), opened.engine.index.catalog)
    output.result(lambda text: text.wrapped(gap_lines(report)), lambda: jsonlibrary.gaps(report))


@app.command()
@on_index
def doctor(
    refused: rights.Refused = None,
    index: options.Index = None,
    without_network: Annotated[
        bool,
        typer.Option(
            "--offline", help="Show instead that an ingest, a question and an evaluation work without a network."
        ),
    ] = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Read the whole index and report every contradiction in it. Exit code 5 when there is one.

    With --offline, run commands on a small document while the system takes the network from them and from all that they
    start, and say how that was done. Exit code 1 when one does not work.
    """
    output = Output(as_json=as_json, quiet=quiet)
    if without_network:
        _offline(output)
        return
    with session(output, {"index": index}) as opened:
        from ragcli.render import jsonlibrary

        problems = opened.engine.index.reader.check()
        engine = opened.engine.index.catalog.engine_state(opened.workspace.settings.retrieval_engine)
        output.result(lambda text: text.check(problems, engine), lambda: jsonlibrary.check(problems, engine))
        if problems:
            output.note("rag ingest --rebuild makes the index anew, unless a line above says what repairs it")
            raise typer.Exit(ExitCode.INDEX)


def _offline(output: Output) -> None:
    from ragcli.cli import offline

    with failing(output):
        proof = offline.prove()

        def tell(text: TerminalRenderer) -> None:
            for line in offline.lines(proof):
                text.plain(line)

        output.result(tell, lambda: offline.document(proof))
        if not proof.holds:
            raise typer.Exit(ExitCode.ERROR)


@app.command()
def plugins(as_json: options.Json = False, quiet: options.Quiet = False) -> None:
    """List installed plug-ins, each imported to see that it works. With their versions.

    Exit code 1 when one cannot be used.
    """
    output = Output(as_json=as_json, quiet=quiet)
    from ragcli.render import plugins as rendered
    from ragcli.usecases.plugins import listed

    found = listed()
    output.result(lambda text: text.lines(rendered.lines(found)), lambda: rendered.document(found))
    if any(plugin.problem for plugin in found):
        raise typer.Exit(ExitCode.ERROR)


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Such as query, or rag.query/1.", show_default=False)
    ] = "",
) -> None:
    """Print the JSON Schema of a document that --json prints. Its dialect is 2020-12; without a name, list the documents.

    Example: rag schema query
    """
    from ragcli.render.schemas import schema_lines, summary_lines
    from ragcli.schemas import registry

    text = Output(as_json=False, quiet=False).terminal()
    if not name:
        text.lines(summary_lines(registry.documents()))
        return
    try:
        text.lines(schema_lines(registry.json_schema(name)))
    except KeyError:
        near = registry.nearest(name)
        meant = f"; did you mean {' or '.join(near)}?" if near else ";"
        raise typer.BadParameter(f"no document is called {name!r}{meant} rag schema lists them") from None


@config_app.command()
@on_index
def show(index: options.Index = None, as_json: options.Json = False) -> None:
    """List every setting, its value, and what set it."""
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as opened:
        from ragcli.render import jsonlibrary
        from ragcli.settings import key_of

        settings, sources = opened.workspace.settings, opened.workspace.resolved.sources
        rows = [(key_of(name), getattr(settings, name), source) for name, source in sources.items()]
        output.result(
            lambda text: text.settings(
                [(key, str(value) if value != "" else "-", source) for key, value, source in rows]
            ),
            lambda: jsonlibrary.settings(rows),
        )
