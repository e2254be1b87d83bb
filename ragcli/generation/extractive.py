"""An answer without a language model: the pieces of the passages that answer the question, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragcli.cancellation import NEVER, Cancellation
from ragcli.drafts import DraftEvent, End
from ragcli.generation.choosing import Chooser
from ragcli.generation.pieces import claim_of
from ragcli.results import Hit


class ExtractiveGenerator:
    """A Generator that copies: a sentence, an item, a list with what leads in to it, a row with its columns, a paragraph,
    lines of code or a short section, and a second one of another place where both fit. Deterministic; see `Chooser` for the
    choice.

    A question that asks for several things, or compares two, gets a piece for each. What stands in several passages word
    for word cites them all."""

    name = "extractive"
    identity = "extractive/4"

    def __init__(self, choose: Chooser, *, max_pieces: int = 3) -> None:
        self._choose = choose
        self._max_pieces = max_pieces

    def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
        for i, unit in enumerate(self._choose(question, hits).units[: self._max_pieces]):
            yield replace(claim_of(unit, hits), lead="\n\n" if i else "")
        yield End()
