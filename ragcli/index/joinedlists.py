"""What several indexes list, as one list: the half of `ragcli.index.joined` that needs neither words nor vectors.

Ids carry the name of the index that they come from (`NAME/ID`), since two indexes may hold documents at the same relative path,
which then have the same id. Paths stay what each index says: relative to the folder that holds it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from ragcli.errors import IndexIncompatible
from ragcli.index.entries import PAGE, Counts, Listing

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, DocumentRecord, SourceFile
    from ragcli.index.manifest import Manifest
    from ragcli.index.pages import Entry
    from ragcli.index.protocol import Reader
    from ragcli.reports import EngineState, Failure

T = TypeVar("T", bound="Entry")


class JoinedLists:
    """Several readers, by name, as one `Catalog`; see `ragcli.index.protocol`."""

    def __init__(self, members: Mapping[str, Reader]) -> None:
        self.members = dict(members)
        self._in_order = sorted(members, key=lambda name: f"{name}/")  # as the ids that begin so

    def close(self) -> None:
        for member in self.members.values():
            member.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A committed state of each; a commit to one of them may come between two."""
        with ExitStack() as held:
            for member in self.members.values():
                held.enter_context(member.snapshot())
            yield

    def generation(self) -> object:
        return tuple(member.generation() for member in self.members.values())

    @property
    def manifest(self) -> Manifest:
        """What holds of all of them. Raises IndexIncompatible, naming both sides, where their vectors cannot be compared."""
        manifests = {name: member.manifest for name, member in self.members.items()}
        first, *others = manifests.values()
        for name, other in zip(list(manifests)[1:], others, strict=True):
            _check_comparable(next(iter(manifests)), first, name, other)
        alike = all(dict(other.chunker) == dict(first.chunker) for other in others)
        return replace(
            first,
            generation=sum(manifest.generation for manifest in manifests.values()),
            chunker=first.chunker if alike else {"strategy": "several"},
            created=min(manifest.created for manifest in manifests.values()),
            updated=max(manifest.updated for manifest in manifests.values()),
            languages=tuple(sorted({code for manifest in manifests.values() for code in manifest.languages})),
            id=" ".join(manifest.id for manifest in manifests.values()),
            chroma={},
            redaction_key="",
        )

    @property
    def format(self) -> int:
        return max(member.format for member in self.members.values())

    def document_chunks(self, document_id: str) -> Sequence[Chunk]:
        name, own = parted(document_id)
        member = self.members.get(name)
        return [named_chunk(name, chunk) for chunk in member.document_chunks(own)] if member else []

    def page(self, after: str = "", limit: int = PAGE) -> Sequence[Listing]:
        return self._paged(after, limit, lambda member, own, most: member.page(own, most), named_listing)

    def files(self, after: str = "", limit: int = PAGE) -> Sequence[SourceFile]:
        return self._paged(after, limit, lambda member, own, most: member.files(own, most), named_source)

    def _paged(
        self,
        after: str,
        limit: int,
        read: Callable[[Reader, str, int], Sequence[T]],
        named: Callable[[str, T], T],
    ) -> list[T]:
        found: list[T] = []
        for name in self._in_order:
            beginning = f"{name}/"
            if len(found) < limit and (after < beginning or after.startswith(beginning)):
                own = after[len(beginning) :] if after.startswith(beginning) else ""
                found += [named(name, entry) for entry in read(self.members[name], own, limit - len(found))]
        return found

    def listings(self, document_ids: Sequence[str]) -> Sequence[Listing]:
        asked = by_name(document_ids)
        return [
            named_listing(name, entry)
            for name in self._in_order
            if asked.get(name)
            for entry in self.members[name].listings(asked[name])
        ]

    def find(self, paths: Sequence[str]) -> Mapping[str, DocumentRecord]:
        """Of several indexes with a document at one path, the first. `NAME/PATH` means that of one index."""
        found: dict[str, DocumentRecord] = {}
        for name, member in self.members.items():
            asked = _asked_of(name, paths)
            for path, record in member.find(list(asked)).items():
                found.setdefault(asked[path], named_document(name, record))
        return found

    def sources(self, paths: Sequence[str]) -> Mapping[str, SourceFile]:
        """As `find`."""
        found: dict[str, SourceFile] = {}
        for name, member in self.members.items():
            asked = _asked_of(name, paths)
            for path, source in member.sources(list(asked)).items():
                found.setdefault(asked[path], named_source(name, source))
        return found

    def roots(self) -> Sequence[str]:
        return [root for member in self.members.values() for root in member.roots()]

    def failures(self, *, skipped: bool = False) -> Sequence[Failure]:
        found = (entry for member in self.members.values() for entry in member.failures(skipped=skipped))
        return sorted(found, key=lambda failure: failure.path)

    def partly_read(self) -> Sequence[Failure]:
        found = (entry for member in self.members.values() for entry in member.partly_read())
        return sorted(found, key=lambda failure: failure.path)

    def redacted(self) -> Mapping[str, int]:
        return _added(member.redacted() for member in self.members.values())

    def folders(self) -> Sequence[str]:
        return sorted({folder for member in self.members.values() for folder in member.folders()})

    def type_counts(self) -> Mapping[str, int]:
        counts = _added(member.type_counts() for member in self.members.values())
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))

    def counts(self, window: int) -> Counts:
        each = [member.counts(window) for member in self.members.values()]
        return Counts(*(sum(numbers) for numbers in zip(*each, strict=True)))

    def fingerprint(self, *, documents: bool = True) -> str:
        each = [member.fingerprint(documents=documents) for member in self.members.values()]
        return hashlib.sha256(" ".join(each).encode()).hexdigest()[:16]

    def engine_state(self, setting: str) -> EngineState:
        """That of the first one that does not answer as the setting says, else of the first."""
        states = [member.engine_state(setting) for member in self.members.values()]
        return next((state for state in states if state.answers != setting), states[0])

    def calibration(self) -> Mapping[str, Any] | None:
        """None: what was fitted to one of them does not hold for all."""
        return None

    def disk_usage(self) -> Mapping[str, int]:
        return _added(member.disk_usage() for member in self.members.values())

    def check(self) -> list[str]:
        return [f"{name}: {problem}" for name, member in self.members.items() for problem in member.check()]


