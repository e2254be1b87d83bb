"""What every command needs around its one call: settings, output, and errors as exit codes."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ragcli.cli.choosing import collections_of
from ragcli.datatypes import DocumentRecord, Filter, Span
from ragcli.errors import ExitCode, RagError, UsageError
from ragcli.files import read_text
from ragcli.places import process_environment, state_directory, user_config_file
from ragcli.render.workflow import guarded, without_commands
from ragcli.settings import Settings, resolve

if TYPE_CHECKING:
    from ragcli.access import Principal
    from ragcli.api import Rag
    from ragcli.audit.trail import Entry
    from ragcli.engine.wiring import Engine
    from ragcli.render.terminal import TerminalRenderer
    from ragcli.workspace import Workspace


class Output:
    """Where one command writes: its result to stdout as text or JSON, remarks to stderr."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.shown: Callable[[DocumentRecord], str] = lambda document: document.path
        self.address: Callable[[DocumentRecord, Span], str] = lambda document, span: ""

    def result(self, text: Callable[[Any], None], document: Callable[[], Mapping[str, object]]) -> None:
        """Write the result: `text` gets the terminal renderer, `document` makes the JSON."""
        if self.as_json:
            from ragcli.render.jsonout import dumps

            sys.stdout.write(without_commands(dumps(document())) + "\n")
        else:
            text(self.terminal())
        sys.stdout.flush()

    def terminal(self) -> TerminalRenderer:
        """The renderer of results to stdout."""
        from ragcli.render.terminal import TerminalRenderer

        return TerminalRenderer(guarded(sys.stdout), self.shown, self.address)

    def note(self, text: str) -> None:
        if not self.quiet:
            from ragcli.render.terminal import TerminalRenderer

            TerminalRenderer(guarded(sys.stderr)).note(text)

    def error(self, problem: RagError) -> None:
        if self.as_json:
            from ragcli.render.jsonout import dumps, error

            sys.stdout.write(without_commands(dumps(error(problem))) + "\n")
        else:
            from ragcli.render.terminal import TerminalRenderer

            TerminalRenderer(guarded(sys.stderr)).error(problem)

    def stopped(self, problem: RagError) -> None:
        """Say that the command was stopped: one line, or one JSON document."""
        if self.as_json:
            self.error(problem)
            sys.stdout.flush()
        else:
            sys.stderr.write(f"{problem.message}\n")


@dataclass(frozen=True, slots=True)
class Session:
    """What one command works with. Most commands make one call of `rag`; the others hand parts of `engine` to a use case.

    `settings_file` is the project file that holds as a whole: None where there is none, or something of it is left out."""

    engine: Engine
    settings_file: Path | None = None

    @property
    def workspace(self) -> Workspace:
        return self.engine.workspace

    def chosen(self) -> dict[str, Any]:
        """The settings that somebody set, for whoever opens the index with them again; without the index itself."""
        resolved = self.workspace.resolved
        names = [name for name in resolved.sources if resolved.explicit(name) and name != "index"]
        return {name: getattr(resolved.settings, name) for name in names}

    @property
    def rag(self) -> Rag:
        """The library over the index of the session, which need not be there yet."""
        from ragcli.api import rag_over

        return rag_over(self.engine)


@contextmanager
def session(
    output: Output,
    flags: Mapping[str, object],
    *,
    project_file: Path | None = None,
    schema: Path | None = None,
    principal: str | None = None,
    for_others: bool = False,
) -> Iterator[Session]:
    """A session in the working directory, configured by `project_file` if given, else by the nearest rag.toml. `schema` is a
    file with the JSON schema that answers must have, `principal` the name of whom the index is to be seen as; `for_others`
    says that others will see it, by keys.

    Errors become a message and an exit code. What a rag.toml may not say before it is trusted is noted on stderr.
    """
    from ragcli.trust.policy import NotTrusted, require_grants, resolve_guarded
    from ragcli.trust.store import TrustStore

    with failing(output), ExitStack() as closing:
        from ragcli.engine.wiring import Engine
        from ragcli.workspace import workspace_at

        directory = Path.cwd()
        collections, flags = collections_of(flags)
        try:
            guarded = resolve_guarded(
                flags,
                environment=process_environment(),
                directory=directory,
                user_file=user_config_file(),
                project_file=project_file,
                trusts=TrustStore(state_directory()).trusts,
            )
            if for_others or principal is not None:
                require_grants(guarded)
        except NotTrusted as refusal:
            with recorded_alone(output, "denied", refusal.key) as entry:
                entry.outcome = "refused"
            raise
        for line in guarded.notes:
            output.note(line)
        if guarded.resolved.settings.offline:
            os.environ["HF_HUB_OFFLINE"] = "1"
        workspace = workspace_at(directory, guarded.resolved, output.note)
        workspace = workspace.over(collections) if collections else workspace
        opened = Session(
            Engine(
                workspace,
                schema=read_schema(schema) if schema else None,
                principal=None if principal is None else _principal(workspace, principal),
            ),
            None if guarded.left_out else guarded.file,
        )
        closing.callback(opened.engine.close)
        if guarded.left_out:
            with recorded_alone(output, "denied", *guarded.left_out) as entry:
                entry.outcome = "ignored"
        output.shown = lambda document: workspace.shown(
            document.path, is_file=document.is_file, collection=document.collection
        )
        output.address = partial(_address, workspace)
        yield opened


