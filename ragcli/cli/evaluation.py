"""The commands that measure: `eval` and `why`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)

Report = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write the questions as JUnit test cases.", show_default=False),
]
HtmlReport = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a page with plots that opens offline.", show_default=False),
]
MarkdownReport = Annotated[
    Path | None,
    typer.Option(
        "--markdown", metavar="FILE", help="Write a summary; also to $GITHUB_STEP_SUMMARY.", show_default=False
    ),
]


@app.command(name="eval")
@on_index
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
    junit: Report = None,
    html: HtmlReport = None,
    markdown: MarkdownReport = None,
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
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every metric, with its interval.")] = False,
    embedding_model: options.Model = None,
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    principal: rights.As = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure retrieval and answers on judged questions. Can fail a build when they get worse.

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
    with session(output, flags, principal=principal) as opened:
        from ragcli.evaluation.gating import baseline_text, parse_threshold
        from ragcli.render import jsonevaluation
        from ragcli.render.files import write_reports, write_text
        from ragcli.render.progress import progress_bar
        from ragcli.usecases.evaluation import EvalOptions, baseline_of

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
            report = opened.rag.evaluate(
                target, options=wanted, on_progress=lambda stage, done, of: bar(done, of, stage, "")
            )
        output.result(
            lambda text: text.evaluation(report, worst=worst, verbose=verbose),
            lambda: jsonevaluation.evaluation(report, timing=timing),
        )
        write_reports(report, junit=junit, html=html, markdown=markdown, annotate=not as_json)
        if report.passed and save_baseline is not None:
            write_text(save_baseline, baseline_text(baseline_of(report)))
            output.note(f"saved the baseline {save_baseline}")
        if not report.passed:
            raise typer.Exit(ExitCode.BELOW_GATE)


@app.command()
@on_index
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
    principal: rights.As = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Name the stage that lost a document. Ingest, chunking, a ranking, the budget or the answer; exit code 4 if one did.

    Example: rag why "notice period" --expect "contracts/acme.pdf:three months"
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {"index": index, **options.retrieval_flags(k=k, mode=mode, rerank=rerank)}
    with session(output, flags, principal=principal) as opened:
        from ragcli.places import state_directory
        from ragcli.render import jsonevaluation
        from ragcli.text.query import checked_question
        from ragcli.trust.store import TrustStore
        from ragcli.usecases.diagnosis import diagnose, split_expected

        path, quote = split_expected(opened.workspace, opened.engine.index.catalog, expect)
        ingested = TrustStore(state_directory()).roots(opened.workspace.index_directory)
        found = diagnose(opened.engine.measured(), checked_question(question), path, quote, ingested=ingested)
        output.result(lambda text: text.diagnosis(found), lambda: jsonevaluation.diagnosis(found))
        if not found.found:
            raise typer.Exit(ExitCode.NOT_FOUND)
