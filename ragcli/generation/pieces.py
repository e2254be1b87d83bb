"""What was chosen for an answer, and what a chosen piece claims."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragcli.drafts import Claim
from ragcli.generation.units import LONGEST, Unit
from ragcli.results import Hit
from ragcli.text.folding import fold_quote
from ragcli.text.units import LINED, unit_spans

_RESTRICTS = re.compile(
    r"\b(?:not|never|no|avoid|don['’]?ts?|doesn['’]?t|cannot|can['’]?t|mustn['’]?t|without|forbidden|prohibited|disallowed|unsupported|"
    r"exceptions?|except|exclu\w+|unless|only|limitations?|deprecated|obsolete|superseded|incorrect|wrong|nicht|kein\w*|nie|"
    r"verboten|ausnahmen?|außer|pas|jamais|interdit\w*|sauf|nunca|prohibido|excepto)\b",
    re.IGNORECASE,
)
_SHORT = ("sentence", "item", "row")


@dataclass(frozen=True, slots=True)
class Choice:
    """The units that answer best, the best first but neighbours in the order of the text, and the probability that they do
    (before any calibration to an index). There are no units when there are no hits."""

    units: tuple[Unit, ...]
    confidence: float


def claim_of(unit: Unit, hits: Sequence[Hit]) -> Claim:
    """The unit as a claim on the places that it is copied from; of an item far below what leads in to it, only the item."""
    start, end = unit.start, unit.end
    if end - start > 2 * LONGEST and len(unit.spans) > 1:
        start, end = unit.spans[-1]
    passage = unit.hit.whole
    text = passage.text[start - passage.span.start : end - passage.span.start]
    places = ((unit.hit.rank, start, end), *(twins(unit, text, hits) if unit.form in _SHORT else ()))
    above = restrictions(unit)
    if unit.row and not above:
        return Claim(text, places, shown=text, row=unit.row)
    return Claim(text, places, shown="\n".join([*above, unit.shown]), code=unit.form == "code")


def restrictions(unit: Unit) -> list[str]:
    """What above the unit forbids, excepts or limits it, outermost first, as far as the unit does not show it: its section's
    title, and what leads in to it. Without them the unit could say the reverse."""
    above = [*unit.headings[-1:], unit.outer, unit.lead]
    told = [text for text in above if _RESTRICTS.search(text) and not text.endswith("?") and text not in unit.shown]
    return [text if text.endswith((":", ".")) else f"{text}:" for text in dict.fromkeys(told)]


def twins(unit: Unit, text: str, hits: Sequence[Hit], *, most: int = 2) -> list[tuple[int, int, int]]:
    """Where hits in other documents say the same, white space, case and typography aside: at most `most` of (rank, start, end),
    in the order of the hits, one in each document."""
    said, found = fold_quote(text), list[tuple[int, int, int]]()
    told = {unit.hit.whole.document.document_id}
    for hit in hits:
        passage = hit.passage
        if passage.document.document_id in told or said not in fold_quote(passage.text):
            continue
        for start, end in unit_spans(passage.text, lines=passage.document.type in LINED):
            if fold_quote(passage.text[start:end]) == said:
                found.append((hit.rank, passage.span.start + start, passage.span.start + end))
                told.add(passage.document.document_id)
                break
    return found[:most]
