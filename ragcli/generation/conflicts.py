"""Sources that say nearly the same with different figures."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.generation.citations import headings_at, narrow
from ragcli.prompts import Source
from ragcli.results import Citation, Dispute, Hit
from ragcli.text.figures import read_tokens
from ragcli.text.query import STOP_WORDS
from ragcli.text.units import unit_spans

_SAME = 0.75  # Jaccard similarity of two sentences' words, figures aside
_LEAST = 4
_LONGEST = 1000  # characters
Facts = tuple[frozenset[str], frozenset[str]]  # stems of the words of a sentence, and its figures


def conflicts(sources: Sequence[Source]) -> list[tuple[int, int]]:
    """Pairs of numbers of sources from different documents, in order, each with a sentence that differs from one of the
    other in its figures and hardly in its words."""
    read = [(source, facts_of(source.text, source.hit.passage.document.language)) for source in sources]
    found: list[tuple[int, int]] = []
    for i, (one, ours) in enumerate(read):
        for other, theirs in read[i + 1 :]:
            apart = one.hit.passage.document.path != other.hit.passage.document.path
            if apart and any(contradict(a, b) for a in ours for b in theirs):
                found.append((one.number, other.number))
    return found


def disputes(citations: Sequence[Citation], hits: Sequence[Hit]) -> list[Dispute]:
    """For each citation the first sentence of each other document among the hits that says nearly the same with other
    figures."""
    found: list[Dispute] = []
    cited = {(c.document.path, c.span.start, c.span.end): c.marker for c in citations}
    for citation in citations:
        own = _facts(citation.quote, citation.document.language)
        told = {citation.document.path}
        for hit in hits if own else ():
            passage = hit.passage
            if passage.document.path in told:
                continue
            for start, end in unit_spans(passage.text):
                theirs = _facts(passage.text[start:end], passage.document.language)
                if own and theirs and contradict(own, theirs):
                    span = narrow(hit, passage.span.start + start, passage.span.start + end)
                    headings, quote = headings_at(hit, span.start), passage.text[start:end]
                    other = cited.get((passage.document.path, span.start, span.end))
                    found.append(Dispute(citation.marker, passage.document, span, headings, quote, other))
                    told.add(passage.document.path)
                    break
    return found


def facts_of(text: str, language: str) -> list[Facts]:
    """Words and figures of those sentences that have enough words and a figure."""
    read = (_facts(text[start:end], language) for start, end in unit_spans(text))
    return [facts for facts in read if facts]


def _facts(sentence: str, language: str) -> Facts | None:
    """Words and figures of a sentence; None for one with too few words or without a figure, and for what is no sentence."""
    if len(sentence) > _LONGEST:
        return None
    tokens = read_tokens(sentence, language)
    words = frozenset(t.text for t in tokens if t.kind != "figure") - STOP_WORDS
    figures = frozenset(t.text for t in tokens if t.kind == "figure")
    return (words, figures) if len(words) >= _LEAST and figures else None


def contradict(a: Facts, b: Facts) -> bool:
    """Whether two sentences say nearly the same with other figures."""
    alike = len(a[0] & b[0]) >= _SAME * len(a[0] | b[0])
    return alike and not (a[1] <= b[1] or b[1] <= a[1])
