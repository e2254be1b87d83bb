"""`rag collection`: names for indexes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import completing, options
from ragcli.cli.session import Output, failing

app = typer.Typer(
    help="Name indexes, to search them from anywhere and together.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=completing.collections, help="The collection.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called, such as docs.")],
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="What is indexed now; needed unless --index has an index."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            "-i",
            metavar="DIR",
            help="Where its index is [default: the .rag that the one FOLDER holds, else in your data folder].",
            show_default=False,
        ),
    ] = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Name an index, and index folders into it. Then -c NAME chooses it, in every command that reads an index.

    rag ingest -c NAME takes in what changed. Several, as in rag ask -c docs -c code, are searched as one index.

    Example: rag collection add docs ./docs
    """
    output = Output(as_json=as_json, quiet=quiet)
    from ragcli.usecases.collections import own_collections

    known = own_collections()
    with failing(output):
        place = known.add(name, folders or [], index)
    try:
        if folders:
            from ragcli.cli.library import ingest

            ingest(paths=folders, index=str(place), as_json=as_json, quiet=quiet)
        else:
            _check(output, place, name)
    except BaseException:
        from ragcli.index import open_store

        if open_store(place).manifest() is None:
            with failing(output):
                known.remove(name, delete_index=False)
        raise
    output.note(f"rag ask -c {name} asks it")


def _check(output: Output, place: Path, name: str) -> None:
    """Ends with an error where there is no index at `place`."""
    from ragcli.errors import IndexNotFound
    from ragcli.index import open_store

    with failing(output):
        if open_store(place).manifest() is None:
            raise IndexNotFound(
                f"no index at {place}", hint=f"rag collection add {name} FOLDER --index {place} makes one"
            )


@app.command(name="list")
def list_collections(as_json: options.Json = False) -> None:
    """List the collections, what each holds, and where its index is.

    Example: rag collection list
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.render import collections as render
        from ragcli.usecases.collections import listed, own_collections

        found = listed(own_collections().indexes())
        output.result(lambda text: text.wrapped(render.lines(found)), lambda: render.document(found))


@app.command()
def remove(
    name: Name,
    delete_index: Annotated[
        bool, typer.Option("--delete-index", help="Delete its index as well; the documents stay.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Forget the name of a collection. Its index stays where it is, unless --delete-index is given.

    Example: rag collection remove docs
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.render import collections as render
        from ragcli.usecases.collections import listed, own_collections

        known = own_collections()
        index = known.remove(name, delete_index=delete_index)
        output.result(
            lambda text: text.plain(render.removed(name, index, deleted=delete_index)),
            lambda: render.document(listed(known.indexes())),
        )
