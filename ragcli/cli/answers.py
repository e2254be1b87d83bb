"""The commands that answer."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.interrupting import interruptible
from ragcli.cli.session import Output, parse_filters, question_of, say_why_empty, session
from ragcli.cli.sharing import ANSWERING, NONE_GIVEN, SEARCHING, Flags, taking
from ragcli.errors import ExitCode, RagError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragcli.cli.session import Session
    from ragcli.datatypes import Filter
    from ragcli.generation.drafting import Watcher
    from ragcli.results import Answer
    from ragcli.schemas.program import RunDocument
    from ragcli.schemas.search import AskDocument

app = typer.Typer(rich_markup_mode=None)
_STALE = {
    "changed": "has changed since it was ingested: rag ask --fresh takes it in first",
    "gone": "is gone since it was ingested: rag ingest --prune takes it out of the index",
}


@app.command()
@taking(ANSWERING, SEARCHING)
def ask(
    words: options.Words = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="Ask every line of a file (- for stdin).", show_default=False
        ),
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="With --file: one JSON document a line.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="With --jsonl: append here, and go on where it ended.",
            show_default=False,
        ),
    ] = None,
    again: Annotated[
        int | None,
        typer.Option(
            "--again",
            metavar="N",
            help="Ask question N of rag history once more, with its --filter.",
            show_default=False,
        ),
    ] = None,
    filters: options.Filters = None,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", metavar="FILE", help="Answer with the fields of a JSON schema.", show_default=False),
    ] = None,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Show what a language model would be asked, and stop.")
    ] = False,
    context_only: Annotated[
        bool, typer.Option("--context-only", help="Show only the sources that fit the prompt, and stop.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Keep the answer for rag replay and rag diff.", show_default=False),
    ] = None,
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache", help="Whether to use what a model wrote before [default: yes].", show_default=False
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take in cited files that changed, then answer.")] = False,
    require_fresh: Annotated[
        bool, typer.Option("--require-fresh", help="Exit with 3 when a cited file changed since it was ingested.")
    ] = False,
    flags: Flags = NONE_GIVEN,
    principal: rights.As = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Answer a question with citations. Says so when the documents do not answer it (exit code 4).

    Example: rag ask "How many days of annual leave do I have?"
    """
    given = (bool(words), file is not None, again is not None)
    if sum(given) > 1 or (jsonl and file is None) or (out and not jsonl):
        raise typer.BadParameter("give a question, or --file FILE, or --again N, and --out only with --jsonl")
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {**flags, "answer_cache": cache}, schema=schema, principal=principal) as opened:
        _check(opened, fresh=fresh)
        if again is not None:
            words, filters = _asked_again(again, filters)
        where = parse_filters(filters)

        def answer_to(asked: str, watcher: Watcher | None) -> Answer:
            return fresh_answer(opened, output, asked, filters or [], watcher, fresh=fresh)

        if file is not None:
            raise typer.Exit(_ask_all(opened, output, file, answer_to, jsonl=jsonl, out=out))
        question = question_of(words)
        if show_prompt or context_only:
            _show_prompt(opened, output, question, where, context_only=context_only)
            return
        answer = show_answer(opened, output, lambda watcher: answer_to(question, watcher))
        if save is not None:
            from ragcli.render import jsonout
            from ragcli.usecases import runs

            runs.save(save, run_of(opened, jsonout.ask(answer, output.shown), filters or []))
        if answer.answered and answer.mode == "extractive" and not as_json:
            _say_once(output)
        code = exit_code(
            answer,
            opened.workspace.settings.answer_verify,
            require_fresh=require_fresh,
            closest_fails=opened.workspace.settings.answer_closest_fails,
        )
        if code:
            raise typer.Exit(code)


def _check(opened: Session, *, fresh: bool) -> None:
    """What would keep every question from being answered. Raises UsageError."""
    from ragcli.engine.models import check_judge

    if fresh and opened.engine.principal is not None:
        raise UsageError("--fresh changes the index, which --as does not allow", hint="leave one of them out")
    if fresh and opened.workspace.packed:
        raise UsageError("--fresh changes the index, and that of a pack is not changed", hint="leave --fresh out")
    check_judge(opened.workspace.resolved)


def fresh_answer(
    opened: Session, output: Output, question: str, filters: Sequence[str], watcher: Watcher | None, *, fresh: bool
) -> Answer:
    """The answer; with `fresh`, from what the files of the hits say now. Raises IndexUnusable and UsageError where nothing
    could be found, because there are no documents, or none that the filters let through."""
    from ragcli.cli.history import remember

    where = parse_filters(filters)
    if fresh:
        from ragcli.places import state_directory
        from ragcli.trust.store import TrustStore
        from ragcli.usecases.freshness import refresh

        documents = [hit.passage.document for hit in opened.rag.query(question, where=where)]
        if refresh(opened.workspace, opened.engine.index.catalog, documents, TrustStore(state_directory())):
            output.note("files that changed were taken in again")
    with interruptible() as cancel:
        answer = opened.rag.ask(question, where=where, watcher=watcher, cancel=cancel)
    if not answer.answered:
        say_why_empty(opened, output, where, found=bool(answer.hits))
    remember(opened.workspace, answer, filters)
    return answer


