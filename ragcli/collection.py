"""The documents of a BEIR folder as ingest items: one record a line, under its `_id`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from ragcli.datatypes import Block, Document, Item, SourceFile, source_id
from ragcli.errors import NotADocument
from ragcli.evaluation.beir import CorpusEntry, read_corpus
from ragcli.text.sentences import trim

RECORD = "record"


def collection_items(folder: Path) -> list[Item]:
    """Every line of the corpus as an item; one whose line did not change is not embedded again."""
    return [_item(entry, str(folder)) for entry in read_corpus(folder)]


def _item(entry: CorpusEntry, root: str) -> Item:
    stamp = int.from_bytes(hashlib.sha256(entry.raw).digest()[:7], "big")
    source = SourceFile(source_id(root, entry.id), entry.id, root, len(entry.raw), stamp, 0, "")
    load: Callable[[bytes], Document] = lambda _: _document(entry, root)  # noqa: E731
    return Item(source, read=lambda: entry.raw, load=load)


def _document(entry: CorpusEntry, root: str) -> Document:
    text = entry.text if entry.text.strip() else entry.title
    span = trim(text, 0, len(text))
    if span is None:
        raise NotADocument("empty")
    return Document(source_id(root, entry.id), entry.id, RECORD, entry.title, text, (Block(*span, "paragraph"),))
