"""What the fields of several documents share."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta


def says(text: str) -> Meta:
    """The description of a field in the schema."""
    return Meta(description=text)


class Place(TypedDict):
    """Where a text stands in its document. Pages and lines count from 1; null where the format has none."""

    page: Annotated[int | None, says("The page on which it begins.")]
    page_end: Annotated[int | None, says("The page on which it ends.")]
    line_start: Annotated[int | None, says("The line of the file on which it begins.")]
    line_end: Annotated[int | None, says("The line of the file on which it ends.")]
    start: Annotated[int, says("Where it begins, in characters of the text that was read from the source.")]
    end: Annotated[int, says("Where it ends, in characters; this one is not included.")]


class Unread(TypedDict):
    """A source that could not be read, or not completely."""

    path: Annotated[str, says("The source.")]
    reason: Annotated[str, says("What could not be read, and why.")]
