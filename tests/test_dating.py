"""When a document is of: dates in text, and what a document, its name and its file say."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.text.dates import PartialDate, find_dates, parse_iso
from ragcli.text.dating import date_from, dated_metadata, dated_opening
from tests.conftest import Rag


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on 1 January 2025", ["2025-01-01"]),
        ("Jan 5, 2024 and 2024-03-15", ["2024-01-05", "2024-03-15"]),
        ("am 3. März 2024 und 15.3.2024", ["2024-03-03", "2024-03-15"]),
        ("le 1er mars 2024, el 5 de mayo de 2023", ["2024-03-01", "2023-05-05"]),
        ("3/15/2024, 15/3/2024", ["2024-03-15", "2024-03-15"]),
        ("3/4/2024", ["2024"]),
        ("March 2024, Sept. 2023", ["2024-03", "2023-09"]),
        ("in 2023", ["2023"]),
        ("31 February 2024", ["2024-02"]),
        ("room 2023b, 2,023 or $2023, v2024.1, 1.2.2023.4", []),
        ("no date, 12 of 30", []),
    ],
)
def test_dates_are_read_as_exactly_as_they_are_written(text: str, dates: list[str]) -> None:
    assert [entry.date.iso for entry in find_dates(text)] == dates


@given(st.text(alphabet="0123456789-/. JanuryMch,\n", max_size=60))
def test_found_dates_are_in_order_and_do_not_overlap(text: str) -> None:
    found = find_dates(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(parse_iso(entry.date.iso) == entry.date for entry in found)


def test_a_date_is_earlier_only_when_that_is_certain() -> None:
    march, year = PartialDate(2024, 3), PartialDate(2024)
    assert PartialDate(2023).before(march)
    assert march.before(PartialDate(2024, 4, 1))
    assert not march.before(year)
    assert not year.before(march)
    assert not march.before(march)
    assert (year.shown, march.shown, PartialDate(2024, 3, 5).shown) == ("2024", "March 2024", "5 March 2024")


@pytest.mark.parametrize(
    ("opening", "date"),
    [
        ("# Leave\n\nEffective 1 July 2026. This version replaces the one of October 2016.", "2026-07-01"),
        ("Adopted 9 February 2026, in force from 1 March 2026.", "2026-03-01"),
        ("Revision history\n\n1 | Jun 1 2018 | first\n2 | Mar 3 2025 | no rotation", "2025-03-03"),
        ("Report\nLast updated: 2024-02-01\n", "2024-02-01"),
        ("Richtlinie\nStand: März 2024\n", "2024-03"),
        ("Version 2.1, 4 May 2023", "2023-05-04"),
        ("Zurich, 5 May 2023\n\nDear all,", "2023-05-05"),
        ("# Changes\n\n5 May 2023\n\nNew pump.\n\n3 March 2022\n\nOld pump.", None),
        ("This offer is valid until 31 December 2024.", None),
        ("As we said, as of 2019 there were 30 of us.", None),
        ("The castle was built in 1904 and burnt down on 3 May 1911.", None),
    ],
)
def test_the_first_lines_say_when_a_document_is_of(opening: str, date: str | None) -> None:
    found = dated_opening(opening)
    assert (found.date.iso if found else None) == date


@pytest.mark.parametrize(
    ("path", "title", "date", "by"),
    [
        ("2024-03-contract.pdf", "", "2024-03", "name"),
        ("report_2023.docx", "", "2023", "name"),
        ("handbook v2 (March 2025).pdf", "", "2025-03", "name"),
        ("20240301_minutes.txt", "", "2024-03-01", "name"),
        ("minutes-15-03-2024.md", "", "2024-03-15", "name"),
        ("minutes.md", "Meeting of 4 May 2021", "2021-05-04", "title"),
        ("posts/2023/10/news.html", "News", "2023-10", "folder"),
        ("2019/x.md", "", "2019", "folder"),
        ("CVE-2023-1234.md", "CVE-2023-1234", None, None),
        ("iso-27001-2022.pdf", "ISO 27001:2022", None, None),
        ("model-3000.pdf", "", None, None),
    ],
)
def test_title_name_and_folders_date_what_does_not_date_itself(
    path: str, title: str, date: str | None, by: str | None
) -> None:
    found = date_from(path, title, "text", {})
    assert (found.date.iso, found.by) == (date, by) if found else (date, by) == (None, None)


def test_what_a_document_says_of_itself_comes_before_what_its_file_says() -> None:
    file = {"created": "2025-06-01T10:00:00Z", "modified": "2025-07-01T10:00:00Z"}
    said = dated_metadata("docx", "Effective 1 July 2024", file)
    assert said == {"dated": "2024-07-01", "dated_by": "text"}
    assert date_from("2023.docx", "", "docx", said) == (PartialDate(2024, 7, 1), "text")
    kept = dated_metadata("docx", "Nothing is said.", file)
    assert kept == {"dated": "2025-07-01", "dated_by": "properties"}
    assert date_from("2023.docx", "", "docx", kept) == (PartialDate(2023), "name")
    assert date_from("a.docx", "", "docx", kept) == (PartialDate(2025, 7, 1), "properties")
    front = dated_metadata("markdown", "Nothing is said.", {"created": "2022-01-05"})
    assert date_from("2023.md", "", "markdown", front) == (PartialDate(2022, 1, 5), "metadata")


def test_dates_that_nobody_set_are_none() -> None:
    for value in ("2013-12-23T23:15:00Z", "2000-01-01T00:00:00", "1980-01-01T00:00:00"):
        assert dated_metadata("docx", "", {"created": value, "modified": value}) == {}


def test_an_index_made_before_dates_were_kept_is_dated_without_the_time_of_the_file() -> None:
    assert date_from("a.md", "", "markdown", {"modified": "2026-11-24T09:52:39"}) is None
    assert date_from("a.md", "", "markdown", {"created": "2022-01-05", "modified": "2026-11-24T09:52:39"}) == (
        PartialDate(2022, 1, 5),
        "metadata",
    )
    assert date_from("a.md", "", "markdown", {}, "Effective 1 July 2024") == (PartialDate(2024, 7, 1), "text")


def test_documents_can_be_filtered_by_their_dates(rag: Rag, write) -> None:
    write("docs/leave.md", "# Leave\n\nEffective 1 July 2026.\n\nEverybody gets 20 days of leave.\n")
    write("docs/leave-2016.md", "# Leave\n\nEverybody gets 15 days of leave.\n")
    write("docs/other.md", "# Other\n\nDogs do not get any leave days.\n")
    rag("ingest", "docs")

    def found(*conditions: str) -> set[str]:
        options = [part for condition in conditions for part in ("--filter", condition)]
        hits = json.loads(rag("query", "days of leave", "--json", *options, code=None).stdout)["hits"]
        return {hit["path"] for hit in hits}

    assert found("dated>2020") == {"docs/leave.md"}
    assert found("dated<2020") == {"docs/leave-2016.md"}
    assert found("dated>2015", "dated<2027") == {"docs/leave.md", "docs/leave-2016.md"}
