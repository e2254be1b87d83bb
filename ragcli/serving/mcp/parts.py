"""What several tools need: the shape of a call, and parts of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragcli.cancellation import Cancellation

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord
    from ragcli.results import Passage

Arguments = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """What goes with one call: `cancel` ends it, `told` takes what has been reached, in words."""

    cancel: Cancellation
    told: Callable[[str], None] = lambda _: None


def path(document: DocumentRecord) -> str:
    """How a document is named to a client: as the index lists it."""
    return document.path


def place(fields: Mapping[str, Any]) -> Result:
    """Page and lines out of the fields of a place in a document of `ragcli.schemas`."""
    return {"page": fields["page"], "line_from": fields["line_start"], "line_to": fields["line_end"]}


def placed(passage: Passage) -> Result:
    """Page and lines of a passage."""
    from ragcli.render.jsonout import span_fields

    return place(span_fields(passage.span))


def warnings(text: str) -> list[str]:
    """What in a text looks as if it were written to steer the model that reads it."""
    from ragcli.generation.suspicion import suspicions

    return list(suspicions(text))


def present(fields: Result, kept: str = "") -> Result:
    """Without fields that hold nothing, but for those named in `kept`."""
    return {name: value for name, value in fields.items() if name in kept.split() or value not in (None, [], ())}
