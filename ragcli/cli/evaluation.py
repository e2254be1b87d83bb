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
    mode: options.Mode = None,
    fusion: options.Fusion = None,
    weight: options.Weight = None,
    split: Annotated[str, typer.Option("--split", help="Which judgements of a BEIR folder.")] = "test",
    answers: Annotated[
        bool, typer.Option("--answers/--no-answers", help="Also measure answers and abstention.")
    ] = True,
    worst: Annotated[int, typer.Option("--worst", metavar="N", help="Show up to N questions that found nothing.")] = 5,
    embedding_model: options.Model = None,
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure retrieval and answers on judged questions, and fail a build when they get worse.

    Example: rag eval gold.jsonl --min recall@5=0.9 --min ndcg@10=0.8
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "chunking_strategy": chunker,
        "chunking_max_tokens": max_tokens,
        "retrieval_mode": mode,
        "retrieval_fusion": fusion,
        "retrieval_weight": weight,
    }
    with session(output, flags) as rag:
        from ragcli.evaluating import parse_threshold
        from ragcli.render import jsonout
        from ragcli.render.progress import progress_bar

        thresholds = [parse_threshold(text) for text in minimum or []]
        with progress_bar(not quiet) as bar:
            report = rag.evaluate(
                target,
                split=split,
                thresholds=thresholds,
                answers=answers,
                on_progress=lambda stage, done, of: bar(done, of, stage, ""),
            )
        output.result(lambda text: text.evaluation(report, worst=worst), lambda: jsonout.evaluation(report))
        if not report.passed:
            raise typer.Exit(ExitCode.BELOW_GATE)
