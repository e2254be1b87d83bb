"""Sources that say nearly the same with different figures."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.results import Source
from ragcli.text.figures import read_tokens
from ragcli.text.query import STOP_WORDS
from ragcli.text.units import unit_spans

_SAME = 0.75  # Jaccard similarity of two sentences' words, figures aside
_LEAST = 4


def conflicts(sources: Sequence[Source]) -> list[tuple[int, int]]:
    """Pairs of numbers of sources from different documents, in order, each with a sentence that differs from one of the
    other in its figures and hardly in its words."""
    read = [(source, _sentences(source)) for source in sources]
    found: list[tuple[int, int]] = []
    for i, (one, ours) in enumerate(read):
        for other, theirs in read[i + 1 :]:
            apart = one.hit.passage.document.path != other.hit.passage.document.path
            if apart and any(_contradict(a, b) for a in ours for b in theirs):
                found.append((one.number, other.number))
    return found


def _sentences(source: Source) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Words and figures of each sentence that has both."""
    found = []
    for start, end in unit_spans(source.text):
        tokens = read_tokens(source.text[start:end], source.hit.passage.document.language)
        words = frozenset(t.text for t in tokens if t.kind != "figure") - STOP_WORDS
        figures = frozenset(t.text for t in tokens if t.kind == "figure")
        if len(words) >= _LEAST and figures:
            found.append((words, figures))
    return found


def _contradict(a: tuple[frozenset[str], frozenset[str]], b: tuple[frozenset[str], frozenset[str]]) -> bool:
    alike = len(a[0] & b[0]) >= _SAME * len(a[0] | b[0])
    return alike and not (a[1] <= b[1] or b[1] <= a[1])
