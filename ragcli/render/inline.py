"""Markdown inside a sentence → styled text. Links and images are shown as text: nothing is fetched, nothing is clickable."""

from __future__ import annotations

import re

from rich.text import Text

from ragcli.render.sanitize import one_line

_INLINE = re.compile(
    r"(?P<code>`[^`\n]+`)|(?P<strong>\*\*(?=\S).+?(?<=\S)\*\*)|(?P<em>(?<![\w*])\*(?=[^\s*]).+?(?<=[^\s*])\*(?![\w*]))|"
    r"(?P<link>!?\[[^\]\n]*\]\([^)\s]*\))"
)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)]*)\)")


def inline(text: str, *, styled: bool) -> Text:
    """One line of `text`, sanitised; emphasis becomes style on a terminal (`styled`) and stays as it is elsewhere."""
    clean = one_line(text)
    if not styled:
        return Text(clean)
    result, position = Text(), 0
    for match in _INLINE.finditer(clean):
        result.append(clean[position : match.start()])
        position = match.end()
        found = match.group()
        if match.lastgroup == "code":
            result.append(found[1:-1], style="cyan")
        elif match.lastgroup == "strong":
            result.append(found[2:-2], style="bold")
        elif match.lastgroup == "em":
            result.append(found[1:-1], style="italic")
        else:
            result.append(_plain_link(found))
    result.append(clean[position:])
    return result


def _plain_link(found: str) -> str:
    match = _LINK.fullmatch(found)
    if match is None:
        return found
    image, label, address = match.groups()
    return f"{'image: ' if image else ''}{label or address}" + (f" ({address})" if label and address else "")
