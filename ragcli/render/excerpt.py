"""The part of a passage worth showing for a question, and which words of it to mark."""

from __future__ import annotations

import re

from ragcli.text.analyzer import stem, terms
from ragcli.text.query import content_tokens
from ragcli.text.units import unit_spans

_WORD = re.compile(r"[^\W_]+(?:[-_./'’+#]\w+)*")


def best_window(text: str, question: str, width: int, language: str) -> tuple[int, int]:
    """The span of at most about `width` characters, of whole sentences if they fit, with most of the question's terms.

    Equal windows: the earlier one.
    """
    if len(text) <= width:
        return 0, len(text)
    wanted = _wanted(question, language)
    units = unit_spans(text) or [(0, len(text))]
    best, best_key = units[0], (-1, 0)
    for i, (start, _) in enumerate(units):
        end = next((stop for _, stop in reversed(units[i:]) if stop - start <= width), min(start + width, units[i][1]))
        key = (len(wanted & set(terms(text[start:end], language))), -i)
        if key > best_key:
            best, best_key = (start, end), key
    return best


def matches(text: str, question: str, language: str) -> list[tuple[int, int]]:
    """Spans of the words in `text` that share an index term with the question."""
    wanted = _wanted(question, language)
    return [match.span() for match in _WORD.finditer(text) if wanted & set(terms(match.group(), language))]


def _wanted(question: str, language: str) -> set[str]:
    return {stem(token, language) for token in content_tokens(question)}
