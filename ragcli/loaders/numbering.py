"""The numbers that Word prints before list items and numbered headings, which are not in the text (ECMA-376 part 1, 17.9)."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from ragcli.loaders.ooxml import attribute, local

_PLACE = re.compile(r"%(\d)")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


class Numbering:
    """Counts the numbered paragraphs of one document in their order."""

    def __init__(self, part: Any) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}  # abstract id → level → format, pattern, start
        self._abstract: dict[str, str] = {}
        self._of_style: dict[str, tuple[str, int]] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._read(part)

    def _read(self, part: Any) -> None:
        for relation in part.rels.values():
            if relation.reltype.endswith("/numbering") and not relation.is_external:
                for element in relation.target_part.element:
                    if local(element) == "abstractNum":
                        levels = [child for child in element if local(child) == "lvl"]
                        self._levels[attribute(element, "abstractNumId")] = dict(map(_level, levels))
                    elif local(element) == "num":
                        abstract = next((attribute(e, "val") for e in element if local(e) == "abstractNumId"), "")
                        self._abstract[attribute(element, "numId")] = abstract
            elif relation.reltype.endswith("/styles") and not relation.is_external:
                for style in relation.target_part.element.iter("{*}style"):
                    number = _number_of(style)
                    if number:
                        self._of_style[attribute(style, "styleId")] = number

    def label(self, paragraph: Any, style: str) -> tuple[str, int]:
        """What is printed before the paragraph ("-" for a bullet, nothing for plain text) and how deep it is, from 0."""
        number = _number_of(paragraph) or self._of_style.get(style)
        if number is None or number[0] == "0":
            return "", 0
        identity, depth = number
        abstract = self._abstract.get(identity, "")
        levels = self._levels.get(abstract, {})
        if depth not in levels:
            return "-", depth
        kind, pattern, start = levels[depth]
        counts = self._counts[abstract]
        counts[depth] = counts.get(depth, start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        if kind in ("bullet", "none"):
            return ("-" if kind == "bullet" else ""), depth
        return _PLACE.sub(lambda m: self._printed(levels, counts, int(m.group(1)) - 1), pattern).strip(), depth

    def _printed(self, levels: dict[int, tuple[str, str, int]], counts: dict[int, int], level: int) -> str:
        kind, _, start = levels.get(level, ("decimal", "", 1))
        return _number(counts.get(level, start), kind)


def _level(element: Any) -> tuple[int, tuple[str, str, int]]:
    values = {local(child): attribute(child, "val") for child in element}
    start = values.get("start", "1")
    level = attribute(element, "ilvl")
    return int(level) if level.isdigit() else 0, (
        values.get("numFmt", "decimal"),
        values.get("lvlText", ""),
        int(start) if start.isdigit() else 1,
    )


def _number_of(element: Any) -> tuple[str, int] | None:
    """The list and the level that a paragraph or a style belongs to."""
    properties = element.find("{*}pPr/{*}numPr")
    if properties is None:
        return None
    values = {local(child): attribute(child, "val") for child in properties}
    level = values.get("ilvl", "0")
    return (values["numId"], int(level) if level.isdigit() else 0) if "numId" in values else None


def _number(value: int, kind: str) -> str:
    if kind in ("lowerLetter", "upperLetter"):
        text = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
    elif kind in ("lowerRoman", "upperRoman") and 0 < value < 4000:
        text = ""
        for size, letters in _ROMAN:
            text += letters * (value // size)
            value %= size
    else:
        return str(value)
    return text.upper() if kind.startswith("upper") else text
