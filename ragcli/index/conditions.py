"""Conditions on the metadata of documents: `modified>2024-01-01`, `tag.team=legal`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import groupby

from ragcli.datatypes import Condition, Filter
from ragcli.errors import UsageError
from ragcli.text.globs import path_matches

NUMBERS = frozenset({"size", "words", "pages"})
DATES = frozenset({"created", "dated", "modified"})
TEXTS = frozenset(
    "title author to tags language headings has_code partial reader description code_language root".split()
)
TAG = "tag."
_CONDITION = re.compile(r"\s*([\w.-]+)\s*(!=|>=|<=|=|>|<)\s*(.*\S)\s*", re.DOTALL)


def parse_condition(text: str) -> Condition:
    """`KEY OPERATOR VALUE`. Raises UsageError for an unknown key, naming the known ones, and for a value that does not fit
    it."""
    match = _CONDITION.fullmatch(text)
    known = ", ".join(["path", "type", *sorted(NUMBERS | DATES | TEXTS), "tag.NAME"])
    if not match:
        raise UsageError(f"--filter {text!r}: expected KEY=VALUE", hint=f"keys: {known}; operators: = != > >= < <=")
    key, operator, value = match.groups()
    if key not in NUMBERS | DATES | TEXTS | {"path", "type"} and not key.startswith(TAG):
        raise UsageError(f"--filter {text!r}: unknown key {key!r}", hint=f"keys: {known}")
    if key in NUMBERS and _number(value) is None:
        raise UsageError(f"--filter {text!r}: {value!r} is not a number", hint=f"--filter '{key}>1000'")
    if key in DATES and not re.fullmatch(r"\d{4}(-\d\d){0,2}(T[\d:]+)?", value):
        raise UsageError(f"--filter {text!r}: {value!r} is not a date", hint=f"--filter '{key}>2024-01-31'")
    if key not in NUMBERS | DATES and operator not in ("=", "!="):
        raise UsageError(f"--filter {text!r}: {key} has no order", hint=f"--filter '{key}={value}'")
    return Condition(key, operator, value)


def parse_filter(texts: Sequence[str]) -> Filter:
    """All conditions together, each as `parse_condition` reads it."""
    found = [parse_condition(text) for text in texts]
    paths = tuple(c.value for c in found if c.key == "path" and c.operator == "=")
    types = tuple(c.value for c in found if c.key == "type" and c.operator == "=")
    rest = tuple(c for c in found if c.key not in ("path", "type") or c.operator != "=")
    return Filter(paths=paths, types=types, conditions=rest)


def all_hold(conditions: Sequence[Condition], values: Mapping[str, str]) -> bool:
    """Whether a document with these values fulfils every condition; several `=` on one key are alternatives.

    Texts are compared as a whole, in lower case, `*`, `?` and `[…]` as in `ragcli.text.globs`, but `*` also standing for
    slashes; headings and tags likewise, any heading will do. Paths are compared as `path_matches` does it. Dates are compared
    as far as both are given. A document without the value fulfils `!=` alone.
    """
    ordered = sorted(conditions, key=lambda c: (c.key, c.operator))
    for (_, operator), group in groupby(ordered, key=lambda c: (c.key, c.operator)):
        results = [_holds(condition, values.get(condition.key, ""), values) for condition in group]
        if not (any(results) if operator == "=" else all(results)):
            return False
    return True


def _holds(condition: Condition, own: str, values: Mapping[str, str]) -> bool:
    if not own:
        return condition.operator == "!="
    if condition.key in NUMBERS:
        mine, given = _number(own), _number(condition.value)
        return mine is not None and given is not None and _compared(mine, condition.operator, given)
    if condition.key in DATES:
        shared = min(len(own), len(condition.value))
        return _compared(own[:shared], condition.operator, condition.value[:shared])
    if condition.key == "path":
        roots = values.get("root", "").split("\n")
        return any(path_matches(condition.value, own, root) for root in roots) == (condition.operator == "=")
    found = any(fnmatchcase(part, condition.value.lower()) for part in own.lower().split("\n"))
    return found == (condition.operator == "=")


def _compared(own: float | str, operator: str, given: float | str) -> bool:
    match operator:
        case "=":
            return own == given
        case "!=":
            return own != given
        case ">":
            return own > given  # type: ignore[operator]
        case ">=":
            return own >= given  # type: ignore[operator]
        case "<":
            return own < given  # type: ignore[operator]
        case _:
            return own <= given  # type: ignore[operator]


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return None
