"""The command that serves an index to programs and browsers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import answer_options, options
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index
from ragcli.errors import RagError

if TYPE_CHECKING:
    from ragcli.cli.session import Session

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def serve(
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="[HOST:]PORT",
            help="Where to listen; port 0 takes a free one [default: 127.0.0.1:8321].",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="A name by which others reach this machine; repeatable.",
            show_default=False,
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            "--cors",
            metavar="ORIGIN",
            help="Another web page that may read replies, such as https://intranet.example.com; repeatable.",
            show_default=False,
        ),
    ] = None,
    log_questions: Annotated[
        bool | None,
        typer.Option("--log-questions", help="Let the log hold questions.", show_default=False),
    ] = None,
    config: answer_options.Config = None,
    model: answer_options.AnswerModel = None,
    index: options.Index = None,
    quiet: options.Quiet = False,
) -> None:
    """Serve the index over HTTP. With a page to ask on, and an API (/openapi.json) for programs.

    Without keys it listens on this machine alone; `rag keys add NAME` makes one. The log is on stderr, a JSON object a
    request.

    Example: rag serve
    """
    flags = {
        "index": index,
        "answer_model": model,
        "serve_listen": listen,
        "serve_allow_hosts": tuple(allow_host) if allow_host else None,
        "serve_cors": tuple(cors) if cors else None,
        "serve_log_questions": log_questions,
    }
    output = Output(as_json=False, quiet=quiet)
    with session(output, flags, project_file=config, for_others=True) as opened:
        _serve(opened, output)


def _serve(opened: Session, output: Output) -> None:
    from ragcli.installing import extra_command

    try:
        from ragcli.serving.http.server import Site
        from ragcli.serving.keys import KeyFile, key_file
    except ModuleNotFoundError as missing:
        raise RagError(
            f"rag serve needs the package {missing.name}, which is not installed", hint=extra_command("serve")
        ) from missing
    settings = opened.workspace.settings
    site = Site(settings, opened.workspace.index_directory, opened.chosen(), KeyFile(key_file(settings.serve_keys)))
    _log_requests(quiet=output.quiet)
    site.serve(lambda: output.note(f"serving {opened.workspace.index_directory} at {site.address} (Ctrl-C ends it)"))


def _log_requests(*, quiet: bool) -> None:
    """A line on stderr for each request, and for what fails."""
    import logging

    logger = logging.getLogger("ragcli.serving")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
