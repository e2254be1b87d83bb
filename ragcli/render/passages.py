"""Setting a passage, or a part of one, as styled text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text

from ragcli.render.sanitize import one_line, sanitize

if TYPE_CHECKING:
    from ragcli.datatypes import Span
    from ragcli.scores import ScoreTrace

EXCERPT = 320  # characters of a passage that are shown


def trace_lines(trace: ScoreTrace) -> list[str]:
    lines = []
    for leg in trace.legs:
        place = (
            f"rank {leg.rank}, score {leg.score:.4f}"
            if leg.rank is not None and leg.score is not None
            else "not in its list"
        )
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in leg.parts) if len(leg.parts) > 1 else ""
        made_of = f" (weighted mean of {numbers})" if numbers else ""
        weighed = f"normalised {leg.normalised:.4f} × weight {leg.weight:.2f} = {leg.contribution:.4f}"
        lines.append(f"{leg.leg:<8} {place}{made_of}, {weighed}")
    lines.append(f"{trace.fusion:<8} {' + '.join(f'{leg.contribution:.4f}' for leg in trace.legs)} = {trace.total:.4f}")
    return lines


def place_text(path: str, address: str, span: Span, headings: Sequence[str], collection: str = "") -> Text:
    """`path:line`, or the path and a page, then the collection and the section path; a link to `address` unless that is
    empty."""
    place = Text(path, style=Style(bold=True, color="cyan", link=address or None))
    if span.line_start is not None:
        place.append(f":{span.line_start}", style="cyan")
        if span.line_end != span.line_start:
            place.append(f"-{span.line_end}", style="cyan")
    elif span.page_start is not None:
        pages = f"p. {span.page_start}" + (f"-{span.page_end}" if span.page_end != span.page_start else "")
        place.append(f" {pages}", style="cyan")
    if collection:
        place.append(f"  in {one_line(collection)}", style="dim")
    shown = [one_line(heading) for heading in headings]
    if shown:
        place.append(f"  § {' › '.join(shown)}", style="dim")
    return place


def context(text: str, start: int, end: int) -> tuple[int, int]:
    """A window around [start, end) within its paragraph, cut at white space, that shows what the quotation stands in."""
    room = max(0, EXCERPT - (end - start)) // 2
    paragraph_start, paragraph_end = text.rfind("\n\n", 0, start), text.find("\n\n", end)
    before = max(0, start - room, paragraph_start + 2 if paragraph_start >= 0 else 0)
    after = min(len(text), end + room, paragraph_end if paragraph_end >= 0 else len(text))
    while 0 < before < start and not text[before - 1].isspace():
        before += 1
    while end < after < len(text) and not text[after].isspace():
        after -= 1
    return before, after


def marked(text: str, start: int, end: int, spans: Sequence[tuple[int, int]], *, code: bool) -> Text:
    """text[start:end] sanitised, with `spans` (relative to `start`) emphasised, and dots where a line was cut.

    Running text is set as one line; code and tables keep their lines.
    """
    excerpt, result, position = text[start:end], Text(), 0
    clean: Callable[[str], str] = sanitize if code or _TABLE.search(excerpt) else _flat
    if start > 0 and text[:start].rstrip(" ")[-1:] != "\n":
        result.append("… ", style="dim")
    if clean is _flat:
        position = len(excerpt) - len(excerpt.lstrip())
    for first, last in spans:
        result.append(clean(excerpt[position:first]))
        result.append(clean(excerpt[first:last]), style="bold yellow")
        position = last
    result.append(clean(excerpt[position:]))
    if text[end:].strip() and text[end:].lstrip(" ")[:1] != "\n":
        result.append(" …", style="dim")
    return result


_TABLE = re.compile(r"^\s*\||\S \| \S", re.MULTILINE)
_HEADING_MARK = re.compile(r"^#{1,6}[ \t]+", re.MULTILINE)


def _flat(text: str) -> str:
    """Sanitised, on one line: paragraphs separated by a dot, Markdown's heading marks dropped, other space squeezed."""
    joined = re.sub(r"\s*\n\s*\n\s*", " · ", _HEADING_MARK.sub("", text))
    words = sanitize(" ".join(joined.split()))
    return (" " if text[:1].isspace() and words else "") + words + (" " if text[-1:].isspace() else "")
