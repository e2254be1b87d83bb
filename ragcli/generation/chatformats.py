"""How the common model families mark who speaks.

A rendered prompt is a list of parts, each either of the format (its control tokens are meant) or of somebody's text (nothing
in it is a control token, whatever it looks like). A format of our own is used for the known families; otherwise the
model file's template is rendered in Jinja's immutable sandbox over placeholders, so it never sees the texts.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a rendered prompt; `control` is true for what the format itself writes."""

    text: str
    control: bool


Message = tuple[str, str]  # role (system, user or assistant), text
Format = Callable[[Sequence[Message]], list[Part]]


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A way to render messages, and what ends a reply in it besides the model's own end tokens."""

    name: str
    render: Format
    stops: tuple[str, ...] = ()


def _wrapped(before: str, between: str, after: str, opening: str, *, merge_system: bool = False) -> Format:
    """Messages as `before` role `between` text `after`, then `opening`; a family without a system role gets its text in
    front of the first message of the user."""

    def render(messages: Sequence[Message]) -> list[Part]:
        parts: list[Part] = []
        for role, text in _merged(messages) if merge_system else messages:
            shown = "model" if merge_system and role == "assistant" else role
            parts += [Part(f"{before}{shown}{between}", True), Part(text, False), Part(after, True)]
        return [*parts, Part(opening, True)]

    return render


def _merged(messages: Sequence[Message]) -> list[Message]:
    system = "\n\n".join(text for role, text in messages if role == "system")
    rest = [message for message in messages if message[0] != "system"]
    if system and rest and rest[0][0] == "user":
        rest[0] = ("user", f"{system}\n\n{rest[0][1]}")
    return rest


def _mistral(messages: Sequence[Message]) -> list[Part]:
    parts: list[Part] = []
    for role, text in _merged(messages):
        marks = ("[INST] ", " [/INST]") if role == "user" else (" ", "</s>")
        parts += [Part(marks[0], True), Part(text, False), Part(marks[1], True)]
    return parts


def _plain(messages: Sequence[Message]) -> list[Part]:
    parts: list[Part] = []
    for _, text in messages:
        parts += [Part(text, False), Part("\n\n", True)]
    return [*parts, Part("Answer:", True)]


CHATML = ChatFormat(
    "chatml", _wrapped("<|im_start|>", "\n", "<|im_end|>\n", "<|im_start|>assistant\n"), ("<|im_end|>",)
)
LLAMA3 = ChatFormat(
    "llama3",
    _wrapped("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "<|start_header_id|>assistant<|end_header_id|>\n\n"),
    ("<|eot_id|>",),
)  # fmt: skip
GEMMA = ChatFormat(
    "gemma",
    _wrapped("<start_of_turn>", "\n", "<end_of_turn>\n", "<start_of_turn>model\n", merge_system=True),
    ("<end_of_turn>",),
)
PHI = ChatFormat("phi", _wrapped("<|", "|>\n", "<|end|>\n", "<|assistant|>\n"), ("<|end|>",))
MISTRAL = ChatFormat("mistral", _mistral, ("</s>",))
PLAIN = ChatFormat("plain", _plain, ("\nQuestion:",))
_MARKS = {
    "<|im_start|>": CHATML,
    "<|start_header_id|>": LLAMA3,
    "<start_of_turn>": GEMMA,
    "<|assistant|>": PHI,
    "[INST]": MISTRAL,
}


def choose_format(template: str | None, *, bos: str = "", eos: str = "") -> ChatFormat:
    """The family whose marks `template` (of the model file) has; else the template itself; without one, plain text.

    A template that the sandbox refuses, or that fails, or that loses a message, is not used: plain text is.
    """
    if not template:
        return PLAIN
    for mark, known in _MARKS.items():
        if mark in template and not (known is PHI and "<|end|>" not in template):
            return known
    try:
        render = _from_template(template, bos, eos)
        render([("system", "a"), ("user", "b")])
    except Exception:  # whatever somebody else's program raises, it is not used
        return PLAIN
    return ChatFormat("template", render, (eos,) if eos else ())


def _from_template(template: str, bos: str, eos: str) -> Format:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse
    compiled = environment.from_string(template)

    def render(messages: Sequence[Message]) -> list[Part]:
        merged = list(messages)
        for attempt in (merged, _merged(merged)):  # some families refuse a system role
            marks = [secrets.token_hex(16) for _ in attempt]
            texts = {mark: text for mark, (_, text) in zip(marks, attempt, strict=True)}
            turns = [{"role": role, "content": mark} for mark, (role, _) in zip(marks, attempt, strict=True)]
            try:
                shown = compiled.render(messages=turns, add_generation_prompt=True, bos_token="", eos_token=eos)
            except _Refused:
                continue
            if all(mark in shown for mark in marks):
                pieces = re.split("(" + "|".join(marks) + ")", shown)
                return [Part(texts.get(piece, piece), piece not in texts) for piece in pieces if piece]
        raise ValueError("the template loses messages")

    return render


class _Refused(Exception):
    """The template called raise_exception."""


def _refuse(message: str) -> str:
    raise _Refused(message)
