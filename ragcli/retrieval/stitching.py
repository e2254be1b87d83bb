"""Neighbouring chunks of one section become one passage, so that a reader gets the whole of what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ragcli.datatypes import Span
from ragcli.results import Hit, Passage, Place, ScoredChunk

MAX_CHUNKS = 3
MAX_TOKENS = 600


def stitch(
    chunks: Sequence[ScoredChunk],
    k: int,
    *,
    max_chunks: int = MAX_CHUNKS,
    max_tokens: int = MAX_TOKENS,
    alike: Mapping[str, Sequence[ScoredChunk]] = {},
) -> list[Hit]:
    """At most `k` hits, best first, from `chunks` in their order.

    A chunk joins the group of a better one when it directly precedes or follows it in the same section, the group has fewer
    than `max_chunks` chunks, and together they have at most `max_tokens` tokens. Each chunk is in at most one hit; a hit has
    the score and trace of its best chunk. `alike` maps a chunk's id to near-duplicates that were left out in its favour.
    """
    groups: list[list[ScoredChunk]] = []
    for candidate in chunks:
        group = next(
            (
                g
                for g in groups
                if len(g) < max_chunks
                and _touches(g, candidate)
                and sum(member.chunk.tokens for member in g) + candidate.chunk.tokens <= max_tokens
            ),
            None,
        )
        if group is not None:
            group.append(candidate)
        else:
            groups.append([candidate])
    return [
        Hit(_passage(group), group[0].score, rank, group[0].trace, _places(group, alike))
        for rank, group in enumerate(groups[:k], start=1)
    ]


def _places(group: Sequence[ScoredChunk], alike: Mapping[str, Sequence[ScoredChunk]]) -> tuple[Place, ...]:
    """Where else the same stands: in copies of the file, and in chunks that say nearly the same."""
    first = group[0]
    twins = [twin for member in group for twin in alike.get(member.chunk.chunk_id, ())]
    return tuple(
        Place(replace(entry.document, path=path, copies=()), entry.chunk.span)
        for entry in (first, *twins)
        for path in (() if entry is first else (entry.document.path,)) + entry.document.copies
    )


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
    tokens = sum(chunk.tokens for chunk in chunks)
    return Passage(members[0].document, ids, text, span, chunks[0].headings, sections, tokens)