def _asked_again(number: int, filters: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The question and the conditions of an entry of the history; other conditions take their place."""
    from ragcli.cli.history import entry_of

    entry = entry_of(number)
    return [entry.question], list(filters or entry.filters)


def _say_once(output: Output) -> None:
    from ragcli.cli.hints import first_time

    if not output.quiet and first_time("prose"):
        output.note("This is text of the documents. A GGUF model writes prose: rag models list (said once)")


def run_of(opened: Session, answer: AskDocument, filters: Sequence[str]) -> RunDocument:
    """What `rag ask --save` writes of an answer."""
    from ragcli.usecases.runs import run_document

    engine = opened.engine
    return run_document(answer, filters, opened.workspace.settings, engine.threshold(), engine.index.catalog)


def _ask_all(
    opened: Session,
    output: Output,
    file: str,
    ask: Callable[[str, Watcher | None], Answer],
    *,
    jsonl: bool,
    out: Path | None,
) -> int:
    """Every question of a file; the exit code is 1 when one of them failed, and 0 also when some have no answer."""
    from ragcli.cli import batch
    from ragcli.render import jsonout
    from ragcli.render.progress import progress_bar

    questions = batch.read_questions(file)
    failed = 0
    if jsonl:
        with progress_bar(not output.quiet and out is not None) as progress:
            for result in batch.answer_all(
                questions,
                lambda question: ask(question, None),
                lambda answer: jsonout.ask(answer, output.shown),
                out=out,
                on_progress=lambda done, total: progress(done, total, "", ""),
            ):
                failed += isinstance(result, RagError)
        return ExitCode.ERROR if failed else ExitCode.OK
    for question in questions:
        if not output.as_json:
            output.terminal().heading(question)
        try:
            show_answer(opened, output, lambda watcher, question=question: ask(question, watcher))  # type: ignore[misc]
        except RagError as problem:
            output.error(problem)
            failed += 1
    return ExitCode.ERROR if failed else ExitCode.OK


def show_answer(opened: Session, output: Output, ask: Callable[[Watcher | None], Answer]) -> Answer:
    """Ask, show the answer while it is written where that takes time, then its citations."""
    from ragcli.engine.models import model_names
    from ragcli.generation import writes
    from ragcli.render import jsonout

    streams = not output.as_json and any(writes(name) for name in model_names(opened.workspace.resolved))
    watcher = output.terminal().streaming() if streams else None
    try:
        answer = ask(watcher)
    finally:
        if watcher is not None:
            watcher.close()
    if not output.as_json:
        for note in answer.notes:
            output.note(note)
        for entry in answer.stale:
            path = opened.workspace.shown(entry.path, collection=entry.collection)
            output.note(f"{path} {_STALE[entry.kind]}")
    streamed = watcher is not None and watcher.shown
    output.result(lambda text: text.answer(answer, streamed=streamed), lambda: jsonout.ask(answer, output.shown))
    return answer


def exit_code(answer: Answer, verify: str, *, require_fresh: bool = False, closest_fails: bool = True) -> int:
    """What the process that gave this answer exits with; `closest_fails` says whether what comes closest is no answer."""
    if answer.stopped == "interrupted":
        return ExitCode.INTERRUPTED
    if answer.outcome == "closest":
        return ExitCode.NOT_FOUND if closest_fails else ExitCode.OK
    if not answer.answered:
        return ExitCode.NOT_FOUND
    unsupported = any(citation.status == "unsupported" for citation in answer.citations)
    refused = (verify == "fail" and unsupported) or (require_fresh and bool(answer.stale))
    return ExitCode.BELOW_GATE if refused else ExitCode.OK


def _show_prompt(opened: Session, output: Output, question: str, where: Filter, *, context_only: bool) -> None:
    from ragcli.render import jsonout
    from ragcli.text.query import checked_question
    from ragcli.usecases.prompting import make_prompt

    engine, k = opened.engine, opened.workspace.settings.retrieval_k
    whose = engine.principal.name if engine.principal else ""
    recording = engine.trail.recording("ask", engine.index_facts, question, principal=whose) if engine.trail else None
    with recording or nullcontext() as entry:
        prompt = make_prompt(engine.search(), engine.prompter(), checked_question(question), k, where)
        if entry is not None:
            entry.outcome, entry.counts = "prompt shown", {"sources": len(prompt.sources)}
    output.result(
        lambda text: text.context(prompt) if context_only else text.prompt(prompt),
        lambda: jsonout.prompt(question, prompt, output.shown),
    )
    if not prompt.sources:
        raise typer.Exit(ExitCode.NOT_FOUND)
