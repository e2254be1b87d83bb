"""The command that searches."""

from __future__ import annotations

from typing import Annotated

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, parse_filters, session
from ragcli.errors import ExitCode

app = typer.Typer(rich_markup_mode=None)


@app.command()
def query(
    question: Annotated[str, typer.Argument(help="What to look for.")],
    k: options.K = None,
    mode: options.Mode = None,
    filters: options.Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show where each score comes from.")] = False,
    fusion: options.Fusion = None,
    weight: options.Weight = None,
    exact: options.Exact = None,
    per_document: options.PerDocument = None,
    mmr: options.Mmr = None,
    rerank: options.Rerank = None,
    max_seconds: options.MaxSeconds = None,
    synonyms: options.Synonyms = None,
    decompose: options.Decompose = None,
    expand: options.Expand = None,
    hyde: options.Hyde = None,
    embedding_model: options.Model = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Show the passages that fit a question best. Exit code 4 when there are none.

    "Words in quotes" must stand so in each of them, -word in none, and prefix* means every word that begins so.

    Example: rag query "notice period" -k 3 --filter type=pdf
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "retrieval_mode": mode,
        "retrieval_fusion": fusion,
        "retrieval_weight": weight,
        "retrieval_k": k,
        **options.retrieval_flags(
            exact=exact,
            per_document=per_document,
            mmr=mmr,
            rerank=rerank,
            max_seconds=max_seconds,
            synonyms=synonyms,
            decompose=decompose,
            expand=expand,
            hyde=hyde,
        ),
    }
    with session(output, flags) as rag:
        from ragcli.render import jsonout

        result = rag.query(question, where=parse_filters(filters))
        for note in result.notes if not as_json else ():
            output.note(note)
        output.result(lambda text: text.query(result, explain=explain), lambda: jsonout.query(result, output.shown))
        if not result.hits:
            raise typer.Exit(ExitCode.NOT_FOUND)
