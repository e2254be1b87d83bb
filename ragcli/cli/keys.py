"""`rag keys`: who may use `rag serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, failing, own_settings, recorded_alone
from ragcli.errors import ExitCode

app = typer.Typer(help="Make, list and take back the keys of rag serve.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is, such as a person or a program.")]


@app.command()
def add(
    name: Name,
    scopes: Annotated[
        str, typer.Option("--scopes", metavar="LIST", help="What it allows: read, ask, ingest, admin.")
    ] = "read,ask",
    rate: Annotated[
        str,
        typer.Option("--rate", metavar="N/UNIT", help="How many requests, such as 10/second [default: any number]."),
    ] = "",
    days: Annotated[
        int | None,
        typer.Option(
            "--days", metavar="N", min=1, max=36_500, help="For how long [default: for ever].", show_default=False
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Make a key and show it, once: only its hash is kept. From the first key on, rag serve lets nobody in without one.

    Example: rag keys add alice --scopes read,ask --rate 10/second
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.render import keys as rendered
        from ragcli.serving.keys import KeyFile, key_file

        keys = KeyFile(key_file(own_settings().serve_keys))
        with recorded_alone(output, "keys add", name) as entry:
            key, secret = keys.add(name, scopes.split(","), rate=rate, days=days)
            entry.outcome = "added"
        output.note(f"the key of {name}, which is shown now and never again:")
        output.result(lambda text: text.plain(secret), lambda: rendered.made(key, secret))


@app.command()
def ls(as_json: options.Json = False) -> None:
    """List the keys, without their secrets.

    Example: rag keys ls
    """
    output = Output(as_json=as_json, quiet=False)
    with failing(output):
        from ragcli.render import keys as rendered
        from ragcli.serving.keys import KeyFile, key_file

        keys = KeyFile(key_file(own_settings().serve_keys))
        listed = keys.keys()
        if not listed:
            output.note("there are no keys: rag serve listens on this machine alone, and lets in whoever uses it")
        output.result(
            lambda text: text.wrapped(rendered.lines(listed)),
            lambda: rendered.listed(listed),
        )


@app.command()
def rm(name: Name) -> None:
    """Take a key back; a server that runs refuses it from the next request on. Exit code 4 when there was none.

    Example: rag keys rm alice
    """
    output = Output(as_json=False, quiet=False)
    with failing(output):
        from ragcli.serving.keys import KeyFile, key_file

        keys = KeyFile(key_file(own_settings().serve_keys))
        with recorded_alone(output, "keys rm", name) as entry:
            known = keys.remove(name)
            entry.outcome = "removed" if known else "was not there"
        if not known:
            output.note(f"there is no key {name}; rag keys ls lists them")
            raise typer.Exit(ExitCode.NOT_FOUND)
        output.note(f"{name} cannot use rag serve any more")
