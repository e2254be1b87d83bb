"""Which of a question's evidence a ranking of hits holds, at which rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragcli.evaluation.gold import Evidence, GoldQuestion
from ragcli.results import Hit
from ragcli.text.folding import fold_quote


def gains(question: GoldQuestion, hits: Sequence[Hit], resolve: Callable[[str], str | None]) -> list[float]:
    """The relevance that each rank adds; evidence that a better rank already held adds nothing.

    `resolve` maps a gold path to the path in the index, or None; an empty path stays empty and stands for any document.
    When all evidence is whole documents, ranks count
    documents: a second passage of a document is left out of the ranking.
    """
    if all(item.is_document for item in question.evidence):
        ranking: list[list[Hit]] = [[hit] for hit in first_of_each_document(hits)]
    else:
        ranking = [[hit] for hit in hits]
    wanted = [(item, resolve(item.path), grade) for item, grade in zip(question.evidence, question.grades, strict=True)]
    found: list[float] = []
    for group in ranking:
        gain, rest = 0.0, []
        for item, path, grade in wanted:
            if path is not None and any((not path or path in paths_of(hit)) and holds(hit, item) for hit in group):
                gain += grade
            else:
                rest.append((item, path, grade))
        wanted = rest
        found.append(gain)
    return found


def paths_of(hit: Hit) -> set[str]:
    """Of the documents that say what the hit says: its own, and those whose near-duplicates it stands for."""
    return {hit.passage.document.path, *(place.document.path for place in hit.also_at)}


def _under(hit: Hit, heading: str) -> bool:
    wanted = fold_quote(heading)
    paths = [hit.passage.headings, *(section.headings for section in hit.passage.sections)]
    return any(wanted == fold_quote(title) for path in paths for title in path)


def first_of_each_document(hits: Sequence[Hit]) -> list[Hit]:
    seen: set[str] = set()
    return [hit for hit in hits if not (hit.passage.document.path in seen or seen.add(hit.passage.document.path))]  # type: ignore[func-returns-value]


def holds(hit: Hit, item: Evidence) -> bool:
    """Whether the passage, whose document is the right one, contains the evidence.

    A quotation longer than the passage counts as held when the passage lies inside it.
    """
    span = hit.passage.span
    on_page = (
        span.page_start is None or item.page is None or span.page_start <= item.page <= (span.page_end or item.page)
    )
    if not on_page or (item.heading and not _under(hit, item.heading)):
        return False
    if not item.quote:
        return True
    passage, quote = fold_quote(hit.passage.text), fold_quote(item.quote)
    return quote in passage or (len(passage) > 80 and passage in quote)
