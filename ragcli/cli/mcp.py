"""The command that serves an index to agents."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ragcli.cli import answer_options, options, rights
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index
from ragcli.errors import RagError, UsageError

if TYPE_CHECKING:
    from ragcli.cli.session import Session
    from ragcli.serving.mcp.library import Library

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def mcp(
    http: Annotated[
        str | None,
        typer.Option(
            "--http",
            metavar="[HOST:]PORT",
            help="Serve http://HOST:PORT/mcp to programs on this machine, instead of standard input and output.",
            show_default=False,
        ),
    ] = None,
    allow_ingest: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-ingest",
            metavar="FOLDER",
            help="Let agents index what lies in this folder; repeatable [default: they can only read].",
            show_default=False,
        ),
    ] = None,
    print_config: Annotated[
        Literal["claude", "cursor", "vscode"] | None,
        typer.Option(
            "--print-config",
            metavar="CLIENT",
            help="Print what to paste into the configuration of claude, cursor or vscode, and stop.",
            show_default=False,
        ),
    ] = None,
    config: answer_options.Config = None,
    model: answer_options.AnswerModel = None,
    principal: rights.As = None,
    index: options.Index = None,
) -> None:
    """Serve the index to agents, by the Model Context Protocol (MCP).

    The client, such as Claude, Cursor or VS Code, starts this command itself and talks to it over standard input and output.
    It offers the tools search, read, ask and list_documents; ingest only with --allow-ingest.

    Example: rag mcp --print-config claude
    """
    streams: tuple[int, int] | None = None
    if print_config is None and http is None:
        from ragcli.serving.mcp.streams import claim

        streams = claim()  # before anything is imported that may write to standard output
    flags = {"index": index, "answer_model": model}
    with session(Output(as_json=False, quiet=False), flags, project_file=config, principal=principal) as opened:
        if principal is not None and allow_ingest:
            raise UsageError(
                "--allow-ingest changes the index, which --as does not allow", hint="leave one of them out"
            )
        folders = [_folder(path) for path in allow_ingest or ()]
        if print_config is not None:
            given = _arguments(opened, folders, config, model)
            _print_config(print_config, [*given, *(["--as", principal] if principal is not None else [])])
            return
        _serve(_library(opened, folders, principal), http, streams)


def _library(opened: Session, folders: Sequence[Path], principal: str | None) -> Library:
    from ragcli.serving.mcp.library import Library

    return Library(opened.workspace.index_directory, opened.chosen(), folders, principal)


def _serve(library: Library, http: str | None, streams: tuple[int, int] | None) -> None:
    try:
        from ragcli.serving.mcp.server import build

        server = build(library)
    except ModuleNotFoundError as missing:
        from ragcli.installing import extra_command

        raise RagError(
            f"rag mcp needs the package {missing.name}, which is not installed", hint=extra_command("mcp")
        ) from missing
    if http is not None:
        from ragcli.serving.mcp import http as over_http

        over_http.serve(server, *over_http.address(http))
    elif streams is not None:
        from ragcli.serving.mcp import stdio

        stdio.serve(server, *streams)


def _folder(path: Path) -> Path:
    """The folder, absolute. Raises UsageError when there is none."""
    if not path.is_dir():
        raise UsageError(f"--allow-ingest {path}: no such folder", hint="name a folder that exists")
    return Path(os.path.abspath(path))


def _arguments(opened: Session, folders: Sequence[Path], config: Path | None, model: str | None) -> list[str]:
    """The options of this call, with absolute paths, and the settings that hold here: a file that is named is trusted, so one
    of which something is left out is not named."""
    arguments = ["--index", str(opened.workspace.index_directory)]
    for folder in folders:
        arguments += ["--allow-ingest", str(folder)]
    settings = config or opened.settings_file
    if settings is not None:
        arguments += ["--config", os.path.abspath(settings)]
    return [*arguments, *(["--model", model] if model else [])]


def _print_config(client: Literal["claude", "cursor", "vscode"], arguments: Sequence[str]) -> None:
    from ragcli.serving.mcp.clients import WHERE, configuration

    sys.stdout.write(configuration(client, arguments) + "\n")
    sys.stderr.write(f"Paste it {WHERE[client]}.\n")
