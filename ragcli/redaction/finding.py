"""What a detector finds, and how findings of several detectors become one list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SECRETS = ("token", "private-key", "jwt", "password")
PERSONAL = ("email", "phone", "iban", "card", "ssn")
KINDS = (*SECRETS, *PERSONAL)


class Finding(NamedTuple):
    """Characters [start, end) of a text are a value of `kind`, one of KINDS."""

    start: int
    end: int
    kind: str


def without_overlaps(found: Iterable[Finding]) -> list[Finding]:
    """In order of their start. Of findings that share characters a secret stays before personal data, then the one that starts
    first, then the longest."""
    ordered = sorted(found, key=lambda finding: (finding.start, -finding.end))
    secrets = _disjoint([finding for finding in ordered if finding.kind in SECRETS], [])
    return _disjoint([finding for finding in ordered if finding.kind not in SECRETS], secrets)


def _disjoint(ordered: list[Finding], taken: list[Finding]) -> list[Finding]:
    """`taken`, and of `ordered` each that shares no character with what is kept before it or with `taken`; in order."""
    kept: list[Finding] = []
    position = 0
    for finding in ordered:
        while position < len(taken) and taken[position].end <= finding.start:
            kept.append(taken[position])
            position += 1
        free = position == len(taken) or taken[position].start >= finding.end
        if free and (not kept or kept[-1].end <= finding.start):
            kept.append(finding)
    return [*kept, *taken[position:]]
