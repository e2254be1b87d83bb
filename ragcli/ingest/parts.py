"""What an ingest works with: the reader that it is given, its options, and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ragcli.datatypes import Reading, SourceFile
from ragcli.reports import Failure


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: files done of `files`, chunks embedded so far, and the file at hand."""

    done: int
    files: int
    chunks: int
    current: str


class Reader(Protocol):
    """Reads sources; see `ragcli.loaders.pool.FileReader`."""

    @property
    def version(self) -> str:
        """Changes when sources that could not be read may be readable; begins with a whole number."""

    @property
    def changed(self) -> Mapping[str, int]:
        """Type of document → the number of the version from which on it is read otherwise than before."""

    @property
    def redaction(self) -> str:
        """What it puts placeholders for; a document that was read with others is read again. Empty: for nothing."""

    def read(self, wanted: Iterable[tuple[SourceFile, str]]) -> Iterator[Reading]:
        """What became of each source, in their order; the text beside it is the content's hash that needs no reading."""


@dataclass(frozen=True, slots=True)
class Options:
    """`prune`: documents whose sources are gone leave. `tags`: given to everything that is seen. `retry`: sources that could
    not be read are read again; `unlock`: those that were encrypted are. `redaction_key`: what placeholders are made with, for
    an index to keep that has none yet."""

    prune: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    retry: bool = False
    unlock: bool = False
    redaction_key: str = ""


@dataclass(slots=True)
class Tally:
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    copies: int = 0
    chunks_added: int = 0
    chunks_embedded: int = 0
    failed: list[Failure] = field(default_factory=list)
    partial: list[Failure] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
