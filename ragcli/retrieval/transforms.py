"""Asking an index more than the question: sub-questions, a second hop, other wordings, a passage that might answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragcli.cancellation import NEVER, Cancellation
from ragcli.protocols import Write
from ragcli.results import ScoredChunk
from ragcli.text.query import content_tokens
from ragcli.text.subquestions import says, sub_questions

_MAX = 4  # sub-queries besides the question
_NESTED = re.compile(
    r"(?i)\b(?:that|which|who|whose|whom|where)\b(?!\s*\?)|\b(?:of|by|in|at|for)\s+the\s+\w+\s+(?:of|by|in|for)\b"
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b(?:[A-Z][\w'’-]+)(?:\s+(?:of\s+|de\s+|the\s+)?[A-Z][\w'’-]+)*")


@dataclass(frozen=True, slots=True)
class SubQuery:
    """What to search for. `passage`, if any, is embedded in place of `text`; `replaces` leaves out the ranking of the question
    itself."""

    text: str
    passage: str = ""
    replaces: bool = False

    @property
    def label(self) -> str:
        return self.text if not self.passage else f"{self.text} (as: {' '.join(self.passage.split())[:80]})"


Transform = Callable[[str, Sequence[ScoredChunk], Cancellation], list[SubQuery]]


def decompose(question: str, found: Sequence[ScoredChunk], _cancel: Cancellation = NEVER) -> list[SubQuery]:
    """By rules: the sides of a comparison, questions joined by “and”, and for a nested question a second hop with the names
    that the best passages of the first one hold and the question does not."""
    queries = [SubQuery(part) for part in sub_questions(question)]
    if _NESTED.search(question):
        names = _names(question, found)
        queries += [SubQuery(f"{question} {name}") for name in names]
    return queries[:_MAX]


def _names(question: str, found: Sequence[ScoredChunk]) -> list[str]:
    asked = set(content_tokens(question))
    counts: dict[str, int] = {}
    for entry in found[:3]:
        for match in _NAME.finditer(entry.chunk.text):
            name = " ".join(match.group().split())
            if not asked & set(content_tokens(name)):
                counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:2]


def expand_with(write: Write) -> Transform:
    """Multi-query: other wordings of the question, written by a language model."""

    def transform(question: str, _: Sequence[ScoredChunk], cancel: Cancellation = NEVER) -> list[SubQuery]:
        reply = write(
            f"Write three different search queries, one per line, for this question.\n\nQuestion: {question}", cancel
        )
        lines = [re.sub(r"^\s*(?:\d+[.)]|[-*•])\s*", "", line).strip(' "') for line in reply.splitlines()]
        return [SubQuery(line[:300]) for line in dict.fromkeys(lines) if says(line) and line != question][:3]

    return transform


def hyde_with(write: Write) -> Transform:
    """HyDE (Gao et al., ACL 2023): the vector of a passage that a language model writes as an answer, in place of the
    question's."""

    def transform(question: str, _: Sequence[ScoredChunk], cancel: Cancellation = NEVER) -> list[SubQuery]:
        passage = write(f"Write a short passage that answers the question.\n\nQuestion: {question}", cancel).strip()
        return [SubQuery(question, passage=passage[:2000], replaces=True)] if says(passage) else []

    return transform


def decompose_with(write: Write) -> Transform:
    """Sub-questions written by a language model; the rules when it writes none."""

    def transform(question: str, found: Sequence[ScoredChunk], cancel: Cancellation = NEVER) -> list[SubQuery]:
        reply = write(f"Split the question into simpler questions, one per line.\n\nQuestion: {question}", cancel)
        lines = [re.sub(r"^\s*(?:\d+[.)]|[-*•])\s*", "", line).strip() for line in reply.splitlines()]
        parts = [line[:300] for line in dict.fromkeys(lines) if says(line) and line != question]
        return [SubQuery(part) for part in parts[:_MAX]] or decompose(question, found)

    return transform


def chained(transforms: Sequence[Transform]) -> Transform:
    """All sub-queries of several transforms."""

    def transform(question: str, found: Sequence[ScoredChunk], cancel: Cancellation = NEVER) -> list[SubQuery]:
        return [sub for one in transforms for sub in one(question, found, cancel)]

    return transform
