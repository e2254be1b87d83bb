"""What would betray a document that was forgotten, and searching files for it byte by byte."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHORTEST = 6  # bytes of what is searched for: fewer would be met by chance
_PIECE = 1 << 22  # bytes of a file that are looked at together
_BITS = 20
_FACTOR = 0x9E3779B97F4A7C15  # odd, with evenly spread bits, so that products spread as well


@dataclass(frozen=True, slots=True)
class Traces:
    """What only forgotten documents hold: `words` of their texts, `names` (paths and names of their files, ids of documents)
    and `vectors` (bytes of their embeddings, whole ones and slices). Each is at least `SHORTEST` bytes long."""

    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    vectors: frozenset[bytes] = frozenset()

    def patterns(self) -> dict[bytes, tuple[str, str | bytes]]:
        """Bytes to look for → (kind, which one): texts as UTF-8, as UTF-16 in both orders, and escaped as in JSON."""
        found: dict[bytes, tuple[str, str | bytes]] = {vector: ("vector", vector) for vector in self.vectors}
        for kind, texts in (("word", self.words), ("name", self.names)):
            for text in texts:
                found |= dict.fromkeys(_written(text), (kind, text))
        return found


@dataclass(frozen=True, slots=True)
class Remainder:
    """How many different traces of one kind (word, name or vector) a file holds; `place` is the file's path."""

    place: Path
    kind: str
    count: int


def _written(text: str) -> Iterator[bytes]:
    for encoded in (
        text.encode("utf-8", "surrogateescape" if any("\udc80" <= c <= "\udcff" for c in text) else "surrogatepass"),
        text.encode("utf-16-le", "surrogatepass"),
        text.encode("utf-16-be", "surrogatepass"),
        json.dumps(text)[1:-1].encode(),
    ):
        if len(encoded) >= SHORTEST:
            yield encoded


def search(files: Iterable[Path], traces: Traces) -> tuple[list[Remainder], int]:
    """What the files still hold of `traces`, in the order of the files, and how many bytes were read. A file that is gone holds
    nothing. Raises OSError for one that cannot be read."""
    patterns, found, read = traces.patterns(), list[Remainder](), 0
    if not patterns:
        return [], sum(file.stat().st_size for file in files if file.is_file())
    by_start: dict[bytes, list[bytes]] = {}
    for pattern in patterns:
        by_start.setdefault(pattern[:SHORTEST], []).append(pattern)
    table = _table(by_start)
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            continue
        read += len(content)
        held = {patterns[pattern] for pattern in _occurring(content, by_start, table)}
        for kind in ("word", "name", "vector"):
            count = sum(entry[0] == kind for entry in held)
            if count:
                found.append(Remainder(file, kind, count))
    return found, read


def _occurring(content: bytes, by_start: dict[bytes, list[bytes]], table: NDArray[np.bool_]) -> set[bytes]:
    """The patterns that occur in `content`. A table over a hash of the first bytes leaves few places to compare at."""
    import numpy as np

    found: set[bytes] = set()
    for first in range(0, len(content), _PIECE):
        piece = np.frombuffer(content, np.uint8)[first : first + _PIECE + SHORTEST - 1]
        for place in (np.flatnonzero(table[_hashes(piece)]) + first).tolist():
            for pattern in by_start.get(content[place : place + SHORTEST], ()):
                if content.startswith(pattern, place):
                    found.add(pattern)
    return found


def _table(starts: Iterable[bytes]) -> NDArray[np.bool_]:
    import numpy as np

    table = np.zeros(1 << _BITS, dtype=np.bool_)
    for start in starts:
        table[_hashes(np.frombuffer(start, np.uint8))] = True
    return table


def _hashes(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """A number below 2**_BITS for each `SHORTEST` consecutive bytes (multiplicative hashing; Knuth, TAOCP 3, 6.4)."""
    import numpy as np

    count = max(len(data) - SHORTEST + 1, 0)
    keys = np.zeros(count, dtype=np.uint64)
    for i in range(SHORTEST):
        keys |= data[i : i + count].astype(np.uint64) << np.uint64(8 * i)
    return ((keys * np.uint64(_FACTOR)) >> np.uint64(64 - _BITS)).astype(np.int64)
