"""`rag chunks`: how a file is read and cut."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.passwords import read_passwords
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def chunks(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to read and cut; it is not indexed.")],
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    ocr: options.Ocr = None,
    password_file: options.PasswordFile = None,
    index: options.Index = None,
    as_json: options.Json = False,
) -> None:
    """Show how a file is read and cut. Each chunk comes with its place, tokens, headings and text.

    Example: rag chunks contract.pdf --chunker clauses
    """
    flags = {"index": index, "chunking_strategy": chunker, "chunking_max_tokens": max_tokens, "ingest_ocr": ocr}
    with session(output := Output(as_json=as_json, quiet=False), flags) as opened:
        from ragcli.render import jsonlibrary
        from ragcli.usecases.library import cut

        document, pieces = cut(opened.workspace, file, read_passwords(password_file))
        output.result(lambda text: text.chunks(document, pieces), lambda: jsonlibrary.chunks(document, pieces))
