"""The commands that look after models."""

from __future__ import annotations

from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, session
from ragcli.errors import UsageError

app = typer.Typer(
    help="Models on this machine, for answers and for embedding.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of rag models list.")]


@app.command("list")
def list_models(as_json: options.Json = False) -> None:
    """List the models that are here, and some that are known to work.

    Example: rag models list
    """
    output = Output(as_json=as_json, quiet=False)
    with session(output, {}):
        from ragcli.engine.models import model_store
        from ragcli.render import models as render

        entries = model_store().listed()
        output.result(lambda text: text.lines(render.model_lines(entries)), lambda: render.models_json(entries))


@app.command()
def pull(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A listed name, hf:ORG/REPO/FILE.gguf, an https URL, or all-MiniLM-L6-v2."
        ),
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it here.", show_default=False)] = "",
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fetch a GGUF model; a fetch that was stopped goes on where it was.

    all-MiniLM-L6-v2 is the default embedding model, which the first ingest fetches unless it is here.

    Example: rag models pull qwen2.5-1.5b
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {}) as opened:
        from ragcli.embedding.models import is_default
        from ragcli.engine.models import model_store
        from ragcli.places import model_cache
        from ragcli.render import models as render
        from ragcli.render.progress import byte_progress
        from ragcli.usecases.models import pull_embedding_model, pull_model

        offline, embeds = opened.workspace.settings.offline, is_default(wanted)
        if embeds and name:
            raise UsageError("the embedding model keeps its name", hint=f"rag models pull {wanted}")
        with byte_progress(not quiet and not as_json) as progress:
            if embeds:
                stored = pull_embedding_model(model_cache(), offline=offline, note=output.note, progress=progress)
            else:
                stored = pull_model(model_store(), wanted, name, offline=offline, progress=progress)
        output.result(
            lambda text: text.lines(render.pulled_lines(stored, writes=not embeds)), lambda: render.pulled_json(stored)
        )


@app.command()
def verify(name: Name, as_json: options.Json = False, quiet: options.Quiet = False) -> None:
    """Compare a model's file with the SHA-256 that it had when it was fetched. Exit code 6 when it differs."""
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {}):
        from ragcli.engine.models import model_store
        from ragcli.render import models as render
        from ragcli.render.progress import byte_progress

        store = model_store()
        stored = store.wanted(name)
        with byte_progress(not quiet and not as_json) as progress:
            store.verify(stored, progress=progress)
        output.result(lambda text: text.plain(f"{name} is what was fetched"), lambda: render.pulled_json(stored))


@app.command()
def rm(name: Name, as_json: options.Json = False) -> None:
    """Delete a model's file."""
    output = Output(as_json=as_json, quiet=False)
    with session(output, {}):
        from ragcli.engine.models import model_store
        from ragcli.render import models as render

        store = model_store()
        stored = store.wanted(name)
        store.remove(stored)
        output.result(lambda text: text.plain(f"removed {name}"), lambda: render.pulled_json(stored))


@app.command()
def path(name: Annotated[str, typer.Argument(metavar="[NAME]", help="A name; without one, the folder.")] = "") -> None:
    """Print where a model's file lies, for other programs."""
    output = Output(as_json=False, quiet=False)
    with session(output, {}):
        from ragcli.engine.models import model_store

        store = model_store()
        found = store.path(store.wanted(name)) if name else store.folder
        output.terminal().plain(str(found))
