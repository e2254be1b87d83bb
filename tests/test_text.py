"""Analysis, sentence boundaries, units and folding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.text.analyzer import stem, terms
from ragcli.text.folding import contains_quote, contains_words
from ragcli.text.language import detect_language
from ragcli.text.query import content_tokens, parse_query
from ragcli.text.sentences import sentence_spans
from ragcli.text.synonyms import Synonyms
from ragcli.text.units import is_heading, unit_spans, vector_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Running runners ran", ["run", "runner", "ran"]),
        ("Café NAÏVE", ["cafe", "naiv"]),
        ("getUserName", ["getusernam", "get", "user", "name"]),
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
    assert content_tokens("What is the notice period?") == ("notice", "period")
    assert content_tokens("to be or not to be") == ("to", "be", "or", "not")
    assert content_tokens("???") == ()


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("de", "Häuser", "Hauses"), ("ru", "книги", "книга"), ("fr", "continuellement", "continuelle"), ("en", "houses", "house")],
)  # fmt: skip
def test_words_are_stemmed_by_the_rules_of_their_language(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language)
    assert stem("gw-204", language) == "gw-204"


def test_languages_are_told_apart_and_short_texts_count_as_english() -> None:
    assert detect_language("Jeder Mitarbeiter hat Anspruch auf achtundzwanzig Tage Urlaub im Jahr.") == "de"
    assert detect_language("Каждый сотрудник имеет право на двадцать восемь дней отпуска в год.") == "ru"
    assert detect_language("Every employee is entitled to twenty-eight days of leave a year.") == "en"
    assert detect_language("Urlaub") == "en"


def test_operators_of_a_question_are_taken_apart() -> None:
    query = parse_query('who wrote "War and Peace" -film adapt*')
    assert query.phrases == ("War and Peace",)
    assert query.excluded == ("film",)
    assert query.prefixes == ("adapt",)
    assert query.text == "who wrote War and Peace adapt"
    assert query.tokens == ("wrote", "war", "peace")


@pytest.mark.parametrize(
    "text", ["what does -v do", "a well-known word", "5 - 3", "it's 5\" wide", "2*3", "--force", ""]
)
def test_what_only_looks_like_an_operator_is_left_alone(text: str) -> None:
    query = parse_query(text)
    assert (query.phrases, query.excluded, query.prefixes) == ((), (), ())
    assert query.text == " ".join(text.split())


def test_synonyms_join_words_and_add_phrases() -> None:
    synonyms = Synonyms(
        [(["holiday", "vacation"], ["holiday", "vacation", "annual leave"]), (["PTO"], ["paid time off"])]
    )
    one = synonyms.apply(parse_query("holiday for PTO"), "holiday for PTO")
    assert one.synonyms == {"holiday": ("vacation",)}
    assert one.related == ("annual", "leave", "paid", "time", "off")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The first sentence is here. Short one. The next sentence is longer.", ["The first sentence is here. Short one.", "The next sentence is longer."]),
        ("# Title\n\nThe text below the title is long enough.", ["# Title\n\nThe text below the title is long enough."]),
    ],
)  # fmt: skip
def test_pieces_that_get_vectors_are_sentences_with_short_ones_joined(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in vector_spans(text)] == expected


def test_lines_of_code_are_joined_up_to_a_length() -> None:
    text = "\n".join(f"value_{i} = compute({i})" for i in range(40))
    spans = vector_spans(text, lines=True)
    assert all(end - start <= 200 for start, end in spans)
    assert len(spans) < 10
    assert "".join(text[start:end] for start, end in spans).replace("\n", "") == text.replace("\n", "")


def test_sentences_of_tokenised_text_end_at_a_stop_that_stands_alone() -> None:
    assert sentences("the wing stalled . the flow separated .") == ["the wing stalled .", "the flow separated ."]


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
        ("See 6 (“What about it? How is it frozen?”). Next.", ["See 6 (“What about it? How is it frozen?”).", "Next."]),
        ("“Is it due? Yes.” He paid.", ["“Is it due?", "Yes.”", "He paid."]),
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


def test_a_phrase_stands_between_word_boundaries_whatever_its_case_and_spacing() -> None:
    assert contains_words("The Annual\n Leave policy", "annual leave")
    assert contains_words("Café “X”", 'cafe "x"')
    assert not contains_words("manual leave", "annual leave")
    assert not contains_words("annual leaves", "annual leave")
