"""Neighbouring chunks of one section become one passage, so that a reader gets the whole of what was found."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.datatypes import Hit, Passage, ScoredChunk, Span

MAX_CHUNKS = 3


def stitch(chunks: Sequence[ScoredChunk], k: int, *, max_chunks: int = MAX_CHUNKS) -> list[Hit]:
    """At most `k` hits, best first, from `chunks` in order of score.

    A chunk joins the group of a better one when it directly precedes or follows it in the same section and the group has
    fewer than `max_chunks` chunks. Each chunk is in at most one hit; a hit has the score and trace of its best chunk.
    """
    groups: list[list[ScoredChunk]] = []
    for candidate in chunks:
        group = next((g for g in groups if len(g) < max_chunks and _touches(g, candidate)), None)
        if group is not None:
            group.append(candidate)
        else:
            groups.append([candidate])
    return [
        Hit(_passage(group), group[0].score, rank, group[0].trace) for rank, group in enumerate(groups[:k], start=1)
    ]


def _touches(group: Sequence[ScoredChunk], candidate: ScoredChunk) -> bool:
    best = group[0].chunk
    if candidate.chunk.document_id != best.document_id or candidate.chunk.headings != best.headings:
        return False
    ordinals = [member.chunk.ordinal for member in group]
    return candidate.chunk.ordinal in (min(ordinals) - 1, max(ordinals) + 1)


def _passage(group: Sequence[ScoredChunk]) -> Passage:
    members = sorted(group, key=lambda member: member.chunk.ordinal)
    chunks = [member.chunk for member in members]
    first, last = chunks[0].span, chunks[-1].span
    text = "".join(chunk.text + chunk.tail for chunk in chunks[:-1]) + chunks[-1].text
    span = Span(first.start, last.end, first.page_start, last.page_end, first.line_start, last.line_end)
    sections = tuple(section for chunk in chunks for section in chunk.sections)
    ids = tuple(chunk.chunk_id for chunk in chunks)
    return Passage(members[0].document, ids, text, span, chunks[0].headings, sections)
