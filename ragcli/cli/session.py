"""What every command needs around its one call: settings, output, and errors as exit codes."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ragcli.datatypes import DocumentRecord, Filter
from ragcli.errors import ExitCode, RagError
from ragcli.places import user_config_file
from ragcli.render.workflow import guarded, without_commands
from ragcli.settings import process_environment, resolve

if TYPE_CHECKING:
    from ragcli.app import App
    from ragcli.render.terminal import TerminalRenderer


class Output:
    """Where one command writes: its result to stdout as text or JSON, remarks to stderr."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.shown: Callable[[DocumentRecord], str] = lambda document: document.path
        self.address: Callable[[DocumentRecord], str] = lambda document: ""

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


@contextmanager
def session(output: Output, flags: Mapping[str, object], *, project_file: Path | None = None) -> Iterator[App]:
    """An App for the working directory, configured by `project_file` if given, else by the nearest rag.toml.

    Errors become a message and an exit code; nothing else catches them.
    """
    app: App | None = None
    try:
        from ragcli.app import App

        directory = Path.cwd()
        resolved = resolve(
            flags,
            environment=process_environment(),
            directory=directory,
            user_file=user_config_file(),
            project_file=project_file,
        )
        if resolved.settings.offline:
            os.environ["HF_HUB_OFFLINE"] = "1"
        app = App(resolved, directory, output.note)
        output.shown = lambda document: app.shown(document.path, is_file=document.is_file)
        output.address = lambda document: app.address(document.path) if document.is_file else ""
        yield app
    except typer.Exit:
        raise
    except RagError as problem:
        output.error(problem)
        raise typer.Exit(problem.exit_code) from None
    except KeyboardInterrupt:
        if output.as_json:
            output.error(_Interrupted("interrupted"))
        else:
            output.note("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; say nothing more
        raise typer.Exit(128 + signal.SIGPIPE) from None
    except OSError as problem:
        output.error(RagError(f"{problem.strerror or problem}: {problem.filename or ''}".rstrip(": ")))
        raise typer.Exit(ExitCode.ERROR) from None
    except Exception as problem:
        traceback.print_exc()
        output.error(
            RagError(f"internal error: {type(problem).__name__}: {problem}", hint="report it with the lines above")
        )
        raise typer.Exit(ExitCode.ERROR) from None
    finally:
        if app is not None:
            app.close()


class _Interrupted(RagError):
    exit_code = ExitCode.INTERRUPTED


def parse_filters(filters: list[str] | None) -> Filter:
    """Conditions on path, type and metadata. Raises UsageError naming the known keys."""
    if not filters:
        return Filter()
    from ragcli.index.conditions import parse_filter

    return parse_filter(filters)
