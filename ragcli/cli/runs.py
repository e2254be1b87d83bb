"""Asking a saved question again, and comparing saved answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import answer_options, options, rights
from ragcli.cli.answers import run_of
from ragcli.cli.session import Output, parse_filters, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode

if TYPE_CHECKING:
    from ragcli.reports import Difference

app = typer.Typer(rich_markup_mode=None)
Run = Annotated[Path, typer.Argument(metavar="RUN", help="What rag ask --save wrote.")]


@app.command()
@on_index
def replay(
    run: Run,
    model: answer_options.AnswerModel = None,
    principal: rights.As = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Ask the question of a saved run again and show what differs. It is asked with the settings of the run; exit code 3 if the
    answer differs.

    Example: rag replay run.json
    """
    from ragcli.usecases import runs

    output = Output(as_json=as_json, quiet=quiet)
    before: dict[str, object] = {}
    flags: dict[str, object] = {}
    with session(Output(as_json=as_json, quiet=True), {"index": index}) as own:
        before = runs.load(run)
        flags, refused = runs.flags_of(before, own.workspace.settings)
        if model is not None:
            refused = [name for name in refused if not name.startswith("answer_model")]
        for name in refused:
            output.note(runs.refusal(run, name))
    flags |= {"index": index, "answer_cache": False}
    if model is not None:
        flags |= {"answer_model": model, "answer_models": ()}
    with session(output, flags, principal=principal) as opened:
        from ragcli.render import jsonout

        filters = [str(text) for text in before["filters"]]  # type: ignore[attr-defined]
        answer = opened.rag.ask(str(before["question"]), where=parse_filters(filters))
        after = run_of(opened, jsonout.ask(answer, output.shown), filters)
        _show(output, runs.differences(before, after))


@app.command()
def diff(
    before: Run,
    after: Annotated[Path, typer.Argument(metavar="RUN", help="Another.")],
    as_json: options.Json = False,
) -> None:
    """Show what differs between two saved runs. That is: settings, index, what was found, cited and answered. Exit code 3 if
    the answer differs.

    Example: rag diff before.json after.json
    """
    from ragcli.usecases import runs

    output = Output(as_json=as_json, quiet=False)
    with session(output, {}):
        _show(output, runs.differences(runs.load(before), runs.load(after)))


def _show(output: Output, found: Sequence[Difference]) -> None:
    from ragcli.render import runs as render
    from ragcli.usecases import runs

    output.result(lambda text: text.lines(render.difference_lines(found)), lambda: render.differences_json(found))
    if runs.answers_differ(found):
        raise typer.Exit(ExitCode.BELOW_GATE)
