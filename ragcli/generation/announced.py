"""What an answer announces ("in the following order: …", "as below") is shown with it, though another sentence or markup
stands between."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from ragcli.generation.blocks import ANNOUNCES, BlockReader, GovernedBlock
from ragcli.generation.units import LONGEST, Unit, as_many_as_fit
from ragcli.text.items import item_spans
from ragcli.text.sentences import sentence_spans

_BETWEEN = 1  # sentences at most between the one that announces and what it announces


def completed(unit: Unit) -> Unit:
    """The unit, followed by the list or code of its section that one of its last sentences announces: as many items as an
    answer has room for, code only as a whole. A unit that announces nothing, or holds it already, is given back as it is."""
    if unit.form not in ("sentence", "paragraph") or not ANNOUNCES.search(unit.shown):
        return unit
    reader = BlockReader(unit.hit)
    for block, below in pairwise(reader.blocks()):
        if block.part.start <= unit.end - 1 - reader.base < block.part.end:
            beside = below.headings == block.headings and _announces_below(reader, block, unit)
            return _with(unit, below, reader) if beside else unit
    return unit


def _announces_below(reader: BlockReader, block: GovernedBlock, unit: Unit) -> bool:
    """Whether a sentence of the unit, among the last of its block, announces something."""
    if block.part.kind != "paragraph":
        return False
    begin, end = unit.start - reader.base, unit.end - reader.base
    last = sentence_spans(reader.text, block.part.start, block.part.end)[-1 - _BETWEEN :]
    return any(begin <= start and stop <= end and ANNOUNCES.search(reader.text[start:stop]) for start, stop in last)


def _with(unit: Unit, below: GovernedBlock, reader: BlockReader) -> Unit:
    room = LONGEST - len(unit.shown)
    start, end = below.part.start, below.part.end
    if below.part.kind == "code":
        shown = below.shown if len(below.shown) <= room else ""
    elif below.part.kind == "list":
        spans = item_spans(reader.text, start, end)
        shown, count = as_many_as_fit([reader.item(*span) for span in spans], room)
        end = spans[count - 1][1]
    else:
        return unit
    if not shown or len(shown) > room:
        return unit
    return replace(
        unit, form="run", shown=f"{unit.shown}\n{shown}", spans=(*unit.spans, (reader.base + start, reader.base + end))
    )
