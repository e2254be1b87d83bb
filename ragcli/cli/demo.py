"""The command that shows on example documents what rag does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, session

app = typer.Typer(rich_markup_mode=None)
_FOLDER = Path("rag-demo")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to put the documents.")] = _FOLDER,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Index 16 example documents in a new folder, and ask a question.

    Example: rag demo
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": str(folder / ".rag")}) as opened:
        import shlex

        from ragcli.cli.history import remember
        from ragcli.render import jsonout
        from ragcli.render.library import step_lines
        from ragcli.render.progress import progress_bar
        from ragcli.usecases.demo import OTHER_QUESTION, QUESTION, lay_out

        copies = lay_out(folder)
        output.note(f"{len(copies)} documents are in {folder}")
        with progress_bar(not quiet and not as_json) as bar:
            report = opened.rag.ingest(*copies, on_progress=lambda p: bar(p.done, p.files, p.current, ""))
        if not as_json:
            output.terminal().ingest(report)
            output.terminal().heading(QUESTION)
        answer = opened.rag.ask(QUESTION)
        remember(opened.workspace, answer)
        output.result(lambda text: text.answer(answer), lambda: jsonout.ask(answer, output.shown))
        if not as_json and not quiet:
            steps = [
                ("rag open 1", "look at the place that [1] names"),
                (f'cd {shlex.quote(str(folder))} && rag ask "{OTHER_QUESTION}"', "ask more"),
                ("rag ingest FOLDER", "index documents of your own"),
                ("rag --help", "what else there is"),
            ]
            output.terminal().lines(step_lines(steps))
