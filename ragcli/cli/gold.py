"""`rag gold`: making and checking gold files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, Session, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode
from ragcli.text.counting import counted

app = typer.Typer(help="Make and check files of judged questions.", no_args_is_help=True, rich_markup_mode=None)

Gold = Annotated[Path, typer.Argument(metavar="GOLD", help="The gold file (JSON lines).")]


@app.command()
@on_index
def lint(
    gold: Gold, refused: rights.Refused = None, index: options.Index = None, as_json: options.Json = False
) -> None:
    """List everything wrong with a gold file, by line: what cannot be read, duplicates, vanished quotations, leaks.

    Exit code 1 when there are errors; warnings alone pass.

    Example: rag gold lint gold.jsonl
    """
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}) as opened:
        from ragcli.render import jsonevaluation
        from ragcli.usecases.gold import lint

        problems = lint(
            opened.workspace.directory / gold, opened.workspace.project, lambda: opened.engine.index.catalog
        )
        output.result(lambda text: text.problems(str(gold), problems), lambda: jsonevaluation.lint(str(gold), problems))
        if any(problem.kind == "error" for problem in problems):
            raise typer.Exit(ExitCode.ERROR)


@app.command()
@on_index
def add(
    gold: Gold,
    last: Annotated[bool, typer.Option("--last", help="Take the last question of rag ask or rag query.")] = False,
    entry: Annotated[
        int | None, typer.Option("--entry", metavar="N", help="Take question N of rag history.", show_default=False)
    ] = None,
    from_feedback: Annotated[
        bool, typer.Option("--from-feedback", help="Take the questions that were rated in rag serve.")
    ] = False,
    good: Annotated[
        bool, typer.Option("--good/--bad", help="Whether its answer and citations are right, or are to be filled in.")
    ] = True,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Append a question that was asked to a gold file, with what was cited as its evidence.

    With --from-feedback, append those that callers of rag serve rated: Good and 4 or 5 as good, Bad and 1 or 2 as
    bad. Exit code 4 when there is none that the file lacks.

    Example: rag gold add gold.jsonl --last --good
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as opened:
        from ragcli.cli import history
        from ragcli.errors import UsageError
        from ragcli.render import jsonevaluation
        from ragcli.usecases.gold import add_question

        if from_feedback and not last and entry is None:
            _add_rated(opened, output, gold)
            return
        if last == (entry is not None) or from_feedback:
            raise UsageError(
                "say which question to add", hint=f"rag gold add {gold} --last, or --entry N, or --from-feedback"
            )
        asked, workspace = history.last() if entry is None else history.entry_of(entry), opened.workspace
        if Path(asked.index) != workspace.index_directory:
            chosen = "--last" if entry is None else f"--entry {entry}"
            raise UsageError(
                f"this question was asked of {asked.index}", hint=f"rag gold add {gold} {chosen} --index {asked.index}"
            )
        row = add_question(
            workspace.directory / gold,
            workspace.project,
            asked.question,
            good=good,
            abstained=asked.answered is False,
            answer=asked.answer,
            places=asked.places,
        )
        output.result(
            lambda text: text.plain(f"added {row['id']} to {gold}: {row['question']}"),
            lambda: jsonevaluation.gold_added(row),
        )


def _add_rated(opened: Session, output: Output, gold: Path) -> None:
    from ragcli.places import served_state
    from ragcli.render import jsonevaluation
    from ragcli.usecases.feedback import add_rated

    workspace = opened.workspace
    rows, known = add_rated(served_state(workspace.index_directory), workspace.directory / gold, workspace.project)
    for row in rows:
        output.result(
            lambda text, row=row: text.plain(f"added {row['id']} to {gold}: {row['question']}"),  # type: ignore[misc]
            lambda row=row: jsonevaluation.gold_added(row),  # type: ignore[misc]
        )
    output.note(f"{counted(len(rows), 'question')} added; {known:,} were in {gold} already")
    if not rows:
        raise typer.Exit(ExitCode.NOT_FOUND)


@app.command()
@on_index
def new(
    gold: Gold,
    count: Annotated[int, typer.Option("--count", "-n", metavar="N", help="Most questions to propose.", min=1)] = 20,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Propose questions from the indexed documents, tagged `unreviewed`, in a new file for somebody to go through.

    Example: rag gold new proposed.jsonl -n 40
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as opened:
        from ragcli.errors import UsageError
        from ragcli.render import jsonevaluation
        from ragcli.usecases.gold import append, propose

        if gold.exists():
            raise UsageError(f"{gold} exists and is not added to", hint="give another name")
        engine, path = opened.engine, opened.workspace.directory / gold
        write = engine.language_model()
        rows = propose(path, opened.workspace.project, engine.index.catalog, write, count)
        if rows:
            append(gold, rows)
        output.result(
            lambda text: text.plain(f"proposed {counted(len(rows), 'question')} in {gold}, all tagged unreviewed"),
            lambda: jsonevaluation.gold_proposed(rows),
        )
        if not rows:
            raise typer.Exit(ExitCode.NOT_FOUND)