def _principal(workspace: Workspace, name: str) -> Principal:
    from ragcli.usecases.rights import principal

    return principal(workspace, name)


def _address(workspace: Workspace, document: DocumentRecord, span: Span) -> str:
    """Where a link to a place leads; empty for what is no file."""
    if not document.is_file:
        return ""
    from ragcli.cli.opening import link

    file = os.path.abspath(os.path.join(workspace.project_of(document.collection), document.path))
    return link(file, span.line_start, span.page_start, process_environment())


@contextmanager
def failing(output: Output) -> Iterator[None]:
    """Errors inside become a message and an exit code; nothing else catches them."""
    try:
        yield
    except typer.Exit:
        raise
    except RagError as problem:
        output.error(problem)
        raise typer.Exit(problem.exit_code) from None
    except (KeyboardInterrupt, BrokenPipeError):
        raise  # ragcli.cli.group ends the process
    except OSError as problem:
        output.error(RagError(f"{problem.strerror or problem}: {problem.filename or ''}".rstrip(": ")))
        raise typer.Exit(ExitCode.ERROR) from None
    except Exception as problem:
        traceback.print_exc()
        output.error(
            RagError(f"internal error: {type(problem).__name__}: {problem}", hint="report it with the lines above")
        )
        raise typer.Exit(ExitCode.ERROR) from None


def own_settings() -> Settings:
    """The settings of the user's own file and of the environment, without those of any project."""
    return resolve({}, environment=process_environment(), directory=Path("/"), user_file=user_config_file()).settings


@contextmanager
def recorded_alone(output: Output, command: str, *subjects: str) -> Iterator[Entry]:
    """Record in the audit file, if the user set one, what is done inside without an index: what is trusted, denied or
    forgotten, named in `subjects`. Raises RagError when it must be recorded and cannot be."""
    from ragcli.audit.trail import Entry
    from ragcli.engine.auditing import build_trail

    trail = build_trail(own_settings(), output.note)
    with trail.recording(command) if trail else nullcontext(Entry()) as entry:
        entry.subjects = list(subjects)
        yield entry


def read_schema(path: Path) -> dict[str, Any]:
    """The JSON schema in a file, checked. Raises UsageError."""
    from ragcli.generation.structured import checked_schema

    try:
        return checked_schema(json.loads(read_text(path)))
    except RecursionError as error:
        raise UsageError(f"the schema {path} is nested too deeply", hint="it must be a JSON schema") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the schema {path}: {error}", hint="it must be a JSON schema") from error


def question_of(words: Sequence[str] | None) -> str:
    """The question that was typed, as one or several arguments; else what standard input holds. Raises UsageError when nobody
    gave one."""
    if words and list(words) != ["-"]:
        return " ".join(words)
    if sys.stdin.isatty():
        raise UsageError("there is no question", hint="rag ask what is the hotel limit")
    question = sys.stdin.read()
    if not question.strip():
        raise UsageError("there is no question, and standard input is empty", hint="rag ask what is the hotel limit")
    return " ".join(question.split())


def say_why_empty(opened: Session, output: Output, where: Filter, *, found: bool) -> None:
    """For a question that was not answered: raises IndexUnusable when the index is empty, UsageError when no document fulfils
    a condition and so nothing was `found`, and notes that an ingest did not finish."""
    from ragcli.usecases.emptiness import check_empty, check_filter, unfinished_note

    whole = opened.engine.principal is None
    if not found:
        check_empty(opened.workspace, opened.engine.index.catalog, whole=whole)
        check_filter(opened.engine.index.catalog, where)
    note = unfinished_note(opened.workspace) if whole else ""
    if note and not output.as_json:
        output.note(note)


def parse_filters(filters: Sequence[str] | None) -> Filter:
    """Conditions on path, type and metadata. Raises UsageError naming the known keys."""
    if not filters:
        return Filter()
    from ragcli.index.conditions import parse_filter

    return parse_filter(filters)
