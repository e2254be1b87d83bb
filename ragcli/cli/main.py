"""The commands."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import click
import typer

from ragcli import __version__
from ragcli.cli import options
from ragcli.cli.session import Output, parse_filters, session
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
def ingest(
    paths: options.Paths = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove documents whose files are gone.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Empty the index first, and embed everything anew.")
    ] = False,
    embedding_model: options.Model = None,
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Index files and folders: PDF, DOCX, EPUB, HTML, Markdown, text and source code.

    Only new and changed files are read. Stop it at any time; the next run goes on.

    Example: rag ingest ./docs
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "chunking_strategy": chunker,
        "chunking_max_tokens": max_tokens,
    }
    with session(output, flags) as rag:
        from ragcli.render import jsonout
        from ragcli.render.progress import progress_bar, rate_of

        started = time.monotonic()
        with progress_bar(not quiet) as bar:
            report = rag.ingest(
                paths or [],
                prune=prune,
                rebuild=rebuild,
                on_progress=lambda p: bar(p.done, p.files, p.current, rate_of(started, p.chunks, "chunks")),
            )
        output.result(lambda text: text.ingest(report), lambda: jsonout.ingest(report))
        if report.interrupted:
            raise typer.Exit(ExitCode.INTERRUPTED)
        if report.failed and not report.documents:
            raise typer.Exit(ExitCode.ERROR)


@app.command()
def query(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    k: options.K = None,
    mode: options.Mode = None,
    filters: options.Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show where each score comes from.")] = False,
    fusion: options.Fusion = None,
    weight: options.Weight = None,
    embedding_model: options.Model = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Show the passages that fit a question best. Exit code 4 when there are none.

    Example: rag query "notice period" -k 3 --filter type=pdf
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "retrieval_mode": mode,
        "retrieval_fusion": fusion,
        "retrieval_weight": weight,
        "retrieval_k": k,
    }
    with session(output, flags) as rag:
        from ragcli.render import jsonout

        result = rag.query(question, where=parse_filters(filters))
        output.result(lambda text: text.query(result, explain=explain), lambda: jsonout.query(result, output.shown))
        if not result.hits:
            raise typer.Exit(ExitCode.NOT_FOUND)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    k: options.K = None,
    mode: options.Mode = None,
    filters: options.Filters = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Who writes the answer: extractive or the path of a GGUF file.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", metavar="P", help="Least confidence with which to answer, 0 to 1.", show_default=False
        ),
    ] = None,
    embedding_model: options.Model = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Answer a question with citations, or say that the documents do not (exit code 4).

    Example: rag ask "How many days of annual leave do I have?"
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "retrieval_mode": mode,
        "retrieval_k": k,
        "answer_model": model,
        "answer_threshold": threshold,
    }
    with session(output, flags) as rag:
        from ragcli.render import jsonout

        answer = rag.ask(question, where=parse_filters(filters))
        output.result(lambda text: text.answer(answer), lambda: jsonout.ask(answer, output.shown))
        if answer.answered and answer.mode == "extractive" and not as_json:
            output.note("These are sentences from the documents. A GGUF model writes prose: rag ask --model PATH.gguf")
        if not answer.answered:
            raise typer.Exit(ExitCode.NOT_FOUND)


@app.command(name="eval")
def evaluate(
    target: Annotated[
        Path, typer.Argument(metavar="GOLD", help="A gold file (JSON lines), or a BEIR folder to index and evaluate.")
    ],
    minimum: Annotated[
        list[str] | None,
        typer.Option(
            "--min", metavar="METRIC=VALUE", help="Fail (exit code 3) below this; repeatable.", show_default=False
        ),
    ] = None,
    mode: options.Mode = None,
    fusion: options.Fusion = None,
    weight: options.Weight = None,
    split: Annotated[str, typer.Option("--split", help="Which judgements of a BEIR folder.")] = "test",
    answers: Annotated[
        bool, typer.Option("--answers/--no-answers", help="Also measure answers and abstention.")
    ] = True,
    worst: Annotated[int, typer.Option("--worst", metavar="N", help="Show up to N questions that found nothing.")] = 5,
    embedding_model: options.Model = None,
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure retrieval and answers on judged questions, and fail a build when they get worse.

    Example: rag eval gold.jsonl --min recall@5=0.9 --min ndcg@10=0.8
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "chunking_strategy": chunker,
        "chunking_max_tokens": max_tokens,
        "retrieval_mode": mode,
        "retrieval_fusion": fusion,
        "retrieval_weight": weight,
    }
    with session(output, flags) as rag:
        from ragcli.evaluating import parse_threshold
        from ragcli.render import jsonout
        from ragcli.render.progress import progress_bar

        thresholds = [parse_threshold(text) for text in minimum or []]
        with progress_bar(not quiet) as bar:
            report = rag.evaluate(
                target,
                split=split,
                thresholds=thresholds,
                answers=answers,
                on_progress=lambda stage, done, of: bar(done, of, stage, ""),
            )
        output.result(lambda text: text.evaluation(report, worst=worst), lambda: jsonout.evaluation(report))
        if not report.passed:
            raise typer.Exit(ExitCode.BELOW_GATE)


@app.command()
def stats(index: options.Index = None, as_json: options.Json = False) -> None:
    """Show what the index holds, how large it is, and whether the files changed since."""
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as rag:
        from ragcli.render import jsonout

        report = rag.stats()
        output.result(lambda text: text.stats(report), lambda: jsonout.stats(report))


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
