"""What passes from a generator to the answer: its draft, as events. Ranks are those of hits; offsets are in characters of
`Document.text`, end exclusive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragcli.cancellation import NEVER, Cancellation


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a reply: tokens, seconds in all, seconds without a new piece of text, and whoever may cancel it."""

    tokens: int = 512
    seconds: float = 180.0
    idle_seconds: float = 30.0
    cancel: Cancellation = NEVER


@dataclass(frozen=True, slots=True)
class Claim:
    """A finished sentence of a draft with the spans that it claims to rest on, as (hit rank, start, end). `named` says
    whether the writer named them itself, rather than their having been looked up for it. A `field` of a structured answer
    claims its `value`, of which `text` is what a source must say; it is empty when there is nothing to say. What is copied
    may be `shown` in another form than it stands in: unwrapped, without markup, as the `row` of a table, or as lines of
    `code`."""

    text: str
    evidence: tuple[tuple[int, int, int], ...]
    lead: str = ""
    named: bool = True
    field: str | None = None
    value: object = None
    shown: str = ""
    row: tuple[tuple[str, str], ...] = ()
    code: bool = False


@dataclass(frozen=True, slots=True)
class Tail:
    """The beginning of the sentence that is being written, as far as it is known; it replaces the tail before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took. Of `prompt_tokens`, `reused_tokens` had not to be evaluated again; `cost` is in the currency of
    the configured prices, None without them."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    answer_tokens: int = 0
    first_token_ms: float = 0.0
    total_ms: float = 0.0
    load_ms: float = 0.0
    cost: float | None = None


Stopped = Literal["end", "length", "time", "interrupted", "error", "refused", "repeated"]


def stopped_by(cancel: Cancellation) -> Stopped:
    """Why a draft is at its end that stops because `cancel` has expired."""
    return "interrupted" if cancel.cancelled else "time"


@dataclass(frozen=True, slots=True)
class End:
    """The end of a draft, and why it is the end: `refused` when the writer says that the sources hold no answer, `repeated`
    when it was stopped because it wrote the same again and again."""

    stopped: Stopped = "end"
    usage: Usage | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about how the draft came to be."""

    text: str


DraftEvent = Claim | Tail | Note | End
