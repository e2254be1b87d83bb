"""`rag pack` and `rag unpack`: an index as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, failing, session
from ragcli.cli.sharing import on_index

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def pack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The pack to write; its name ends with .ragpack.")],
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
) -> None:
    """Write the index as one checksummed file. It can be asked without the documents: rag ask ... --index FILE

    Example: rag pack handbook.ragpack
    """
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as opened:
        from ragcli.render import packing as render
        from ragcli.usecases.packing import pack_index

        made = pack_index(opened.workspace, file)
        output.result(
            lambda text: text.plain(render.packed_line(made)),
            lambda: render.document(made, opened.workspace.index_directory),
        )


@app.command()
def unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What rag pack wrote.")],
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where its index goes, as .rag.")] = Path(),
    as_json: options.Json = False,
) -> None:
    """Make an index of a pack, which can be changed. Nothing is read of the documents that it was made from.

    Example: rag unpack handbook.ragpack ./handbook
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.render import packing as render
        from ragcli.usecases.packing import unpack_index

        found, directory = unpack_index(file, folder)
        output.result(
            lambda text: text.plain(render.unpacked_line(found, directory)),
            lambda: render.document(found, directory),
        )