def _asked_of(name: str, paths: Sequence[str]) -> dict[str, str]:
    """Path in the index `name` → what it is called in `paths`: itself, or `NAME/PATH`."""
    return {path.removeprefix(f"{name}/"): path for path in paths if path.startswith(f"{name}/")} | {
        path: path for path in paths
    }


def parted(identity: str) -> tuple[str, str]:
    """`NAME/ID` as name and id; an id without a name is that of no index."""
    name, _, own = identity.rpartition("/")
    return name, own


def by_name(identities: Sequence[str]) -> dict[str, list[str]]:
    """Name → the ids of that index among `identities`, in their order."""
    found: dict[str, list[str]] = {}
    for name, own in map(parted, identities):
        found.setdefault(name, []).append(own)
    return found


def named_document(name: str, document: DocumentRecord) -> DocumentRecord:
    return replace(document, document_id=f"{name}/{document.document_id}", collection=name)


def named_chunk(name: str, chunk: Chunk) -> Chunk:
    return replace(chunk, chunk_id=f"{name}/{chunk.chunk_id}", document_id=f"{name}/{chunk.document_id}")


def named_source(name: str, source: SourceFile) -> SourceFile:
    return replace(source, document_id=f"{name}/{source.document_id}")


def named_listing(name: str, entry: Listing) -> Listing:
    copies = tuple(named_source(name, copy) for copy in entry.copies)
    return Listing(named_document(name, entry.document), named_source(name, entry.source), copies)


def _added(each: Iterator[Mapping[str, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for numbers in each:
        counts.update(numbers)
    return dict(counts)


def _check_comparable(name: str, first: Manifest, other_name: str, other: Manifest) -> None:
    """Scores by vectors compare only where the same model made them, and where sentences have vectors in both or in neither."""
    if dict(first.embedder) != dict(other.embedder):
        one, two = first.embedder.get("name"), other.embedder.get("name")
        same = f" ({_differing(first.embedder, other.embedder)})" if one == two else ""
        raise IndexIncompatible(
            f"{name} and {other_name} cannot be searched at once: {name} was made with the embedding model {one}, "
            f"{other_name} with {two}{same}",
            hint=f"rag ingest --rebuild -c {other_name} --embedding-model {first.model_source or one} makes it anew",
        )
    if first.sentences != other.sentences:
        with_them, without = (name, other_name) if first.sentences else (other_name, name)
        raise IndexIncompatible(
            f"{name} and {other_name} cannot be searched at once: {with_them} has vectors of sentences, {without} has none",
            hint=f"rag ingest -c {without} --sentences adds them",
        )


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    keys = (key for key in sorted({*one, *other}) if one.get(key) != other.get(key))
    return ", ".join(f"{key} {str(one.get(key))[:16]} and {str(other.get(key))[:16]}" for key in islice(keys, 3))
