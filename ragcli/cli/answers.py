"""The commands that answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options
from ragcli.cli.session import Output, parse_filters, session
from ragcli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragcli.answering import Watcher
    from ragcli.app import App
    from ragcli.datatypes import Filter
    from ragcli.results import Answer

app = typer.Typer(rich_markup_mode=None)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question.")],
    k: options.K = None,
    mode: options.Mode = None,
    filters: options.Filters = None,
    model: options.AnswerModel = None,
    threshold: options.Threshold = None,
    verify: options.Verify = None,
    context_tokens: options.ContextTokens = None,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Show what a language model would be asked, and stop.")
    ] = False,
    context_only: Annotated[
        bool, typer.Option("--context-only", help="Show only the sources that fit the prompt, and stop.")
    ] = False,
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
    """Answer a question with citations, or say that the documents do not (exit code 4).

    Example: rag ask "How many days of annual leave do I have?"
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "retrieval_mode": mode,
        "retrieval_k": k,
        "answer_model": model,
        "answer_threshold": threshold,
        "answer_verify": verify,
        "answer_context_tokens": context_tokens,
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
        where = parse_filters(filters)
        if show_prompt or context_only:
            _show_prompt(rag, output, question, where, context_only=context_only)
            return
        answer = show_answer(rag, output, lambda watcher: rag.ask(question, where=where, watcher=watcher))
        if answer.answered and answer.mode == "extractive" and not as_json:
            output.note("These are sentences from the documents. A GGUF model writes prose: rag models list")
        code = exit_code(answer, rag.settings.answer_verify)
        if code:
            raise typer.Exit(code)


def show_answer(rag: App, output: Output, ask: Callable[[Watcher | None], Answer]) -> Answer:
    """Ask, show the answer while it is written where that takes time, then its citations."""
    from ragcli.generation import writes
    from ragcli.render import jsonout

    streams = not output.as_json and any(writes(name) for name in rag.model_names)
    watcher = output.terminal().streaming() if streams else None
    try:
        answer = ask(watcher)
    finally:
        if watcher is not None:
            watcher.close()
    for note in answer.notes if not output.as_json else ():
        output.note(note)
    streamed = watcher is not None and watcher.shown
    output.result(lambda text: text.answer(answer, streamed=streamed), lambda: jsonout.ask(answer, output.shown))
    return answer


def exit_code(answer: Answer, verify: str) -> int:
    """What the process that gave this answer exits with."""
    if answer.stopped == "interrupted":
        return ExitCode.INTERRUPTED
    if not answer.answered:
        return ExitCode.NOT_FOUND
    unsupported = any(citation.status == "unsupported" for citation in answer.citations)
    return ExitCode.BELOW_GATE if verify == "fail" and unsupported else ExitCode.OK


def _show_prompt(rag: App, output: Output, question: str, where: Filter, *, context_only: bool) -> None:
    from ragcli.render import jsonout

    prompt = rag.prompt(question, where=where)
    output.result(
        lambda text: text.context(prompt) if context_only else text.prompt(prompt),
        lambda: jsonout.prompt(question, prompt, output.shown),
    )
    if not prompt.sources:
        raise typer.Exit(ExitCode.NOT_FOUND)
