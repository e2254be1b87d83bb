"""Neighbouring chunks of one section become one passage, so that a reader gets the whole of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from ragcli.datatypes import HEADER_SEPARATOR, Chunk, DocumentRecord, Section, Span
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
        Hit(
            _passage(group[0].document, sorted((member.chunk for member in group), key=lambda chunk: chunk.ordinal)),
            group[0].score,
            rank,
            group[0].trace,
            _places(group, alike),
        )
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


def grow(
    hits: Sequence[Hit], k: int, chunks_of: Callable[[str], Sequence[Chunk]], *, max_tokens: int = MAX_TOKENS
) -> list[Hit]:
    """At most `k` hits, each with what follows and precedes it in its section, as far as `max_tokens` allow; a hit that lies in
    the passage of a better one is left out. `chunks_of` gives the chunks of a document in order."""
    grown: list[Hit] = []
    taken: set[str] = set()
    for hit in hits:
        if len(grown) == k:
            break
        if taken.intersection(hit.passage.chunk_ids):
            continue
        chunks = _section_around(chunks_of(hit.passage.document.document_id), hit, taken, max_tokens)
        taken.update(chunk.chunk_id for chunk in chunks)
        grown.append(replace(hit, passage=_passage(hit.passage.document, chunks), rank=len(grown) + 1))
    return grown


def _section_around(chunks: Sequence[Chunk], hit: Hit, taken: Set[str], max_tokens: int) -> Sequence[Chunk]:
    inside = [i for i, chunk in enumerate(chunks) if chunk.chunk_id in hit.passage.chunk_ids]
    low, high = inside[0], inside[-1] + 1
    headings = chunks[low].headings
    tokens = sum(chunk.tokens for chunk in chunks[low:high])
    growing = True
    while growing:
        growing = False
        for place in (high, low - 1):
            if (
                0 <= place < len(chunks)
                and chunks[place].headings == headings
                and chunks[place].chunk_id not in taken
                and tokens + chunks[place].tokens <= max_tokens
            ):
                tokens += chunks[place].tokens
                low, high = min(low, place), max(high, place + 1)
                growing = True
    return chunks[low:high]


def _passage(document: DocumentRecord, chunks: Sequence[Chunk]) -> Passage:
    first, last = chunks[0].span, chunks[-1].span
    text = "".join(chunk.text + chunk.tail for chunk in chunks[:-1]) + chunks[-1].text
    span = Span(first.start, last.end, first.page_start, last.page_end, first.line_start, last.line_end)
    sections = tuple(section for chunk in chunks for section in chunk.sections)
    ids = tuple(chunk.chunk_id for chunk in chunks)
    tokens = sum(chunk.tokens for chunk in chunks)
    blocks = tuple(dict.fromkeys(block for chunk in chunks for block in chunk.blocks))
    return Passage(document, ids, text, span, chunks[0].headings, sections, tokens, blocks, _columns(chunks[0]))


def _columns(chunk: Chunk) -> str:
    """The first row of the table whose later rows the chunk begins with."""
    if not chunk.blocks or chunk.blocks[0].kind != "table" or chunk.blocks[0].start >= chunk.span.start:
        return ""
    return chunk.header.rpartition(HEADER_SEPARATOR)[2]


def widen(hits: Sequence[Hit], around: Callable[[Sequence[str]], Sequence[Chunk]]) -> list[Hit]:
    """The hits with their surroundings: the passage of the consecutive chunks that `around` gives for the ids of a hit's
    chunks, which are among them."""
    wide: list[Hit] = []
    for hit in hits:
        chunks = around(hit.passage.chunk_ids)
        if chunks:
            sections = tuple(s for c in chunks for s in c.sections or (Section(c.span.start, c.headings),))
            passage = replace(_passage(hit.passage.document, chunks), headings=hit.passage.headings, sections=sections)
            wide.append(replace(hit, surroundings=passage))
        else:
            wide.append(hit)
    return wide
