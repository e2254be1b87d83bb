"""The commands that measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, session
from ragcli.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)


@app.command(name="eval")
def evaluate(
    target: Annotated[
        Path, typer.Argument(metavar="GOLD", help="A gold file (JSON lines), or a BEIR folder to index and evaluate.")
    ],
    minimum: Annotated[
        list[str] | None,
        typer.Option(
            "--min", metavar="METRIC=VALUE", help="Fail (exit code 3) below this; repeatable.", show_default=False
        ),
    ] = None,
    maximum: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="METRIC=VALUE",
            help="Fail above this, e.g. latency_p95=300; repeatable.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Fail when worse than this file says.", show_default=False),
    ] = None,
    save_baseline: Annotated[
        Path | None,
        typer.Option(
            "--save-baseline", metavar="FILE", help="Write what was measured, if the gate passes.", show_default=False
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="D", help="How much worse than the baseline is still no regression.")
    ] = 0.005,
    significance: Annotated[
        float, typer.Option("--significance", metavar="P", help="Largest p of a difference that counts.")
    ] = 0.05,
    stages: Annotated[
        bool, typer.Option("--stages", help="Measure each step of the pipeline by itself as well.")
    ] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Only questions with this tag; repeatable.", show_default=False),
    ] = None,
    exclude_tag: options.ExcludeTag = None,
    max_characters: options.MaxCharacters = 600,
    junit: options.Report = None,
    html: options.HtmlReport = None,
    markdown: options.MarkdownReport = None,
    timing: Annotated[
        bool, typer.Option("--timing/--no-timing", help="Latencies, the only part that differs between equal runs.")
    ] = True,
    mode: options.Mode = None,
    fusion: options.Fusion = None,
    weight: options.Weight = None,
    rerank: options.Rerank = None,
    max_seconds: options.MaxSeconds = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="NAME", help="Which judgements of a BEIR folder [default: test].", show_default=False
        ),
    ] = None,
    answers: Annotated[
        bool | None,
        typer.Option(
            "--answers/--no-answers",
            help="Also measure answers and abstention [default: of a gold file].",
            show_default=False,
        ),
    ] = None,
    worst: Annotated[
        int, typer.Option("--worst", metavar="N", help="Show the N worst questions, and why they failed.")
    ] = 5,
    embedding_model: options.Model = None,
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure retrieval and answers on judged questions, and fail a build when they get worse.

    Example: rag eval gold.jsonl --min recall@5=0.9 --baseline baseline.json
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "answer_cache": None if not timing else False,  # what was written before says nothing about time
        "index": index,
        "embedding_model": embedding_model,
        "chunking_strategy": chunker,
        "chunking_max_tokens": max_tokens,
        **options.retrieval_flags(mode=mode, fusion=fusion, weight=weight, rerank=rerank, max_seconds=max_seconds),
    }
    with session(output, flags) as rag:
        from ragcli.app.evaluation import EvalOptions, baseline_of
        from ragcli.evaluation.gating import baseline_text, parse_threshold
        from ragcli.render import jsonevaluation
        from ragcli.render.files import write_reports, write_text
        from ragcli.render.progress import progress_bar

        thresholds = [parse_threshold(text, "min") for text in minimum or []]
        thresholds += [parse_threshold(text, "max") for text in maximum or []]
        wanted = EvalOptions(
            split=split,
            thresholds=thresholds,
            answers=answers,
            tags=tag or [],
            without_tags=exclude_tag or [],
            max_characters=max_characters,
            timing=timing,
            stages=stages,
            why=worst > 0,
            baseline=baseline,
            tolerance=tolerance,
            significance=significance,
        )
        with progress_bar(not quiet) as bar:
            report = rag.evaluate(target, wanted, on_progress=lambda stage, done, of: bar(done, of, stage, ""))
        output.result(
            lambda text: text.evaluation(report, worst=worst), lambda: jsonevaluation.evaluation(report, timing=timing)
        )
        write_reports(report, junit=junit, html=html, markdown=markdown, annotate=not as_json)
        if report.passed and save_baseline is not None:
            write_text(save_baseline, baseline_text(baseline_of(report)))
            output.note(f"saved the baseline {save_baseline}")
        if not report.passed:
            raise typer.Exit(ExitCode.BELOW_GATE)


@app.command()
def why(
    question: Annotated[str, typer.Argument(help="The question.")],
    expect: Annotated[
        str,
        typer.Option(
            "--expect", metavar="PATH[:QUOTE]", help="The document, and the words, that should have been found."
        ),
    ],
    k: options.K = None,
    mode: options.Mode = None,
    rerank: options.Rerank = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Name the stage that lost a document: ingest, chunking, a ranking, the budget or the answer. Exit code 4 if one did.

    Example: rag why "notice period" --expect "contracts/acme.pdf:three months"
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {"index": index, **options.retrieval_flags(k=k, mode=mode, rerank=rerank)}
    with session(output, flags) as rag:
        from ragcli.render import jsonevaluation

        path, _, quote = expect.partition(":")
        found = rag.why(question, path, quote.strip())
        output.result(lambda text: text.diagnosis(found), lambda: jsonevaluation.diagnosis(found))
        if not found.found:
            raise typer.Exit(ExitCode.NOT_FOUND)


@app.command()
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
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Try other weights and chunk sizes: chosen on one half of the questions, judged on the other.

    Example: rag tune gold.jsonl --sizes 120,240 --write rag.toml
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as rag:
        from ragcli.app.tuning import profile_text, tune
        from ragcli.errors import UsageError
        from ragcli.render import jsonevaluation
        from ragcli.render.evaluation import tuning_lines
        from ragcli.render.files import write_text
        from ragcli.render.progress import progress_bar

        if write is not None and write.exists():
            raise UsageError(f"{write} exists and is not overwritten", hint="give another name to --write")
        numbers = [part.strip() for part in sizes.split(",") if part.strip()]
        if not all(part.isdigit() for part in numbers):
            raise UsageError(f"--sizes {sizes!r}: expected numbers separated by commas", hint="--sizes 120,240")
        with progress_bar(not quiet) as bar:
            report = tune(
                rag,
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


@app.command()
def calibrate(
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD", help="A gold file with answerable and unanswerable questions.")
    ],
    mode: options.Mode = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit the confidence, and the threshold below which `rag ask` abstains, to your own questions; kept with the index.

    Example: rag calibrate gold.jsonl
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index, **options.retrieval_flags(mode=mode)}) as rag:
        from ragcli.app.calibrating import calibrate
        from ragcli.render import jsonevaluation
        from ragcli.render.evaluation import calibration_lines
        from ragcli.render.progress import progress_bar

        with progress_bar(not quiet) as bar:
            found = calibrate(rag, gold, on_progress=lambda name, done, of: bar(done, of, name, ""))
        output.result(lambda text: text.wrapped(calibration_lines(found)), lambda: jsonevaluation.calibration(found))


@app.command()
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
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure two configurations on the same questions, side by side.

    Example: rag compare rag.toml other.toml --gold gold.jsonl
    """
    output = Output(as_json=as_json, quiet=quiet)
    with (
        session(output, {"index": index}, project_file=one) as first,
        session(output, {"index": index}, project_file=other) as second,
    ):
        from ragcli.app.evaluation import EvalOptions
        from ragcli.app.tuning import compare_configurations
        from ragcli.render import jsonevaluation
        from ragcli.render.evaluation import compared_lines
        from ragcli.render.progress import progress_bar

        wanted = EvalOptions(answers=answers, tolerance=tolerance, significance=significance)
        with progress_bar(not quiet) as bar:
            report = compare_configurations(
                first, second, (one.stem, other.stem), gold, wanted,
                on_progress=lambda name, done, of: bar(done, of, name, ""),
            )  # fmt: skip
        output.result(lambda text: text.wrapped(compared_lines(report)), lambda: jsonevaluation.comparison(report))
