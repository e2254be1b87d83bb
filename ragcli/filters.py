"""Conditions on what is searched, as programs give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ragcli.datatypes import Filter

Where: TypeAlias = "Filter | str | Sequence[str]"


def as_filter(where: Where) -> Filter:
    """A Filter as it is; a condition such as "type=pdf", or several that must all hold, as a Filter. Raises UsageError."""
    if isinstance(where, Filter):
        return where
    texts = [where] if isinstance(where, str) else list(where)
    if not texts:
        return Filter()
    from ragcli.index.conditions import parse_filter

    return parse_filter(texts)
