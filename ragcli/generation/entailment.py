"""What an entailment model decides of a written sentence, where the rules leave the verdict open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragcli.generation.support import Support
from ragcli.results import Hit, Judgement
from ragcli.text.units import is_heading

ENTAILED = 0.9  # the least probability of entailment that supports a sentence
CONTRADICTED = 0.5  # the least probability of a contradiction that refuses one


def widened(hit: Hit, units: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """The place with the unit before it and the unit after it, where these are of the same section and no headings. `units` are
    the places of the hit's units in order; all places are in the document."""
    text, base = hit.whole.text, hit.whole.span.start
    begins = [section.start for section in hit.whole.sections]

    def beside(unit: tuple[int, int]) -> bool:
        between = (min(unit[0], start), max(unit[0], start))
        same = not any(between[0] < begin <= between[1] for begin in begins)
        return same and not is_heading(text, unit[0] - base, unit[1] - base)

    before = [unit for unit in units if unit[1] <= start][-1:]
    after = [unit for unit in units if unit[0] >= end][:1]
    return min([start, *(u[0] for u in before if beside(u))]), max([end, *(u[1] for u in after if beside(u))])


def premise_of(hit: Hit, headings: Sequence[str], start: int, end: int) -> str:
    """What a sentence is held against: the nearest of its `headings`, a full stop, and the text of the hit at this place of the
    document, in single spaces."""
    text, base = hit.whole.text, hit.whole.span.start
    return " ".join(". ".join([*headings[-1:], text[start - base : end - base]]).split())


def decided(support: Support, model: str, entailment: float, contradiction: float) -> Support:
    """`support`, which is open, as the `model` decides it. With at least ENTAILED for the entailment the sentence is supported,
    as a paraphrase; with at least CONTRADICTED for the contradiction, and more than for the entailment, it is unsupported. Else
    the verdict of the rules stands."""
    judgement = Judgement(model, round(entailment, 4), round(contradiction, 4), decided=True)
    if entailment >= ENTAILED:
        return replace(support, status="paraphrase", problems=(), judgement=judgement)
    if contradiction >= CONTRADICTED and contradiction > entailment:
        problem = f"{model} reads a contradiction ({contradiction:.2f})"
        return replace(support, status="unsupported", problems=(*support.problems, problem), judgement=judgement)
    return replace(support, judgement=replace(judgement, decided=False))
