"""What says how likely the chosen units answer a question, as numbers that two logistic models weigh: whether the answer is
in the documents at all, and whether it is in the chosen units if so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragcli.generation.features import NAMES
from ragcli.generation.likeness import LATE
from ragcli.generation.scored import Scored, overlaps
from ragcli.generation.units import LONGEST
from ragcli.generation.weights import BIAS, Column

_BEST = 8  # units that are looked at for how far the best ones agree on a place
SUMMARY = ("top", "ahead", "mass", "spread", "same_passage", "same_document", "units", "length", "pieces")
OF_ALL = ("own", "context", "dense", "ctx", "ctx_min", "ctx_idf")
CONFIDENCE = NAMES + LATE + SUMMARY + tuple(f"most_{name}" for name in OF_ALL) + (BIAS,)


def confidence_row(scored: Scored, chosen: Sequence[int]) -> Column:
    """The numbers for the units at the positions `chosen`, the best first, in the order of CONFIDENCE: the features of the
    best one; the summary; the largest value of some features among all units; 1. What was not measured is 0.

    Of the summary, `top` is the score of the best unit, `ahead` how far it is ahead of the best one of another place; in the
    softmax over all units, `mass` is the share of the chosen ones and `spread` the entropy; `same_passage` and `same_document`
    are shares of the eight best units, `units` and `pieces` the numbers of all and of the chosen ones, `length` is that of what
    is shown, in answers of the longest kind."""
    share = np.exp(scored.scores - scored.scores.max())
    share = share / share.sum()
    first = scored.units[chosen[0]]
    top = float(scored.scores[chosen[0]])
    others = (i for i, unit in enumerate(scored.units) if not any(overlaps(unit, scored.units[j]) for j in chosen))
    best = scored.units[:_BEST]
    document = first.hit.whole.document.document_id
    summary = (
        top,
        top - max((float(scored.scores[i]) for i in others), default=top - 5.0),
        float(share[list(chosen)].sum()),
        -float(share @ np.log(share + 1e-9)),
        sum(unit.hit is first.hit for unit in best) / len(best),
        sum(unit.hit.whole.document.document_id == document for unit in best) / len(best),
        float(len(scored.units)),
        sum(len(scored.units[i].shown) for i in chosen) / LONGEST,
        float(len(chosen)),
    )
    place = {name: i for i, name in enumerate(scored.names)}
    own = [float(scored.table[chosen[0], place[name]]) if name in place else 0.0 for name in NAMES + LATE]
    most = [float(scored.table[:, place[name]].max()) if name in place else 0.0 for name in OF_ALL]
    return np.array([*own, *summary, *most, 1.0])
