"""Newer documents a little higher, when that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragcli.results import ScoredChunk
from ragcli.scores import LegTrace, ScoreTrace
from ragcli.text.dating import date_of

LEG = "recency"
SHARE = 0.05  # of the best score: the most that a date adds or takes away
_YEAR = 365.25  # days


def prefer_recent(ranked: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """`ranked` with the recency of each document added to its score, best first; equal scores keep their order.

    recency = 2^(1 - age) - 1 with the age in years behind the newest document among `ranked`: 1 for the newest, 0 for one that
    is a year older, towards -1 for very old ones, and 0 for a document without a date. It is a leg of the trace with a weight
    of 0.05 × the best score; its rank is that among the dates, its score the age with a minus sign.
    """
    dates = {entry.document.document_id: date_of(entry.document) for entry in ranked}
    days = {key: dated.date.days() for key, dated in dates.items() if dated}
    if not days:
        return list(ranked)
    newest, order = max(days.values()), sorted(set(days.values()), reverse=True)
    weight = SHARE * max(entry.score for entry in ranked)
    scored = []
    for entry in ranked:
        day = days.get(entry.document.document_id)
        if day is None:
            leg = LegTrace(LEG, None, None, 0.0, weight, 0.0)
        else:
            years = (newest - day) / _YEAR
            value = 2.0 ** (1 - years) - 1
            leg = LegTrace(LEG, order.index(day) + 1, -years, value, weight, weight * value, (("years", -years),))
        trace = ScoreTrace(entry.trace.fusion, (*entry.trace.legs, leg), entry.trace.total + leg.contribution)
        scored.append(replace(entry, score=trace.total, trace=trace))
    return sorted(scored, key=lambda entry: -entry.score)
