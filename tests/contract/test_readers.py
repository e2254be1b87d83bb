"""What everything that reads sources promises: a reading for each, in their order, with the hash that makes the next one cheap."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragcli.collection import CollectionReader
from ragcli.datatypes import SourceFile
from ragcli.ingest import Reader
from ragcli.loaders.limits import Limits
from ragcli.loaders.pool import FileReader
from ragcli.loaders.reading import Options
from ragcli.sources.scanning import Found, open_source, scan

TEXTS = {"a": "The first text.", "b": "", "c": "The third text."}


@dataclass
class Case:
    reader: Reader
    sources: list[SourceFile]


@pytest.fixture(params=["files", "collection"])
def case(request: pytest.FixtureRequest, write: Callable[[str, str], Path], work: Path) -> Iterator[Case]:
    if request.param == "collection":
        rows = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in TEXTS.items()]
        write("set/corpus.jsonl", "\n".join(rows))
        write("set/queries.jsonl", "")
        reader = CollectionReader(work / "set")
        yield Case(reader, reader.sources())
        return
    for name, text in TEXTS.items():
        write(f"docs/{name}.txt", text)
    found = [entry for entry in scan(work / "docs", work, work / ".rag") if isinstance(entry, Found)]
    places = {entry.source.document_id: entry.location for entry in found}
    files = FileReader(Limits(), Options(), lambda source: open_source(places[source.document_id]))
    yield Case(files, [entry.source for entry in found])
    files.close()


def test_every_source_has_a_reading_in_its_order(case: Case) -> None:
    readings = list(case.reader.read((source, "") for source in case.sources))
    assert [reading.document.text if reading.document else "" for reading in readings] == list(TEXTS.values())
    assert [bool(reading.reason) for reading in readings] == [False, True, False]
    for source, reading in zip(case.sources, readings, strict=True):
        assert reading.document is None or reading.document.document_id == source.document_id


def test_what_is_empty_is_skipped_and_no_fault(case: Case) -> None:
    reading = list(case.reader.read((source, "") for source in case.sources))[1]
    assert (reading.reason, reading.skipped) == ("empty", True)


def test_the_hash_is_that_of_the_content_and_does_not_change(case: Case) -> None:
    first, again = (list(case.reader.read((source, "") for source in case.sources)) for _ in range(2))
    assert [reading.content_hash for reading in first] == [reading.content_hash for reading in again]
    assert len({reading.content_hash for reading in first}) == len(TEXTS)


def test_a_known_hash_never_changes_what_is_read(case: Case) -> None:
    first = list(case.reader.read((source, "") for source in case.sources))
    known = [(source, reading.content_hash) for source, reading in zip(case.sources, first, strict=True)]
    for before, now in zip(first, case.reader.read(known), strict=True):
        assert now.content_hash == before.content_hash
        assert now.document in (None, before.document)


def test_nothing_wanted_gives_nothing(case: Case) -> None:
    assert list(case.reader.read([])) == []
    assert case.reader.version
