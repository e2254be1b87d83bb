"""Questions that ask for several things → the things they ask for, by rules."""

from __future__ import annotations

import re

from ragcli.text.analyzer import tokens
from ragcli.text.followup import condense
from ragcli.text.query import STOP_WORDS, content_tokens

_TAIL = r"(?:\s*[,:–—-]\s+(?:what|which|how|who|where|when|why|is|are)\b.*)?\s*[?.]*$"  # ", what is different?"
_LEADS = r"(?:what is|what's|is|are|should i use|which is better|difference)\b[:,]?\s+"
_COMPARED = (
    re.compile(
        rf"(?i)\b(?:differ\w*|distinction|compar\w+|choos\w+|choice)\b.*?\bbetween\s+(.+?)\s+and\s+(.+?){_TAIL}"
    ),
    re.compile(rf"(?i)\bcompare[sd]?\s+(.+?)\s+(?:and|with|to|against)\s+(.+?){_TAIL}"),
    re.compile(rf"(?i)^(?:{_LEADS})?(\S.*?)\s+(?:vs\.?|versus)\s+(.+?){_TAIL}"),
    re.compile(r"(?i)\bhow (?:do|does|did|are|is)\s+(.+?)\s+and\s+(.+?)\s+(?:differ|different|compare)\b"),
    re.compile(r"(?i)^(\S+(?:\s+\S+){0,4}?)\s+or\s+(\S+(?:\s+\S+){0,4}?)\s*[,:–—-]\s+(?:which|what)\b"),
)
_THAT_OF = re.compile(r"(?i)\b(?:that|those) of\b")
_OF = re.compile(r"(?i)^(.+?\bof)\b")
_PLACED = re.compile(r"(?i)\s(?:in|of|for|at|on|with|from|to)\s")
_LISTED = re.compile(r"^(\w+(?:\s+\w+){0,3}):\s+(\S.+?),?\s+(?:and|und|et|y)\s+(.+?)\s*[?.]*$")
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
    sides = _sides(question) or _listed(question)
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
            one, other = _with_shared_words(match.group(1).strip(), match.group(2).strip())
            before = question[: match.start(1)]
            said = content_tokens(before) if says(before) else []
            subject = " ".join(token for token in said if token not in _COMPARING)
            return [f"{subject} {side}".strip() for side in (one, other)]
    return []


def _with_shared_words(one: str, other: str) -> tuple[str, str]:
    """The sides with what one of them leaves unsaid: "the length of A" and "that of B" both are lengths, and in "send only
    and receive only folder" both are folders."""
    of = _OF.match(one)
    if of and _THAT_OF.match(other):
        return one, _THAT_OF.sub(of.group(1), other, count=1)
    here, there = one.split(), other.split()
    if len(here) < len(there) and there[-1].isalpha() and there[-1].islower() and not _PLACED.search(other):
        one = f"{one} {there[-1]}"
    return one, other


def _listed(question: str) -> list[str]:
    """ "deadlines: for A, and for B" asks for the deadlines of both."""
    match = _LISTED.match(question)
    return [f"{match.group(1)} {side}" for side in match.groups()[1:]] if match else []
