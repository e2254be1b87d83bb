"""Follow-up questions → questions that can be understood alone, by rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcli.text.analyzer import stem
from ragcli.text.query import content_tokens

_REFERS = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones|same|else|former|latter|"
    r"es|sie|ihm|ihr|ihre|dies\w*|jene\w*|dort|dazu|davon|il|elle|ils|elles|leur|cela|ça|ello|ellos|eso|esto)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\W*(?:(?:and|or|but|so|also|und|oder|aber|et|ou|mais|y|o|pero)\b[ ,]*)?"
    r"(?:(?:what|how) about|what if|and|or|but|und was ist mit|was ist mit|wie steht es mit|et pour|et|qué pasa con|y)\b"
    r"[ ,]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_ADDED = re.compile(r"(?P<asked>.*\S)\s*\([^()]*\)\s*", re.DOTALL)
_SHORT = 1  # content words


def is_follow_up(question: str) -> bool:
    """Whether the question leans on what was said before: it refers back, goes on with "and", or hardly says anything."""
    return bool(_REFERS.search(question) or _CONTINUES.match(question) or len(content_tokens(question)) <= _SHORT)


def without_context(question: str) -> str:
    """A condensed question as it was asked: without the words in parentheses that were added at its end."""
    match = _ADDED.fullmatch(question)
    return match["asked"] if match else question


def condense(question: str, before: Sequence[str]) -> str:
    """`question` with what it leaves unsaid from the questions `before` it, oldest first; itself when it stands alone.

    "What about trainees?" asks the question before again with its own words added; what refers back gets the words of the
    question before that it lacks. The words of the new question come first.
    """
    if not before or not is_follow_up(question):
        return question
    previous = before[-1].strip()
    continued = _CONTINUES.match(question)
    if continued and continued["rest"] and not _REFERS.search(continued["rest"]):
        asked = without_context(previous)
        return f"{asked.rstrip('?. ')} {continued['rest'].strip()}{previous[len(asked) :]}"
    known = {stem(token, "en") for token in content_tokens(question)}
    missing = [token for token in content_tokens(previous) if stem(token, "en") not in known]
    return f"{question.rstrip()} ({' '.join(missing)})" if missing else question
