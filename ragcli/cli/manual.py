"""The manual page, made of the help texts, in the macros of man(7)."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ragcli.cli.commands import EXAMPLES, GROUPS
from ragcli.cli.overview import version


def manual_page(root: click.Context) -> str:
    """All commands with their options, as `man -l` and mandoc read it."""
    assert isinstance(root.command, click.Group)
    lines = [f'.TH RAG 1 "" "rag {version()}" "User commands"', ".SH NAME", f"rag \\- {_text(root.command.help)}"]
    lines += [".SH SYNOPSIS", ".B rag", "[OPTIONS] COMMAND [ARGS]..."]
    lines += [".SH OPTIONS", *_options(root)]
    for group, commands in GROUPS.items():
        lines.append(f".SH {group.upper()}")
        for name in commands:
            command = root.command.get_command(root, name)
            assert command is not None
            lines += _command(click.Context(command, info_name=name, parent=root))
    lines.append(".SH EXAMPLES")
    for example, meaning in EXAMPLES:
        lines += [".TP", f".B {_text(example)}", _text(meaning)]
    return "\n".join(lines) + "\n"


def _command(context: click.Context) -> Iterator[str]:
    yield f".SS {_text(context.get_usage().removeprefix('Usage: '))}"
    for paragraph in (context.command.help or "").split("\n\n"):
        yield from (".PP", _text(paragraph))
    yield from _options(context)
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None:
                yield from _command(click.Context(command, info_name=name, parent=context))


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            yield from (".TP", f".B {_text(record[0])}", _text(record[1]))


def _text(text: str | None) -> str:
    """On one line, with nothing in it that roff reads as a command."""
    flat = " ".join((text or "").split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{flat}" if flat.startswith((".", "'")) else flat
