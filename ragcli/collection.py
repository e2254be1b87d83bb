"""The documents of a BEIR folder as sources: one record a line, under its `_id`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ragcli.datatypes import Block, Document, Reading, SourceFile, source_id
from ragcli.evaluation.beir import CorpusEntry, read_corpus
from ragcli.text.sentences import trim

RECORD = "record"


class CollectionReader:
    """The records of the corpus in `folder`; one whose line did not change is not embedded again."""

    version = "1"
    redaction = ""  # judged collections are indexed as they are
    changed: Mapping[str, int] = {}

    def __init__(self, folder: Path) -> None:
        self._root = str(folder)
        self._entries = {source_id(self._root, entry.id): entry for entry in read_corpus(folder)}

    def sources(self) -> list[SourceFile]:
        """Every record, in the order of the file."""
        return [
            SourceFile(identity, entry.id, self._root, len(entry.raw), _stamp(entry), 0, "")
            for identity, entry in self._entries.items()
        ]

    def read(self, wanted: Iterable[tuple[SourceFile, str]]) -> Iterator[Reading]:
        """What each record holds, in their order; the known hash makes no difference."""
        for source, _ in wanted:
            entry = self._entries[source.document_id]
            document = _document(entry, source)
            content_hash = hashlib.sha256(entry.raw).hexdigest()
            yield Reading(content_hash, document) if document else Reading(content_hash, reason="empty", skipped=True)


def _stamp(entry: CorpusEntry) -> int:
    return int.from_bytes(hashlib.sha256(entry.raw).digest()[:7], "big")


def _document(entry: CorpusEntry, source: SourceFile) -> Document | None:
    text = entry.text if entry.text.strip() else entry.title
    span = trim(text, 0, len(text))
    if span is None:
        return None
    return Document(source.document_id, entry.id, RECORD, entry.title, text, (Block(*span, "paragraph"),))
