"""Indexes of every released format open, answer, and take in more; newer ones are refused by name."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ragcli.index.sqlite.schema import FORMAT
from tests.helpers.indexes import altered

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = sorted(FIXTURES.glob("index-v*"))


def test_there_is_a_fixture_of_this_format() -> None:
    assert FIXTURES / f"index-v{FORMAT}" in FORMATS


@pytest.mark.parametrize("fixture", FORMATS, ids=lambda path: path.name)
def test_an_index_of_a_released_format_answers_and_grows(rag, write: Callable[[str, str], Path], fixture: Path) -> None:
    shutil.copytree(fixture, ".rag")
    if fixture.name != f"index-v{FORMAT}":
        assert "rag ingest" in json.loads(rag("query", "annual leave", "--json", code=5).stdout)["hint"]
    write("more.txt", "A new document about parking.")
    report = json.loads(rag("ingest", "more.txt", "--json").stdout)
    assert (report["added"], report["documents"], report["chunks_embedded"]) == (1, 3, 1)
    assert json.loads(rag("query", "annual leave", "--json").stdout)["hits"][0]["path"] == "leave.md"
    assert json.loads(rag("doctor", "--json").stdout)["sound"] is True


@pytest.mark.parametrize("fixture", FORMATS, ids=lambda path: path.name)
def test_an_ingest_of_everything_upgrades_an_index_of_a_released_format(rag, fixture: Path) -> None:
    shutil.copytree(fixture, ".rag")
    assert json.loads(rag("ingest", "--json").stdout)["missing"] == 2
    assert json.loads(rag("query", "annual leave", "--json").stdout)["hits"][0]["path"] == "leave.md"
    assert json.loads(rag("ingest", "--sentences", "--json").stdout)["chunks_embedded"] == (
        2 if fixture.name == "index-v1" else 0  # format 1 had no sentence vectors
    )
    assert json.loads(rag("stats", "--json").stdout)["sentences"] is True


def test_a_newer_format_is_refused_by_its_number(rag) -> None:
    shutil.copytree(FORMATS[-1], ".rag")
    with sqlite3.connect(".rag/catalog.sqlite3") as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    for command in (["query", "leave"], ["ingest", "."]):
        shown = rag(*command, code=5).stderr
        assert f"format {FORMAT + 1}" in shown
        assert f"reads up to {FORMAT}" in shown


def test_what_an_older_reader_read_otherwise_is_read_again_once(rag, write: Callable[[str, str], Path]) -> None:
    write("terms.html", "<dl><dt>Fee</dt><dd>What you pay first.</dd></dl>")
    write("notes.csv", "day,note\nMonday,rain\n")
    rag("ingest", ".")
    with altered(Path(".rag")) as connection:
        connection.execute("UPDATE documents SET reader = '2+ocr:eng' || substr(reader, instr(reader, '+redaction'))")
    report = json.loads(rag("ingest", ".", "--json").stdout)
    assert (report["updated"], report["unchanged"], report["chunks_embedded"]) == (1, 1, 0)
    assert json.loads(rag("ingest", ".", "--json").stdout)["unchanged"] == 2
