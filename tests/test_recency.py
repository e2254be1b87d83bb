"""Newest first: which of two passages takes the place of the other, and how the answer names both."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ragcli.generation.prompt import conflict_line
from ragcli.generation.recency import newest_first
from ragcli.generation.versions import Version
from ragcli.prompts import Source
from ragcli.results import Hit
from tests.conftest import Rag
from tests.helpers.answers import make_hit

QUESTION = "How many days of vacation does everybody get?"
OLD = "Everybody gets 15 days of paid vacation every year."
NEW = "Everybody gets 20 days of paid vacation every year."


def hits(*documents: tuple[str, str]) -> list[Hit]:
    return [make_hit(text, rank, path=path) for rank, (path, text) in enumerate(documents, start=1)]


def replaced(question: str, *documents: tuple[str, str]) -> dict[str, str]:
    """Path of each older version → path of the one that takes its place."""
    found = newest_first(question, hits(*documents))
    paths = {hit.rank: hit.passage.document.path for hit in found.hits}
    return {paths[old]: paths[new] for old, new in found.older.items()}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("leave-2016.md", OLD), ("leave-2026-07.md", NEW)),
        (("hr/2016/leave.md", OLD), ("hr/2026/leave.md", NEW)),
        (("hr/archive/leave.md", OLD), ("hr/leave.md", NEW)),
        (("leave-v1.md", OLD), ("leave-v2.md", NEW)),
        (("leave.md", OLD), ("leave-rev2.md", "Vacation is no longer counted in days for everybody.")),
        (("leave.md", OLD), ("leave-2026.md", f"This version replaces the one of 2016. {NEW}")),
        (
            ("benefits.md", OLD),
            ("2026-09-15-news.eml", "From October everybody gets 20 days of vacation instead of 15."),
        ),
        (("policy.md", OLD), ("change-2026.md", f'The sentence "{OLD}" is replaced by: {NEW}')),
        (("rules-2019.md", OLD), ("handbook-2024.md", NEW)),
        (("leave.md", f"{OLD} This policy was superseded by another one."), ("time-off.md", NEW)),
    ],
)
def test_the_newer_version_comes_first_wherever_it_was_ranked(old: tuple[str, str], new: tuple[str, str]) -> None:
    assert replaced(QUESTION, old, new) == {old[0]: new[0]}
    assert replaced(QUESTION, new, old) == {old[0]: new[0]}
    found = newest_first(QUESTION, hits(old, ("other.md", "The canteen opens at noon."), new))
    assert [hit.passage.document.path for hit in found.hits] == [new[0], old[0], "other.md"]
    assert [hit.rank for hit in found.hits] == [1, 2, 3]
    assert [hit.passage.document.path for hit in found.current] == [new[0], "other.md"]


@pytest.mark.parametrize(
    ("question", "old", "new"),
    [
        ("How many days of vacation did everybody get in 2016?", ("leave-2016.md", OLD), ("leave-2026.md", NEW)),
        ("How many days of vacation did everybody get previously?", ("leave-2016.md", OLD), ("leave-2026.md", NEW)),
        (QUESTION, ("leave.md", OLD), ("hours.md", NEW)),
        (QUESTION, ("leave-2016.md", OLD), ("leave-2026.md", "Everybody gets a bicycle and no vacation.")),
        (QUESTION, ("a/README-2016.md", OLD), ("b/README-2026.md", "No longer: vacation for everybody, days of rest.")),
        (QUESTION, ("leave-2016.md", OLD), ("leave-2026.md", "There is no longer a form for the canteen.")),
        (QUESTION, ("minutes-2026-01-17.md", OLD), ("minutes-2026-02-21.md", NEW)),
        (QUESTION, ("leave-2026.md", OLD), ("leave-2026-07.md", NEW)),
    ],
    ids=[
        "a year before",
        "the past",
        "no dates",
        "no change",
        "other folders",
        "other matter",
        "a series",
        "perhaps later",
    ],
)
def test_nothing_is_replaced_without_a_reason(question: str, old: tuple[str, str], new: tuple[str, str]) -> None:
    assert replaced(question, old, new) == {}
    found = newest_first(question, hits(old, new))
    assert found.hits == tuple(hits(old, new))


def test_of_three_versions_the_newest_answers() -> None:
    texts = [f"Everybody gets {days} days of paid vacation every year." for days in (15, 18, 20)]
    documents = [(f"leave-{year}.md", text) for year, text in zip((2014, 2016, 2026), texts, strict=True)]
    found = newest_first(QUESTION, hits(*documents))
    assert [hit.passage.document.path for hit in found.current] == ["leave-2026.md"]
    assert found.hits[0].passage.document.path == "leave-2026.md"


def test_the_sentence_that_is_out_of_date_is_the_one_with_the_former_figure(rag: Rag, write) -> None:
    old = "Vacation is asked for in writing. Everybody gets 15 days of it every year. Sundays are no days of vacation."
    write("docs/benefits.md", f"# Benefits\n\n{old}\n")
    new = "Everybody knows vacation. From October on everybody gets 20 days of vacation instead of 15, every year."
    write("docs/news-2026.md", f"# News\n\n{new}\n")
    rag("ingest", "docs")
    found = json.loads(rag("ask", QUESTION, "--threshold", "0", "--json").stdout)
    [dispute] = found["disputes"]
    assert dispute["quote"] == "Everybody gets 15 days of it every year."
    assert "instead of 15" in found["citations"][dispute["marker"] - 1]["quote"]


def test_properties_of_a_file_do_not_make_it_newer_than_what_says_its_date() -> None:
    plain, exported = hits(("leave-2016.md", OLD), ("time-off.docx", NEW))
    document = replace(
        exported.passage.document, type="docx", metadata={"dated": "2026-01-01", "dated_by": "properties"}
    )
    exported = replace(exported, passage=replace(exported.passage, document=document))
    dated = Version(exported).date
    assert dated is not None
    assert dated.date.iso == "2026-01-01"
    assert newest_first(QUESTION, [plain, exported]).older == {}


def test_the_answer_comes_from_the_newer_document_and_names_the_older_one(rag: Rag, write) -> None:
    write("docs/leave-2016.md", f"# Vacation\n\n{OLD} Ask the founder whom you report to.\n")
    write("docs/leave-2026.md", f"# Vacation\n\nEffective 1 July 2026.\n\n{NEW}\n")
    rag("ingest", "docs")
    found = json.loads(rag("ask", QUESTION, "--threshold", "0", "--json").stdout)
    assert "20 days" in found["answer"]
    assert "15 days" not in found["answer"]
    assert found["citations"][0]["date"] == "2026-07-01"
    [dispute] = found["disputes"]
    assert (dispute["path"], dispute["date"], dispute["older"]) == ("docs/leave-2016.md", "2016", True)
    assert dispute["quote"] == OLD
    assert [hit["date"] for hit in found["hits"]] == ["2026-07-01", "2016"]
    shown = rag("ask", QUESTION, "--threshold", "0").stdout
    told = shown.index("[1] (of 1 July 2026) takes the place of docs/leave-2016.md:3")
    assert f"(of 2016)\n    {OLD}\n" in shown[told:]
    assert told < shown.index("[1] docs/leave-2026.md:"), "citations come after what contradicts them"


def test_a_question_about_the_past_gets_both_sides_with_their_dates(rag: Rag, write) -> None:
    write("docs/leave-2016.md", f"# Vacation\n\n{OLD}\n")
    write("docs/leave-2026.md", f"# Vacation\n\n{NEW}\n")
    rag("ingest", "docs")
    question = "How many days of vacation did everybody get every year previously?"
    found = json.loads(rag("ask", question, "--threshold", "0", "--json").stdout)
    assert found["disputes"]
    assert not any(dispute["older"] for dispute in found["disputes"])
    shown = rag("ask", question, "--threshold", "0").stdout
    assert "(of 2016)" in shown
    assert "(of 2026)" in shown
    assert shown.index("contradict") < shown.index("\n[1] docs/")


def test_why_names_the_newer_version_that_takes_the_place_of_a_passage(rag: Rag, write) -> None:
    write("docs/leave-2016.md", f"# Vacation\n\n{OLD}\n")
    write("docs/leave-2026.md", f"# Vacation\n\n{NEW}\n")
    rag("ingest", "docs")
    shown = rag("why", QUESTION, "--expect", "docs/leave-2016.md", code=None).stdout
    assert "a newer version takes its place" in shown


def test_of_two_sources_that_contradict_each_other_the_newer_one_is_named() -> None:
    one, two, three = hits(("leave-2016.md", OLD), ("leave-2026.md", NEW), ("leave.md", NEW))
    sources = [Source(number, hit, hit.passage.text) for number, hit in enumerate((one, two, three), start=1)]
    assert conflict_line(sources, 1, 2).endswith("each with its source. Source 2 is the newer one.")
    assert conflict_line(sources, 1, 3).endswith("each with its source.")


def test_a_language_model_is_told_the_dates_where_they_differ(rag: Rag, write) -> None:
    write("docs/leave-2016.md", f"# Vacation\n\n{OLD}\n")
    write("docs/trips-2024.md", "# Trips\n\nTrips and vacation are booked by the travel desk.\n")
    write("docs/canteen.md", "# Canteen\n\nThe canteen is closed in the vacation.\n")
    rag("ingest", "docs")
    prompt = rag("ask", "vacation", "--show-prompt").stdout
    assert "Vacation (dated 2016)" in prompt
    assert "Trips (dated 2024)" in prompt
    assert "Canteen\n" in prompt
    assert "(dated" not in rag("ask", "vacation", "-k", "1", "--show-prompt").stdout
