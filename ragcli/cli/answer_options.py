"""Options of the commands that answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import completing

Config = Annotated[  # of commands that serve
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings [default: the nearest rag.toml].", show_default=False),
]
AnswerModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        autocompletion=completing.models,
        help="Who writes the answer: extractive, a GGUF file, a pulled model, openai:MODEL[@URL], anthropic:MODEL or "
        "PLUGIN:MODEL.",
        show_default=False,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", metavar="P", help="Least confidence with which to answer, 0 to 1.", show_default=False),
]
Verify = Annotated[
    str | None,
    typer.Option(
        "--verify",
        metavar="HOW",
        autocompletion=completing.choices("answer_verify"),
        help="Sentences that nothing supports: warn marks them, drop leaves them out, fail exits with 3.",
        show_default=False,
    ),
]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="DIR",
        help="An entailment (NLI) model that decides on written sentences: a directory or a hub name.",
        show_default=False,
    ),
]
ContextTokens = Annotated[
    int | None,
    typer.Option(
        "--context-tokens", metavar="N", help="Tokens of sources in the prompt [default: 700].", show_default=False
    ),
]
