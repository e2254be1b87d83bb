"""`rag help`: the help of a command by its name."""

from __future__ import annotations

import sys
from typing import Annotated

import click
import typer

from ragcli.cli.group import near_commands
from ragcli.cli.usage import unknown_command

app = typer.Typer(rich_markup_mode=None)


@app.command(name="help")
def show_help(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="Such as ask, or gold add.", show_default=False),
    ] = None,
    manual: Annotated[
        bool, typer.Option("--man", help="Print the manual page of all commands instead, for man -l.")
    ] = False,
) -> None:
    """Show the help of a command. Without one, list all commands.

    Example: rag help ask
    """
    root = context.find_root()
    if manual:
        from ragcli.cli.manual import manual_page

        sys.stdout.write(manual_page(root))
        return
    shown = root
    for name in command or []:
        group = shown.command
        found = group.get_command(shown, name) if isinstance(group, click.Group) else None
        if found is None:
            known = group.list_commands(shown) if isinstance(group, click.Group) else []
            raise unknown_command(shown, name, near_commands(name, known))
        shown = click.Context(found, info_name=name, parent=shown)
    click.echo(shown.get_help())
