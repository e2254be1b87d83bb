"""A model's text → finished sentences with the source numbers that they name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ragcli.text.units import unit_spans

_RANGE = r"\d{1,4}(?:\s*[-–]\s*\d{1,4})?"
_NAMED = rf"(?:(?:sources?|passages?|quellen?)\s+)?{_RANGE}(?:\s*(?:,|;|and|und|&)\s*(?:sources?\s+)?{_RANGE})*"
_MARKER = re.compile(rf"\s*(?:\[\s*({_NAMED})\s*\]|【\s*({_NAMED})[^】]*】)", re.IGNORECASE)
_ONE = re.compile(r"(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?")
_LEADING = re.compile(rf"\s*(?:(?:\[\s*{_NAMED}\s*\]|【[^】]*】)\s*[.,;]?\s*)+", re.IGNORECASE)
_OPEN = re.compile(r"\s*(?:\[[^\]]{0,40}|【[^】]{0,40})?$")
_THOUGHT = re.compile(r"<think>.*?</think>\s*", re.DOTALL)
_THINKING = re.compile(r"<think>.*|<(?:t(?:h(?:i(?:n(?:k)?)?)?)?)?$", re.DOTALL)
_WIDEST = 20


@dataclass(frozen=True, slots=True)
class Written:
    """A finished sentence: without markers, with the numbers that it names in order, and what stands before it."""

    text: str
    numbers: tuple[int, ...]
    lead: str


def parse_markers(sentence: str) -> tuple[str, tuple[int, ...]]:
    """`sentence` without its markers, and the numbers that they name, each once. Understands [1], [1, 3], [1-3], [1][2],
    [source 2] and 【1】; a range of more than 20 numbers names nothing."""
    numbers: list[int] = []
    for match in _MARKER.finditer(sentence):
        for one in _ONE.finditer(match.group(1) or match.group(2)):
            low, high = int(one[1]), int(one[2] or one[1])
            if 0 <= high - low < _WIDEST:
                numbers += range(low, high + 1)
    return " ".join(_MARKER.sub("", sentence).split()), tuple(dict.fromkeys(numbers))


class SentenceStream:
    """Cuts a growing text into sentences. `feed` gives those that are finished; `tail` is the rest; `close` finishes it.

    A sentence is finished when the next one has begun, and a marker after a full stop belongs to the sentence before it.
    What a model thinks aloud between <think> tags is no part of the answer.
    """

    def __init__(self) -> None:
        self._text = ""
        self._given = 0

    @property
    def tail(self) -> str:
        return _THINKING.sub("", self._text[self._given :]).strip()

    def feed(self, piece: str) -> list[Written]:
        self._text = _THOUGHT.sub("", self._text[self._given :] + piece)
        self._given = 0
        return [] if _THINKING.search(self._text) else list(self._finished(last=False))

    def close(self) -> list[Written]:
        self._text = _THINKING.sub("", self._text[self._given :])
        self._given = 0
        return list(self._finished(last=True))

    def _finished(self, *, last: bool) -> Iterable[Written]:
        spans = _with_trailing_markers(self._text, self._given)
        if not last:
            spans = spans[:-1]
            if spans and _OPEN.match(self._text, spans[-1][1]):
                spans = spans[:-1]
        for start, end in spans:
            lead = _lead(self._text[self._given : start])
            self._given = end
            text, numbers = parse_markers(self._text[start:end])
            if text.strip(" .,;"):
                yield Written(text, numbers, lead)


def _lead(between: str) -> str:
    breaks = between.count("\n")
    return "\n\n" if breaks > 1 else "\n" if breaks else " " if between else ""


def _with_trailing_markers(text: str, begin: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in ((begin + s, begin + e) for s, e in unit_spans(text[begin:])):
        markers = _LEADING.match(text, start, end)
        body = markers.end() if markers and spans else start
        if body > start:
            spans[-1] = (spans[-1][0], len(text[:body].rstrip()))
        if body < end:
            spans.append((body, end))
    return spans
