"""Analysis, sentence boundaries, units and folding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.text.analyzer import query_terms, terms
from ragcli.text.folding import contains_quote
from ragcli.text.sentences import sentence_spans
from ragcli.text.units import is_heading, unit_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Running runners ran", ["run", "runner", "ran"]),
        ("Café NAÏVE", ["cafe", "naiv"]),
        ("getUserName", ["getusername", "get", "user", "name"]),
        ("snake_case_id", ["snake_case_id", "snake", "case", "id"]),
        ("GW-204", ["gw-204", "gw", "204"]),
        ("C++ and C#", ["c++", "c", "and", "c#", "c"]),
        ("R 5", ["r", "5"]),
        ("v2.10.3", ["v2.10.3", "v2", "v", "2", "10", "3"]),
        ("the users’ manual", ["the", "user", "manual"]),
        ("中文分词", ["中文", "文分", "分词"]),
        ("猫", ["猫"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
    ],
)
def test_terms_keep_identifiers_whole_and_in_parts(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_a_question_loses_its_stop_words_unless_it_has_nothing_else() -> None:
    assert query_terms("What is the notice period?") == ["notic", "period"]
    assert query_terms("to be or not to be") == ["to", "be", "or", "not"]
    assert query_terms("???") == []


@given(st.text(max_size=300))
def test_analysis_is_the_same_for_parts_and_never_fails(text: str) -> None:
    assert all(term and len(term) <= 64 for term in terms(text))
    assert terms(text + "\n" + text) == terms(text) * 2


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith paid 3.50 euros. He left.", ["Dr. Smith paid 3.50 euros.", "He left."]),
        ("See Fig. 3 and e.g. this. Next.", ["See Fig. 3 and e.g. this.", "Next."]),
        ("It ended (in May.) Then more.", ["It ended (in May.)", "Then more."]),
        ("J. R. Doe came. \"Why?\" she asked.", ["J. R. Doe came.", "\"Why?\" she asked."]),
        ("1. First item. 2. Second item.", ["1. First item.", "2. Second item."]),
        ("没有。有！好", ["没有。", "有！", "好"]),
        ("no stop\n\nnew paragraph", ["no stop", "new paragraph"]),
        ("wrapped\nline. Next", ["wrapped\nline.", "Next"]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet=st.sampled_from("aB1. !?\n。\"'()"), max_size=200))
def test_sentence_spans_cover_everything_but_white_space_once(text: str) -> None:
    spans = sentence_spans(text)
    covered = [i for start, end in spans for i in range(start, end)]
    assert covered == sorted(set(covered))
    assert {i for i, character in enumerate(text) if not character.isspace()} <= set(covered)


MARKDOWN = (
    "## Leave\n\nEvery employee has 28 days of\nannual leave. Part-time too.\n\n- item one\n  goes on\n- two. More.\n\n"
    "| a | b |\n| --- | --- |\n| c | d |\nAfter the table\nit continues."
)


def test_units_are_sentences_items_and_rows() -> None:
    found = [MARKDOWN[start:end] for start, end in unit_spans(MARKDOWN)]
    assert found == [
        "## Leave", "Every employee has 28 days of\nannual leave.", "Part-time too.", "- item one\n  goes on", "- two.", "More.",
        "| a | b |", "| --- | --- |", "| c | d |", "After the table\nit continues.",
    ]  # fmt: skip


def test_headings_and_rules_are_no_answer() -> None:
    headings = [MARKDOWN[start:end] for start, end in unit_spans(MARKDOWN) if is_heading(MARKDOWN, start, end)]
    assert headings == ["## Leave", "| --- | --- |"]


def test_a_quotation_is_found_across_white_space_case_and_typography() -> None:
    assert contains_quote("He said:\n “It’s   over” – now", "it's over\" - NOW")
    assert not contains_quote("He said it", "he said so")
    assert not contains_quote("anything", "   ")
