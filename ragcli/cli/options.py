"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Index = Annotated[
    str | None,
    typer.Option(
        "--index",
        "-i",
        metavar="DIR",
        help="The index directory [default: the nearest .rag upward].",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout, also on errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--embedding-model",
        metavar="NAME",
        help="Embedding model: a name, a directory or a hub name [default: the index's own].",
        show_default=False,
    ),
]
Chunker = Annotated[
    str | None,
    typer.Option(
        "--chunker",
        metavar="NAME",
        help="How documents are cut: structure or document [default: the index's own].",
        show_default=False,
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        help="Largest chunk in the model's tokens [default: the index's own, else 200].",
        show_default=False,
    ),
]
Mode = Annotated[
    str | None,
    typer.Option(
        "--mode", "-m", metavar="MODE", help="lexical, dense or hybrid [default: hybrid].", show_default=False
    ),
]
Fusion = Annotated[
    str | None,
    typer.Option(
        "--fusion",
        metavar="METHOD",
        help="How hybrid joins rankings: convex or rrf [default: convex].",
        show_default=False,
    ),
]
Weight = Annotated[
    float | None,
    typer.Option("--weight", metavar="W", help="Share of the dense ranking in hybrid, 0 to 1.", show_default=False),
]
K = Annotated[
    int | None, typer.Option("-k", "--top-k", metavar="N", help="How many passages [default: 5].", show_default=False)
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        "-f",
        metavar="KEY=VALUE",
        help="Only documents with path=GLOB or type=TYPE; repeatable.",
        show_default=False,
    ),
]
Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...", help="Files and folders [default: everything ingested before].", show_default=False
    ),
]
