"""A hook of MkDocs: the reference pages, made of the command line, the settings, the JSON schemas and the public names.

They are pages in memory, so nothing that is written by hand can disagree with the program.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import ragcli
from ragcli.cli.main import command_line
from ragcli.schemas.registry import documents, json_schema

ROOT = Path(__file__).resolve().parents[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs before it reads the pages."""
    for name, page in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=page()))
    return files


def commands() -> str:
    """Every command with its arguments and options, as `--help` has them."""
    group = typer.main.get_command(command_line())
    parts = ["# Commands\n\nMade from `rag --help`. Every command takes `--help`.\n"]
    parts += [_command(name, command, context) for name, command, context in _commands(group, "rag")]
    return "\n".join(parts)


def _commands(command: Any, name: str, parent: Any = None) -> Iterator[tuple[str, Any, Any]]:
    context = command.make_context(name.rsplit(maxsplit=1)[-1], [], parent=parent, resilient_parsing=True)
    if not hasattr(command, "list_commands"):
        yield name, command, context
        return
    for part in command.list_commands(context):
        found = command.get_command(context, part)
        if found is not None and not found.hidden:
            yield from _commands(found, f"{name} {part}", context)


def _command(name: str, command: Any, context: Any) -> str:
    parameters = command.get_params(context)
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    options = [p for p in parameters if p.param_type_name == "option" and not p.hidden]
    shown = " ".join([name, *(p.make_metavar(context) for p in arguments)])
    help_text = inspect.cleandoc(command.help or "").split("\f")[0]
    lines = [f"## {name}\n", f"```text\n{shown} [OPTIONS]\n```\n", *map(_paragraph, help_text.split("\n\n")), ""]
    rows = [(f"`{p.make_metavar(context)}`", getattr(p, "help", None) or "") for p in arguments]
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            rows.append((f"`{record[0]}`", record[1]))
    lines += ["| | |", "|---|---|", *(f"| {_cell(a)} | {_cell(b)} |" for a, b in rows), ""]
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    """Help texts are plain: what stands after "Example:" is a command."""
    if match := re.match(r"(Examples?:)\s*(.*)", text, re.DOTALL):
        code = "\n".join(line.strip() for line in match[2].splitlines())
        return f"{match[1]}\n\n```sh\n{code}\n```\n"
    return click.unstyle(text).replace("<", "&lt;").replace("\b", "") + "\n"


def _cell(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return escaped if text.startswith("`") else " ".join(escaped.split()).replace("<", "&lt;")


def settings() -> str:
    """The sections of config.example.toml, each setting with its comment, its default and its variable."""
    parts = ["# Settings\n", *_preamble(), ""]
    section, comment = "", list[str]()
    for line in (ROOT / "config.example.toml").read_text().splitlines()[4:]:
        if match := re.match(r"(?:# )?\[+([\w.]+)\]+", line):
            section = match[1]
            parts += [f"## [{section}]\n", *([" ".join(comment) + "\n"] if comment else [])]
            comment = []
        elif match := re.match(r"# ([\w.]+) = (.*)", line):
            key = f"{section}.{match[1]}" if section else match[1]
            variable = "RAGCLI_" + key.replace(".", "_").upper()
            parts += [f"**`{key}`** = `{match[2]}` (`{variable}`)\n", f":   {' '.join(comment)}\n"]
            comment = []
        elif line.startswith("# "):
            comment.append(line[2:])
        else:
            comment = []
    return "\n".join(parts)


def _preamble() -> list[str]:
    text = (ROOT / "config.example.toml").read_text().splitlines()[:4]
    return [line.removeprefix("# ") for line in text]


def json_documents() -> str:
    """The documents that `--json` prints, with the fields of each."""
    parts = [
        "# JSON documents\n",
        "`rag schema NAME` prints the JSON Schema of one. Fields may be added; those that are here keep their meaning.\n",
    ]
    parts += [_document(name, json_schema(name)) for name in documents()]
    return "\n".join(parts)


def _document(name: str, schema: Mapping[str, Any]) -> str:
    parts = dict(schema.get("$defs", {}))
    top = parts.pop(str(schema["$ref"]).rpartition("/")[2]) if "$ref" in schema else schema
    lines = [f"## {name}\n", str(top.get("description", "")) + "\n", *_fields(top)]
    for part, told in parts.items():
        lines += [f"**{part}**: {told.get('description', '')}\n", *_fields(told)]
    return "\n".join(lines)


def _fields(schema: Mapping[str, Any]) -> list[str]:
    needed = set(schema.get("required", []))
    rows = [
        f"| `{field}`{'' if field in needed else ' (not always)'} | {_cell(str(told.get('description', '')))} |"
        for field, told in schema.get("properties", {}).items()
    ]
    return ["| field | |", "|---|---|", *rows, ""]


def python() -> str:
    """The names of `ragcli.__all__` with their signatures and docstrings."""
    parts = ["# Python\n", "What `from ragcli import …` gives is stable; modules below it are not.\n"]
    for name in ragcli.__all__:
        thing = getattr(ragcli, name)
        if inspect.isclass(thing):
            parts.append(_class(name, thing))
        elif callable(thing):
            parts.append(f"## {name}\n\n{_signature(name, thing)}\n{_docstring(thing)}\n")
    return "\n".join(parts)


def _class(name: str, thing: type) -> str:
    lines = [f"## {name}\n", _docstring(thing)]
    for method, value in vars(thing).items():
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if method.startswith("_") or not (inspect.isfunction(function) or isinstance(function, property)):
            continue
        if isinstance(function, property):
            lines.append(f"### {name}.{method}\n\n{_docstring(function)}")
        else:
            lines.append(f"### {name}.{method}\n\n{_signature(method, function)}\n{_docstring(function)}")
    return "\n".join(lines) + "\n"


def _signature(name: str, function: Callable[..., object]) -> str:
    return f"```python\n{name}{inspect.signature(function)}\n```\n"


def _docstring(thing: object) -> str:
    """Paragraphs of prose; examples in the form of the interpreter become code."""
    parts = []
    for part in (inspect.getdoc(thing) or "").split("\n\n"):
        parts.append(f"```python\n{part}\n```" if part.lstrip().startswith(">>>") else part.replace("<", "&lt;"))
    return "\n\n".join(parts) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "json": json_documents,
    "python": python,
}
