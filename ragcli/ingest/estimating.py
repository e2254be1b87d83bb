"""How long an ingest will still take, from what reading and embedding took so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ragcli.datatypes import SourceFile

_BYTES_OF_A_CHUNK = {  # until files of the kind were read
    **dict.fromkeys((".pdf", ".pptx"), 15_000),
    **dict.fromkeys((".docx", ".odt", ".epub", ".xlsx"), 5_000),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".zip", ".gz", ".mp4", ".exe", ".so"), 10**12),
}
_BYTES_OF_A_CHUNK_OF_TEXT = 800
_FIRST = 0.02  # the share of the work after which an estimate is worth something


def long_last(sources: Sequence[SourceFile], chunks: int) -> list[SourceFile]:
    """The sources in their order, but those that look as if they had more than `chunks` chunks at the end, by size."""
    long = [source for source in sources if source.size > chunks * _bytes_of_a_chunk(_kind(source))]
    late = {source.document_id for source in long}
    return [s for s in sources if s.document_id not in late] + sorted(long, key=lambda source: source.size)


class Estimate:
    """The time that is left for a list of sources. Files of a kind (by suffix) are taken to have as many chunks for their
    bytes, and to take as long for them, as those that were read; each chunk to take as long as those that were embedded."""

    def __init__(self, sources: Sequence[SourceFile]) -> None:
        self._left: Counter[str] = Counter()  # kind → bytes that were not read yet
        for source in sources:
            self._left[_kind(source)] += source.size
        self._read: Counter[str] = Counter()  # kind → bytes
        self._chunks: Counter[str] = Counter()  # kind → chunks of what was read
        self._reading: Counter[str] = Counter()  # kind → microseconds
        self._embedding = 0.0
        self._finished = 0  # chunks

    def read(self, source: SourceFile, seconds: float, chunks: int) -> None:
        """A source was waited for so long, and has so many chunks."""
        kind = _kind(source)
        self._left[kind] -= source.size
        self._read[kind] += source.size
        self._chunks[kind] += chunks
        self._reading[kind] += round(seconds * 1e6)

    def embedded(self, seconds: float, chunks: int) -> None:
        """So many chunks of what was read are in the index now, which took so long."""
        self._embedding += seconds
        self._finished += chunks

    def seconds_left(self) -> float | None:
        """None as long as too little is known."""
        waiting = self._chunks.total() - self._finished
        coming = sum(size * self._share(kind) for kind, size in self._left.items())
        total = self._finished + waiting + coming
        if not self._finished or self._finished < _FIRST * total:
            return None
        rate = self._reading.total() / max(1, self._read.total())
        reading = sum(
            size * (self._reading[kind] / self._read[kind] if self._read[kind] else rate)
            for kind, size in self._left.items()
        )
        return (waiting + coming) * self._embedding / self._finished + reading / 1e6

    def _share(self, kind: str) -> float:
        """Chunks of a byte."""
        if self._read[kind]:
            return self._chunks[kind] / self._read[kind]
        return 1 / _bytes_of_a_chunk(kind)


def _bytes_of_a_chunk(kind: str) -> int:
    return _BYTES_OF_A_CHUNK.get(kind, _BYTES_OF_A_CHUNK_OF_TEXT)


def _kind(source: SourceFile) -> str:
    return Path(source.path).suffix.lower()
