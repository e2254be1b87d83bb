"""The conversation, and opening what was cited."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options, rights
from ragcli.cli.answers import show_answer
from ragcli.cli.interrupting import interruptible
from ragcli.cli.session import Output, parse_filters, session
from ragcli.cli.sharing import ANSWERING, NONE_GIVEN, SEARCHING, Flags, taking
from ragcli.errors import RagError
from ragcli.places import process_environment, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragcli.cli.history import Shown
    from ragcli.cli.session import Session
    from ragcli.generation.drafting import Watcher
    from ragcli.results import Answer
    from ragcli.usecases.chatting import Conversation

app = typer.Typer(rich_markup_mode=None)
_HELP = """/sources        the citations of the last answer, or the nearest passages
/open N         open citation N
/save FILE      write the conversation as Markdown
/new            forget what was said
/quit           leave (also Ctrl-D)"""


@app.command("open")
def open_citation(
    number: Annotated[int, typer.Argument(metavar="N", help="A number of the last answer or query.")],
    only_print: Annotated[bool, typer.Option("--print", help="Print the place instead of opening it.")] = False,
    principal: rights.As = None,
) -> None:
    """Open a citation of the last answer in the program for it. Text in $EDITOR at its line, the rest in a viewer at its page.

    Example: rag open 1
    """
    output = Output(as_json=False, quiet=False)
    with session(output, {}):
        from ragcli.cli import history

        last = history.last()
    shown = last.shown
    with session(output, {} if principal is None else {"index": last.index}, principal=principal) as opened:
        if principal is not None:  # the last question may have been asked by somebody who sees more
            seen = opened.engine.index.catalog.find([place.path for place in shown])
            here = ("", str(opened.workspace.index_directory))
            shown = tuple(place for place in shown if place.path in seen and place.index in here)
        open_place(output, shown, Path(last.index), number, only_print=only_print)


def open_place(output: Output, shown: tuple[Shown, ...], index: Path, number: int, *, only_print: bool) -> None:
    """Show a numbered place of what was shown last, from the index `index` unless it says another."""
    from ragcli.cli import opening

    place = opening.place_of(shown, number)
    index = Path(place.index or index)
    if only_print:
        output.result(lambda text: text.paths([opening.told(place)]), dict)
    else:
        from ragcli.trust.store import TrustStore

        opening.check_place(place, index, TrustStore(state_directory()).roots(index))
        opening.run(opening.open_command(place, process_environment()))


@app.command()
@taking(ANSWERING, SEARCHING)
def chat(
    filters: options.Filters = None,
    flags: Flags = NONE_GIVEN,
    principal: rights.As = None,
    quiet: options.Quiet = False,
) -> None:
    """Ask one question after the other. What a question leaves unsaid is taken from those before it.

    In a pipe, every line of stdin is a question or a command. Example: rag chat --model qwen2.5-1.5b
    """
    output = Output(as_json=False, quiet=quiet)
    with session(output, flags, principal=principal) as opened:
        from ragcli.engine.models import check_judge
        from ragcli.usecases.chatting import Conversation

        check_judge(opened.workspace.resolved)
        if opened.engine.trail is not None:
            opened.engine.trail.command = "chat"
        conversation = Conversation(opened.rag.ask, opened.engine.language_model, parse_filters(filters))
        opened.engine.index.reader  # noqa: B018 - a missing index is said before the first question
        if sys.stdin.isatty():
            output.note("Ask a question. /help lists the commands.")
        for line in _lines():
            if line in ("/quit", "/exit"):
                break
            try:
                _turn(opened, conversation, output, line)
            except RagError as problem:
                output.error(problem)


def _turn(opened: Session, conversation: Conversation, output: Output, line: str) -> None:
    command, _, argument = line.partition(" ")
    turns = conversation.turns
    if command == "/help":
        output.note(_HELP)
    elif command == "/new":
        turns.clear()
    elif command == "/save" and argument.strip():
        conversation.save(Path(argument.strip()).expanduser())
        output.note(f"written to {argument.strip()}")
    elif command == "/sources" and turns:
        output.result(lambda text: text.sources(turns[-1].answer), dict)
    elif command == "/open" and turns and argument.strip().isdigit():
        from ragcli.cli.history import places_of

        shown = places_of(turns[-1].answer, opened.workspace)
        index = opened.workspace.index_directory
        open_place(output, shown, index, int(argument), only_print=not sys.stdout.isatty())
    elif command.startswith("/"):
        output.note("/help lists the commands" if turns else "ask a question first; /help lists the commands")
    else:
        _ask(opened, conversation, output, line)


def _ask(opened: Session, conversation: Conversation, output: Output, question: str) -> None:
    from ragcli.cli.history import remember

    asked = conversation.standalone(question)
    if asked != question:
        output.note(f"asked as: {asked}")

    def answer_to(watcher: Watcher | None) -> Answer:
        answer = conversation.ask(question, asked, watcher, cancel).answer
        remember(opened.workspace, answer)
        return answer

    with interruptible() as cancel:
        show_answer(opened, output, answer_to)
    sys.stdout.write("\n")


def _lines() -> Iterator[str]:
    """What is typed, or piped in, line by line; empty lines are passed over. Ctrl-C empties the line."""
    interactive = sys.stdin.isatty()
    if interactive:
        import readline  # noqa: F401 - line editing and history of `input`
    while True:
        try:
            line = input("> ") if interactive else sys.stdin.readline()
        except EOFError:
            sys.stderr.write("\n")
            return
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            continue
        if not line and not interactive:
            return
        if line.strip():
            yield line.strip()
