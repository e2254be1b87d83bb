"""The units of a question as the models that choose leave them."""

from __future__ import annotations

from dataclasses import dataclass

from ragcli.generation.features import NAMES
from ragcli.generation.units import Unit
from ragcli.generation.weights import Column, Stage


@dataclass(frozen=True, slots=True)
class Scored:
    """The units of a question that were compared last, best first, with their scores and features; what models are fitted
    to."""

    units: tuple[Unit, ...]
    scores: Column
    table: Column
    names: tuple[str, ...]

    @property
    def stage(self) -> Stage:
        """Which model scored them."""
        return "second" if len(self.names) > len(NAMES) else "first"


def overlaps(one: Unit, other: Unit) -> bool:
    """Whether two units share a place, or say the same."""
    same = one.hit.whole.document.document_id == other.hit.whole.document.document_id
    return (same and one.start < other.end and other.start < one.end) or one.shown == other.shown
