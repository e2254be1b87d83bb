"""Options about access rights."""

from __future__ import annotations

from typing import Annotated

import typer

As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Only what NAME may see, by the file that access.grants names.",
        show_default=False,
    ),
]
Tags = Annotated[
    str | None,
    typer.Option(
        "--access",
        metavar="TAG,TAG",
        help="Who may see these documents: those with one of the tags; '' takes tags away [default: as before].",
        show_default=False,
    ),
]


def _refuse(name: str | None) -> None:
    if name is not None:
        raise typer.BadParameter("this needs the whole index, and --as shows a part of it; leave --as out")


Refused = Annotated[str | None, typer.Option("--as", hidden=True, callback=_refuse)]
