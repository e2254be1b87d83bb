"""Fields of a structured answer: whether a place in a source speaks of the field whose value it holds."""

from __future__ import annotations

import re

from ragcli.text.analyzer import terms
from ragcli.text.query import STOP_WORDS

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_A-Za-z]+|\d+")


def field_terms(field: str, language: str) -> frozenset[str]:
    """The stems of the words in a field's name: of `annualLeave_days`, those of annual, leave and days."""
    return frozenset(terms(" ".join(_PARTS.findall(field)), language)) - STOP_WORDS


def named_share(wanted: frozenset[str], text: str, language: str) -> float:
    """The share of `wanted` that stands in `text`, 0 to 1; 1 when nothing is wanted."""
    return len(wanted & set(terms(text, language))) / len(wanted) if wanted else 1.0
