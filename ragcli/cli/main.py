"""The commands."""

from __future__ import annotations

import sys
from typing import Annotated

import click
import typer

from ragcli import __version__
from ragcli.cli import answers, chat, evaluation, gold, library, models, options, runs, search
from ragcli.cli.session import Output, session
from ragcli.errors import ExitCode

app = typer.Typer(
    name="rag",
    help="Cited answers from your own documents, on your own machine.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,  # loading rich for a help page costs a third of its time
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Settings and where they come from.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(library.app)
app.add_typer(search.app)
app.add_typer(answers.app)
app.add_typer(chat.app)
app.add_typer(runs.app)
app.add_typer(evaluation.app)
app.add_typer(gold.app, name="gold")
app.add_typer(models.app, name="models")
app.add_typer(config_app, name="config")


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"rag {__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Cited answers from your own documents, on your own machine."""


@app.command()
def stats(index: options.Index = None, as_json: options.Json = False) -> None:
    """Show what the index holds, how large it is, and whether the files changed since."""
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as rag:
        from ragcli.render import jsonlibrary

        report = rag.stats()
        output.result(lambda text: text.stats(report), lambda: jsonlibrary.stats(report))


@app.command()
def doctor(index: options.Index = None, as_json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Read the whole index and report every contradiction in it. Exit code 5 when there is one."""
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as rag:
        problems = rag.check()
        output.result(
            lambda text: text.check(problems),
            lambda: {"schema": "rag.doctor/1", "sound": not problems, "problems": problems},
        )
        if problems:
            output.note("rag ingest repairs vectors; rag ingest --rebuild makes the whole index anew")
            raise typer.Exit(ExitCode.INDEX)


@config_app.command()
def show(index: options.Index = None, as_json: options.Json = False) -> None:
    """List every setting, its value, and what set it."""
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as rag:
        from ragcli.settings import key_of

        settings, sources = rag.resolved.settings, rag.resolved.sources
        rows = [(key_of(name), getattr(settings, name), source) for name, source in sources.items()]
        output.result(
            lambda text: text.settings(
                [(key, str(value) if value != "" else "-", source) for key, value, source in rows]
            ),
            lambda: {
                "schema": "rag.config/1",
                "settings": {key: {"value": value, "source": source} for key, value, source in rows},
            },
        )


def main() -> None:
    """Run the command line; usage errors exit with 2, and are JSON as well when `--json` was given."""
    if "--json" not in sys.argv:
        app()
    try:
        sys.exit(app(standalone_mode=False))
    except click.ClickException as problem:
        from ragcli.errors import UsageError

        hint = problem.ctx.get_usage() if isinstance(problem, click.UsageError) and problem.ctx else "rag --help"
        Output(as_json=True, quiet=True).error(UsageError(problem.format_message(), hint=hint))
        sys.exit(problem.exit_code)
