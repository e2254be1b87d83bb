"""What an ingest works with: the reader that it is given, its options, and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ragcli.datatypes import Reading, SourceFile
from ragcli.metadata import AccessTags
from ragcli.reports import Failure, IngestReport


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: files done of `files`, chunks embedded so far, the file at hand, and about how many seconds are
    left, None as long as that cannot be told."""

    done: int
    files: int
    chunks: int
    current: str
    left: float | None = None


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
    an index to keep that has none yet.

    `access`: the access tags of everything that is seen, in the place of those given before; None: these stay. `rules` give the
    other access tags, by path and root; None: those that there are stay. `access_before` are the tags of documents that a
    rebuild begins without, by id."""

    prune: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    retry: bool = False
    unlock: bool = False
    redaction_key: str = ""
    access: frozenset[str] | None = None
    rules: Callable[[str, str], frozenset[str]] | None = None
    access_before: Mapping[str, AccessTags] = field(default_factory=dict)

    def access_tags(self, source: SourceFile, before: AccessTags) -> AccessTags:
        """Those of a source that had `before`."""
        ruled = before.ruled if self.rules is None else self.rules(source.path, source.root)
        return AccessTags(ruled, before.given if self.access is None else self.access)


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

    def count(self, failure: Failure) -> None:
        """Count what was not read: as no document, or as failed."""
        if failure.skipped:
            self.skipped[failure.reason] += 1
        else:
            self.failed.append(failure)

    def report(
        self, counts: tuple[int, int], *, missing: int, seconds: float, interrupted: bool, warnings: Sequence[str]
    ) -> IngestReport:
        """What the run did; `counts` are the documents and chunks of the index now."""
        return IngestReport(
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            removed=self.removed,
            copies=self.copies,
            missing=missing,
            failed=tuple(sorted(self.failed, key=lambda failure: failure.path)),
            partial=tuple(sorted(self.partial, key=lambda failure: failure.path)),
            redacted=dict(sorted(self.redacted.items())),
            skipped=dict(sorted(self.skipped.items())),
            chunks_added=self.chunks_added,
            chunks_embedded=self.chunks_embedded,
            documents=counts[0],
            chunks=counts[1],
            seconds=seconds,
            interrupted=interrupted,
            warnings=tuple(warnings),
        )


def content_key(source: SourceFile) -> tuple[str, str]:
    """What two files must share to be copies: all bytes, and the suffix, which can decide how they are read."""
    return source.content_hash, Path(source.path).suffix.lower()
