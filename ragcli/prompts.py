"""What a language model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ragcli.results import Hit


@dataclass(frozen=True, slots=True)
class Source:
    """What a prompt says of a hit. Numbers count from 1 in the order of the prompt; they are not ranks."""

    number: int
    hit: Hit
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked."""

    system: str
    user: str
    sources: tuple[Source, ...] = ()
    schema: Mapping[str, Any] | None = None  # what the reply must be, as JSON schema
