"""The command line as click sees it: `rag X` imports the module of X alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
import typer
from typer.core import TyperCommand, TyperGroup

from ragcli.cli.commands import COMMANDS, EXAMPLES, GROUPS, MEANT
from ragcli.cli.panels import panel_of
from ragcli.errors import ExitCode

if TYPE_CHECKING:
    from ragcli.cli.session import Output

_MANY = 14  # options of a command; as many are shown in panels


class Command(TyperCommand):
    """A command whose options, where they are many, are shown in panels."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = [(param, record) for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        sections: dict[str, list[tuple[str, str]]] = {}
        many = len(shown) > _MANY
        for param, record in shown:
            panel = panel_of(param.name or "") if many else "Options"
            name = "Arguments" if param.param_type_name == "argument" else panel
            sections.setdefault(name, []).append(record)
        last = sections.pop("Options", None)
        for name, records in [*sections.items(), *([("Options", last)] if last else [])]:
            with formatter.section(name):
                formatter.write_dl(records)


class Group(TyperGroup):
    """A command with commands of its own, whose summaries are shown whole."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, first_sentence(self.commands[name].help or "")) for name in self.commands])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return _resolved(self, ctx, args)


class Commands(TyperGroup):
    """All commands, of which each is imported and built when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = _built(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return _resolved(self, ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            formatter.write_dl(EXAMPLES, col_max=44)
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(f"{name:<10}", entry.summary) for name, entry in commands.items()])
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(records)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and exit with its code; errors of usage, signals and readers that left end as one line, or as one JSON
        document where `--json` was given."""
        given = list(sys.argv[1:] if args is None else args)
        self._main_shell_completion(extra, prog_name or "rag", complete_var)

        def run() -> None:
            with self.make_context(prog_name or "rag", with_command_first(given), **extra) as context:
                self.invoke(context)

        sys.exit(_code(run, as_json="--json" in given))


def _code(run: Callable[[], None], *, as_json: bool) -> int:
    """What a process that did `run` exits with."""
    from ragcli.cli.interrupting import stopped, terminable

    try:
        try:
            with terminable():
                run()
                sys.stdout.flush()
        except click.exceptions.Exit as done:
            sys.stdout.flush()
            return done.exit_code
        except (KeyboardInterrupt, EOFError, click.Abort):
            problem = stopped()
            _output(as_json).stopped(problem)
            return problem.exit_code
        except click.ClickException as problem:
            return _told(problem, as_json=as_json)
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left; say nothing more
        return ExitCode.BROKEN_PIPE
    return 0


def _told(problem: click.ClickException, *, as_json: bool) -> int:
    from ragcli.cli.usage import usage_error

    if isinstance(problem, click.exceptions.NoArgsIsHelpError) and not as_json:
        problem.show()
    else:
        _output(as_json).error(usage_error(problem))
    return problem.exit_code


def _output(as_json: bool) -> Output:
    from ragcli.cli.session import Output

    return Output(as_json=as_json, quiet=False)


def with_command_first(arguments: Sequence[str]) -> list[str]:
    """`--json`, `--quiet` and `-q` before a command are those of the command."""
    leading = 0
    while leading < len(arguments) and arguments[leading] in ("--json", "--quiet", "-q"):
        leading += 1
    if leading == len(arguments) or arguments[leading].startswith("-"):
        return list(arguments)
    return [arguments[leading], *arguments[:leading], *arguments[leading + 1 :]]


def first_sentence(text: str) -> str:
    """The first sentence of a help text, on one line."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    head, stop, _ = paragraph.partition(". ")
    return head + stop.strip()


def near_commands(wanted: str, known: Sequence[str]) -> list[str]:
    """What somebody may have meant by a command that does not exist, the likeliest first."""
    from difflib import get_close_matches

    meant = [name for name, command in MEANT.items() if command in known or command.startswith("-")]
    near = get_close_matches(wanted.lower(), [*known, *meant], n=2)
    return list(dict.fromkeys(name if name in known else MEANT[name] for name in near))


def _resolved(
    group: click.Group, ctx: click.Context, args: list[str]
) -> tuple[str | None, click.Command | None, list[str]]:
    wanted = args[0]
    command = group.get_command(ctx, wanted)
    if command is None and not ctx.resilient_parsing:
        from ragcli.cli.usage import unknown_command

        raise unknown_command(ctx, wanted, near_commands(wanted, group.list_commands(ctx)))
    return (command.name if command else None), command, args[1:]


def _built(name: str) -> click.Command:
    """The command of that name, without those beside it in its module: to build them costs more than to run one."""
    app: typer.Typer = import_module(f"ragcli.cli.{COMMANDS[name].module}").app
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.registered_commands = [info for info in app.registered_commands if _name(info) == name]
    alone.registered_groups = [info for info in app.registered_groups if info.name == name]
    if not alone.registered_commands and not alone.registered_groups:
        alone.add_typer(app, name=name)
    for command in _commands(alone):
        command.cls = Command if command.cls is TyperCommand else command.cls
    for group in alone.registered_groups:
        group.cls = Group
    return typer.main.get_group(alone).commands[name]


def _commands(app: typer.Typer) -> Iterator[typer.models.CommandInfo]:
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)


def _name(info: typer.models.CommandInfo) -> str:
    return info.name or typer.main.get_command_name(info.callback.__name__ if info.callback else "")
