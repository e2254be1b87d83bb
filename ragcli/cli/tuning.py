"""The commands that choose settings by measurement: `tune`, `calibrate`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index

if TYPE_CHECKING:
    from ragcli.cli.session import Session

app = typer.Typer(rich_markup_mode=None)


@app.command()
@on_index
def tune(
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help="A gold file with evidence.")],
    sizes: Annotated[
        str,
        typer.Option("--sizes", metavar="N,N", help="Also try these chunk sizes, each over an index of its own."),
    ] = "",
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Write the better settings here, if they are.", show_default=False
        ),
    ] = None,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Try other weights and chunk sizes. They are chosen on one half of the questions and judged on the other.

    Example: rag tune gold.jsonl --sizes 120,240 --write rag.toml
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as opened:
        from ragcli.engine.wiring import Engine
        from ragcli.errors import UsageError
        from ragcli.render import jsonevaluation
        from ragcli.render.evaluation import tuning_lines
        from ragcli.render.files import write_text
        from ragcli.render.progress import progress_bar
        from ragcli.usecases.tuning import profile_text, tune

        if write is not None and write.exists():
            raise UsageError(f"{write} exists and is not overwritten", hint="give another name to --write")
        numbers = [part.strip() for part in sizes.split(",") if part.strip()]
        if not all(part.isdigit() for part in numbers):
            raise UsageError(f"--sizes {sizes!r}: expected numbers separated by commas", hint="--sizes 120,240")
        if numbers:
            _check_known(opened)
        with progress_bar(not quiet) as bar:
            report = tune(
                opened.workspace,
                lambda workspace: Engine(workspace, embedding=opened.engine.embedding).measured(),
                gold,
                sizes=[int(part) for part in numbers],
                on_progress=lambda name, done, of: bar(done, of, name, ""),
            )
        output.result(lambda text: text.wrapped(tuning_lines(report)), lambda: jsonevaluation.tuning(report))
        if write is not None and report.better:
            write_text(write, profile_text(report.settings))
            output.note(f"wrote {write}")
        elif write is not None:
            output.note(f"nothing is better beyond noise; {write} was not written")


def _check_known(opened: Session) -> None:
    """Raises UsageError when the files that would be cut anew are not the user's to read (see `trust.foreign`)."""
    from ragcli.places import state_directory
    from ragcli.trust.foreign import check_roots
    from ragcli.trust.store import TrustStore
    from ragcli.usecases.ingestion import known_roots

    place = opened.workspace
    roots = [place.project / root for root in known_roots(place)]
    check_roots(roots, place.index_directory, TrustStore(state_directory()))


@app.command()
@on_index
def calibrate(
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD", help="A gold file with answerable and unanswerable questions.")
    ],
    mode: options.Mode = None,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit when to abstain to your own questions. The confidence, and the threshold below which `rag ask` abstains, are
    kept with the index.

    Example: rag calibrate gold.jsonl
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index, **options.retrieval_flags(mode=mode)}) as opened:
        from ragcli.render import jsonevaluation
        from ragcli.render.evaluation import calibration_lines
        from ragcli.render.progress import progress_bar
        from ragcli.usecases.calibrating import calibrate

        engine = opened.engine
        with progress_bar(not quiet) as bar:
            found = calibrate(
                engine.workspace,
                engine.index.catalog,
                engine.answerer(),
                gold,
                on_progress=lambda name, done, of: bar(done, of, name, ""),
            )
        output.result(lambda text: text.wrapped(calibration_lines(found)), lambda: jsonevaluation.calibration(found))


@app.command()
@on_index
def compare(
    one: Annotated[Path, typer.Argument(metavar="A.toml", help="A configuration file.")],
    other: Annotated[Path, typer.Argument(metavar="B.toml", help="Another one.")],
    gold: Annotated[Path, typer.Option("--gold", metavar="GOLD", help="The gold file, or a BEIR folder.")],
    answers: Annotated[bool, typer.Option("--answers/--no-answers", help="Also compare answers.")] = True,
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="D", help="How large a difference is still none.")
    ] = 0.005,
    significance: Annotated[
        float, typer.Option("--significance", metavar="P", help="Largest p of a difference that counts.")
    ] = 0.05,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure two configurations on the same questions. The results stand side by side.

    Example: rag compare rag.toml other.toml --gold gold.jsonl
    """
    output = Output(as_json=as_json, quiet=quiet)
    with (
        session(output, {"index": index}, project_file=one) as first,
        session(output, {"index": index}, project_file=other) as second,
    ):
        from ragcli.render import jsonevaluation
        from ragcli.render.evaluation import compared_lines
        from ragcli.render.progress import progress_bar
        from ragcli.usecases.evaluation import EvalOptions
        from ragcli.usecases.tuning import compare_reports

        wanted = EvalOptions(answers=answers, tolerance=tolerance, significance=significance)
        with progress_bar(not quiet) as bar:
            reports = [
                opened.rag.evaluate(
                    gold,
                    options=wanted,
                    on_progress=lambda _, done, of, name=name: bar(done, of, name, ""),  # type: ignore[misc]
                )
                for opened, name in ((first, one.stem), (second, other.stem))
            ]
        report = compare_reports(reports[0], reports[1], (one.stem, other.stem), wanted)
        output.result(lambda text: text.wrapped(compared_lines(report)), lambda: jsonevaluation.comparison(report))
