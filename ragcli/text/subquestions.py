"""Questions that ask for several things → the things they ask for, by rules."""

from __future__ import annotations

import re

from ragcli.text.analyzer import tokens
from ragcli.text.followup import condense
from ragcli.text.query import STOP_WORDS, content_tokens

_COMPARED = (
    re.compile(r"(?i)\bbetween\s+(.+?)\s+and\s+(.+?)\s*[?.]*$"),
    re.compile(r"(?i)\bcompare[sd]?\s+(.+?)\s+(?:and|with|to|against)\s+(.+?)\s*[?.]*$"),
    re.compile(r"(?i)^(?:\w+\s+){0,3}?(\S.*?)\s+(?:vs\.?|versus)\s+(.+?)\s*[?.]*$"),
)
_JOINED = re.compile(
    r"(?i)[,;]?\s+(?:and|und|et|y)\s+(?=(?:(?:in|on|at|by|for|to|from)\s+)?(?:what|when|where|which|who|whose|whom|why|how|"
    r"was|wann|wo|wer|welche[rsn]?|warum|wie|quand|où|qui|pourquoi|comment|combien|cuándo|dónde|quién|qué|cómo)\b)|\?\s+(?=\S)"
)
_COMPARING = frozenset(
    "difference differences compare compared comparison differ better versus vs between main".split()
)


def sub_questions(question: str) -> list[str]:
    """The sides of a comparison, each with what is compared; else the questions that are joined, each with what it leaves
    unsaid from those before it; empty when there is only one. What stands in quotation marks is never taken apart."""
    sides = _sides(question)
    parts = sides or [part.strip() for part in _JOINED.split(question) if says(part)]
    if len(parts) < 2 or any(part.count('"') % 2 for part in parts):
        return []
    return parts if sides else [condense(part, parts[:i]) for i, part in enumerate(parts)]


def says(text: str) -> bool:
    """Whether there is more to it than stop words."""
    return any(token not in STOP_WORDS for token in tokens(text))


def _sides(question: str) -> list[str]:
    for pattern in _COMPARED:
        match = pattern.search(question)
        if match:
            one, other = match.group(1).strip(), match.group(2).strip()
            before = question[: match.start(1)].strip()
            subject = " ".join(token for token in content_tokens(before) if token not in _COMPARING)
            return [f"{subject} {side}".strip() for side in (one, other)]
    return []
