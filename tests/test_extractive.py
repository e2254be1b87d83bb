"""Answers without a language model: what is copied, how much of it, and how it is shown."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from ragcli.drafts import Claim
from ragcli.generation.candidates import candidates
from ragcli.generation.citations import Citer
from ragcli.generation.conflicts import disputes
from ragcli.generation.pieces import claim_of
from ragcli.generation.relevance import share_cited
from ragcli.generation.units import units_of
from ragcli.render.terminal import TerminalRenderer
from ragcli.results import Answer, Citation, Hit
from ragcli.text.followup import without_context
from ragcli.text.subquestions import sub_questions
from ragcli.text.tables import cells, is_header, row_pairs
from tests.conftest import Rag
from tests.helpers.answers import chooser, make_hit

HANDBOOK = """# Handbook

## Leave

Every employee has 28 days of annual leave. Unused days expire on 31 March.

## Standby

| Role | Pay per week | Hours |
|---|---|---|
| Engineer | 180 € | 40 |
| Manager | 240 € | 38 |

## Company

Acme was founded in 1998 in Bremen. The library closes at six. Pumps are made by hand.
"""
PROGRAM = '''"""Rate limits."""

LIMIT = 20


def retry_delay(attempt: int) -> float:
    """Seconds to wait before a retry: doubles with each attempt."""
    base = 0.5
    return min(60.0, base * 2**attempt)
'''


@pytest.fixture
def answered(rag: Rag, write):
    """answered(question, {path: text}) → the JSON of the answer over those files."""

    def ask(question: str, files: dict[str, str], *options: str) -> dict[str, Any]:
        for path, text in files.items():
            write(f"docs/{path}", text)
        rag("ingest", "docs", "-q")
        return json.loads(rag("ask", question, "--json", "--threshold", "0", *options).stdout)

    return ask


def test_a_question_for_two_things_is_answered_for_both_though_they_stand_in_different_documents(answered) -> None:
    files = {
        "acme.md": "# Acme\n\nAcme was founded in 1998 in Bremen.\n",
        "library.md": "# Library\n\nThe library closes at six.\n",
        "pumps.md": "# Pumps\n\nPumps are made by hand in the old works.\n",
    }
    found = answered("When was Acme founded and when does the library close?", files)
    assert "Acme was founded in 1998 in Bremen." in found["answer"]
    assert "The library closes at six." in found["answer"]
    assert {citation["path"] for citation in found["citations"]} == {"docs/acme.md", "docs/library.md"}


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who founded Acme and when was it founded?", ["Who founded Acme", "when was it founded? (acme)"]),
        ("Who wrote it? When was it printed?", ["Who wrote it", "When was it printed? (wrote)"]),
        (
            "Wann wurde Acme gegründet und wer leitet es?",
            ["Wann wurde Acme gegründet", "wer leitet es? (acme gegrundet)"],
        ),
        ("Who was born there and in which year?", ["Who was born there", "in which year? (born)"]),
        ("What is the difference in leave between staff and trainees?", ["leave staff", "leave trainees"]),
        ("Simple versus trash can versioning, what is different?", ["Simple versioning", "trash can versioning"]),
        ("How do regular and voting members differ?", ["regular members", "voting members"]),
        (
            "Compare the length of a sabbatical with that of parental leave",
            ["the length of a sabbatical", "the length of parental leave"],
        ),
        ("Plus or Standard, which of the two pays for glasses?", ["Plus", "Standard"]),
        (
            "deadlines: paying an invoice, and asking for a credit",
            ["deadlines paying an invoice", "deadlines asking for a credit"],
        ),
        ("How is mail sent between Acme and Beta?", []),
        ("How are bread and butter made?", []),
        ('What does "who and what" mean?', []),
        ("What is it?", []),
    ],
)
def test_questions_are_taken_apart_where_they_join(question: str, parts: list[str]) -> None:
    assert sub_questions(question) == parts


def test_a_table_is_read_with_the_names_of_its_columns(answered, rag: Rag) -> None:
    found = answered("pay of the Manager", {"a.md": HANDBOOK})
    assert "Role: Manager; Pay per week: 240 €; Hours: 38" in found["answer"]
    assert "| Manager | 240 € | 38 |" in found["citations"][0]["quote"]
    assert found["citations"][0]["status"] == "exact"
    shown = rag("ask", "pay of the Manager", "--threshold", "0").stdout
    assert "Role: Manager; Pay per week: 240 €; Hours: 38" in shown


def test_both_rows_are_given_when_both_are_asked_for(answered) -> None:
    found = answered("Compare the pay of the Engineer with the Manager", {"a.md": HANDBOOK})
    assert "Role: Engineer; Pay per week: 180 €" in found["answer"]
    assert "Role: Manager; Pay per week: 240 €" in found["answer"]


def test_a_row_is_a_piece_with_its_cells_and_is_cited_as_it_stands() -> None:
    hit = make_hit("| Role | Pay |\n|---|---|\n| Engineer | 180 |\n| Manager | 240 |\n")
    [row] = [unit for unit in units_of(hit) if unit.form == "row" and "Manager" in unit.shown]
    assert row.row == (("Role", "Manager"), ("Pay", "240"))
    citer = Citer([hit])
    sentence = citer.add(claim_of(row, [hit]))
    assert sentence is not None
    assert (sentence.text, sentence.read) == ("| Manager | 240 |", "Role: Manager; Pay: 240")
    assert (citer.citations[0].quote, citer.citations[0].status) == ("| Manager | 240 |", "exact")


@pytest.mark.parametrize(("name", "mark"), [("pay.csv", ","), ("pay.csv", ";"), ("pay.tsv", "\t")])
def test_a_line_of_a_delimited_file_is_a_row(answered, name: str, mark: str) -> None:
    lines = [["Role", "Pay"], ["Engineer", "180"], ["Manager", "240"]]
    found = answered("pay of the Manager", {name: "\n".join(mark.join(line) for line in lines)})
    assert "Role: Manager; Pay: 240" in found["answer"]


def test_cells_and_headers_of_tables() -> None:
    text = "Prices follow.\n\nItem | Price\nTea | 2 €\nCake | \n\nno table | 3"
    tea, cake, last = text.index("Tea"), text.index("Cake"), text.index("no table")
    assert row_pairs(text, tea, tea + len("Tea | 2 €")) == (("Item", "Tea"), ("Price", "2 €"))
    assert row_pairs(text, cake, cake + len("Cake |")) == ()
    assert row_pairs(text, last, len(text)) == (), "a line without a header"
    assert row_pairs(text, 0, 14) == ()
    assert is_header(text, text.index("Item"), text.index("Item") + len("Item | Price"))
    assert not is_header(text, tea, tea + len("Tea | 2 €"))
    assert cells(r"| a \| b | c |") == [r"a \| b", "c"]
    assert cells('"x, y",z', delimited=True) == ["x, y", "z"]


@pytest.mark.parametrize("line", ["-" * 5_000 + "x", "|--" * 2_000 + "x", ":-" * 3_000, "|" * 5_000])
def test_a_long_line_that_nearly_is_a_separator_is_none(line: str) -> None:
    """A pattern that tries every way to cut the dashes would not come to an end."""
    assert row_pairs(f"{line}\nc | d\n", len(line) + 1, len(line) + 6) == ()
    assert not is_header(f"a | b\n{line}\n", 0, 5)


def test_a_cell_longer_than_the_csv_reader_takes_is_left_whole() -> None:
    assert cells("x" * 200_000 + ",y", delimited=True) == ["x" * 200_000 + ",y"]


def test_a_row_is_understood_with_its_section_and_not_with_the_title_of_the_document() -> None:
    hit = make_hit("| Role | Pay |\n|---|---|\n| Manager | 240 |\n")
    below_title = replace(hit, passage=replace(hit.passage, headings=("Handbook",)))
    in_section = replace(hit, passage=replace(hit.passage, headings=("Handbook", "Standby")))
    assert [candidate.meaning for candidate in candidates([below_title])] == ["Role: Manager; Pay: 240"]
    assert [candidate.meaning for candidate in candidates([in_section])] == ["Standby: Role: Manager; Pay: 240"]


def test_a_first_row_of_figures_names_no_columns() -> None:
    text = "1998 | 12\n1999 | 14"
    assert row_pairs(text, 10, len(text)) == ()


def test_a_line_of_code_is_shown_with_its_function_and_its_line_breaks(answered, rag: Rag) -> None:
    found = answered("retry delay attempt seconds", {"limits.py": PROGRAM})
    assert "def retry_delay(attempt: int) -> float:" in found["sentences"][0]["text"]
    assert found["citations"][0]["quote"] in PROGRAM
    assert found["citations"][0]["line_end"] == 9
    shown = rag("ask", "retry delay attempt seconds", "--threshold", "0").stdout
    assert "    base = 0.5\n    return min(60.0, base * 2**attempt) [1]\n" in shown


def test_of_a_long_function_twelve_lines_are_shown(answered) -> None:
    body = "\n".join(f"    step_{i} = perform(action{i})" for i in range(30))
    found = answered("perform action20", {"long.py": f"def routine():\n{body}\n"})
    lines = found["sentences"][0]["text"].split("\n")
    assert len(lines) <= 12
    assert any("action20" in line for line in lines)


def test_a_sentence_that_stands_in_two_documents_cites_both(answered) -> None:
    found = answered(
        "When does the library close?",
        {
            "a.md": "The library closes at six.\nIt is green.\n",
            "b.txt": "Welcome. The  library closes at six. Read more.",
        },
    )
    first = found["sentences"][0]
    cited = {found["citations"][marker - 1]["path"] for marker in first["citations"]}
    assert cited == {"docs/a.md", "docs/b.txt"}


def test_another_document_with_other_figures_is_shown_as_a_contradiction(answered, rag: Rag) -> None:
    other = "# Other\n\nEvery employee has 30 days of annual leave. The canteen is open.\n"
    found = answered("How many days of annual leave does every employee have?", {"a.md": HANDBOOK, "b.md": other})
    cited = found["citations"][0]["path"]
    [dispute] = [entry for entry in found["disputes"] if entry["marker"] == 1]
    assert {cited, dispute["path"]} == {"docs/a.md", "docs/b.md"}
    assert "of annual leave" in dispute["quote"]
    assert dispute["line_start"] in (3, 5)
    shown = rag("ask", "How many days of annual leave does every employee have?", "--threshold", "0").stdout
    assert "[1] and [2] contradict each other." in shown, "both documents are cited"


def test_two_citations_that_contradict_each_other_are_named_once() -> None:
    texts = ["The limit for a hotel night is 135 euros.", "The limit for a hotel night is 110 euros."]
    hits = [make_hit(text, rank, path=f"{rank}.md") for rank, text in enumerate(texts, start=1)]
    citer = Citer(hits)
    added = [citer.add(Claim(hit.passage.text, ((hit.rank, 100, hit.passage.span.end),))) for hit in hits]
    sentences = tuple(sentence for sentence in added if sentence is not None)
    assert len(sentences) == len(hits)
    found = tuple(disputes(citer.citations, hits))
    assert [(entry.marker, entry.other) for entry in found] == [(1, 2), (2, 1)]
    answer = Answer(
        "limit?",
        True,
        sentences,
        tuple(citer.citations),
        tuple(hits),
        0.9,
        "extractive",
        "extractive",
        disputes=found,
    )
    out = io.StringIO()
    TerminalRenderer(out).answer(answer)
    assert out.getvalue().count("contradict") == 1
    assert "\n[1] and [2] contradict each other.\n" in out.getvalue()


def test_what_agrees_or_speaks_of_something_else_is_no_contradiction(answered) -> None:
    same = "# Copy\n\nEvery employee has 28 days of annual leave, they say.\n"
    other = "# Other\n\nEvery contractor has 12 weeks of unpaid holidays. The canteen is open.\n"
    question = "How many days of annual leave does every employee have?"
    assert answered(question, {"a.md": HANDBOOK, "b.md": same, "c.md": other})["disputes"] == []


@pytest.mark.parametrize(
    ("condensed", "asked"),
    [
        ("Does it expire? (days annual leave)", "Does it expire?"),
        ("How much is it?", "How much is it?"),
        ("(days)", "(days)"),
    ],
)
def test_the_words_of_earlier_questions_can_be_told_from_those_of_this_one(condensed: str, asked: str) -> None:
    assert without_context(condensed) == asked


@pytest.mark.model
def test_a_follow_up_is_answered_by_what_it_asks_and_not_by_what_was_said(rag_with_model: Rag, write) -> None:
    write("docs/a.md", HANDBOOK)
    rag_with_model("ingest", "docs", "-q")
    turns = b"How many days of annual leave does every employee have?\nWhen do they expire?\n"
    shown = rag_with_model("chat", stdin=turns).stdout
    answers = [line for line in shown.splitlines() if line.endswith("]")]
    assert answers[0].startswith("Every employee has 28 days of annual leave.")
    assert "Unused days expire on 31 March." in answers[1]


def under(*headings: str, text: str = "Every employee has 28 days.\n") -> Hit:
    hit = make_hit(text)
    return replace(hit, passage=replace(hit.passage, headings=headings))


def test_a_heading_that_names_what_is_asked_for_makes_the_answer_more_certain() -> None:
    question = "How many days of annual leave does an employee have?"
    named, other = (chooser()(question, [under(heading)]) for heading in ("Annual leave", "Parking"))
    assert [unit.shown for unit in named.units] == [unit.shown for unit in other.units]
    assert named.confidence > 1.5 * other.confidence


def test_what_a_citation_has_in_its_heading_counts_as_cited() -> None:
    hit = under("Annual leave")
    question, passage = "How much annual leave has an employee?", hit.passage
    citation = Citation(1, 1, passage.document, passage.span, passage.headings, passage.text, "exact")
    assert share_cited(question, [citation], [hit]) == 1.0
    assert share_cited(question, [replace(citation, headings=())], [hit]) == pytest.approx(1 / 3)
    assert share_cited(question, [replace(citation, status="unsupported")], [hit]) == 0.0
