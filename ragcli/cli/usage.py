"""What was typed wrongly, told as every other error is: what, where, and the command that fixes it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ragcli.errors import RagError, UsageError


class UnknownCommand(click.UsageError):
    """There is no such command; `near` are those that may be meant."""

    def __init__(self, message: str, ctx: click.Context, near: Sequence[str]) -> None:
        super().__init__(message, ctx)
        self.near = near


_NEAR = 0.6  # of a name's letters in common with another


def unknown_command(ctx: click.Context, wanted: str, near: Sequence[str]) -> UnknownCommand:
    """What is raised for a command that does not exist."""
    return UnknownCommand(f"{ctx.command_path} has no command {wanted!r}", ctx, near)


def usage_error(problem: click.ClickException) -> RagError:
    """The error of click as one of ours."""
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    command = context.command_path if context else "rag"
    if isinstance(problem, UnknownCommand):
        near = " or ".join(f"{command} {name}" for name in problem.near)
        return UsageError(problem.message, hint=near or f"{command} --help lists the commands")
    if isinstance(problem, click.NoSuchOption):
        near = " or ".join(f"{command} {option}" for option in _near(problem)[:2])
        return UsageError(
            f"{command} has no option {problem.option_name}", hint=near or f"{command} --help lists the options"
        )
    message = problem.format_message().rstrip(".")
    if isinstance(problem, click.MissingParameter):
        return UsageError(f"{command}: {_lowered(message)}", hint=_usage(context) or f"{command} --help")
    if isinstance(problem, click.BadParameter) and problem.param is None:
        return UsageError(problem.message.rstrip("."), hint=f"{command} --help")
    return UsageError(f"{command}: {_lowered(message)}", hint=f"{command} --help")


def _near(problem: click.NoSuchOption) -> list[str]:
    """The options that click takes for near, without those that have little but their dashes in common with it."""
    from difflib import SequenceMatcher

    wanted = problem.option_name.strip("-")
    return [
        option
        for option in problem.possibilities or []
        if SequenceMatcher(None, wanted, option.strip("-")).ratio() >= _NEAR
    ]


def _usage(context: click.Context | None) -> str:
    return context.get_usage().removeprefix("Usage: ").replace("\n", " ") if context else ""


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
