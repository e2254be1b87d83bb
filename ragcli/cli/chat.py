"""The conversation, and opening what was cited."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import options
from ragcli.cli.answers import show_answer
from ragcli.cli.interrupting import interruptible
from ragcli.cli.session import Output, parse_filters, session
from ragcli.cli.sharing import ANSWERING, NONE_GIVEN, SEARCHING, Flags, taking
from ragcli.errors import RagError
from ragcli.places import state_directory
from ragcli.settings import process_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ragcli.app.chatting import Conversation

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
) -> None:
    """Open citation N of the last answer in $EDITOR at its line, or in a viewer at its page.

    Example: rag open 1
    """
    output = Output(as_json=False, quiet=False)
    with session(output, {}):
        from ragcli.app import history

        open_place(output, history.last(), number, only_print=only_print)


def open_place(output: Output, last: object, number: int, *, only_print: bool) -> None:
    """Show a numbered place of what was shown last."""
    from ragcli.app import opening
    from ragcli.app.history import Last

    assert isinstance(last, Last)
    place = opening.place_of(last.shown, number)
    if only_print:
        output.result(lambda text: text.plain(opening.told(place)), dict)
    else:
        from ragcli.trust.store import TrustStore

        index = Path(last.index)
        opening.check_place(place, index, TrustStore(state_directory()).roots(index))
        opening.run(opening.open_command(place, process_environment()))


@app.command()
@taking(ANSWERING, SEARCHING)
def chat(
    filters: options.Filters = None,
    flags: Flags = NONE_GIVEN,
    quiet: options.Quiet = False,
) -> None:
    """Ask one question after the other; what a question leaves unsaid is taken from those before it.

    In a pipe, every line of stdin is a question or a command. Example: rag chat --model qwen2.5-1.5b
    """
    output = Output(as_json=False, quiet=quiet)
    with session(output, flags) as rag:
        from ragcli.app.chatting import Conversation
        from ragcli.app.searching import check_judge

        check_judge(rag)
        conversation = Conversation(rag, parse_filters(filters))
        rag.reader  # noqa: B018 - a missing index is said before the first question
        if sys.stdin.isatty():
            output.note("Ask a question. /help lists the commands.")
        for line in _lines():
            if line in ("/quit", "/exit"):
                break
            try:
                _turn(conversation, output, line)
            except RagError as problem:
                output.error(problem)


def _turn(conversation: Conversation, output: Output, line: str) -> None:
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
        open_place(output, turns[-1].last, int(argument), only_print=not sys.stdout.isatty())
    elif command.startswith("/"):
        output.note("/help lists the commands" if turns else "ask a question first; /help lists the commands")
    else:
        _ask(conversation, output, line)


def _ask(conversation: Conversation, output: Output, question: str) -> None:
    asked = conversation.standalone(question)
    if asked != question:
        output.note(f"asked as: {asked}")
    with interruptible() as cancel:
        show_answer(conversation.app, output, lambda watcher: conversation.ask(question, asked, watcher, cancel).answer)
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
