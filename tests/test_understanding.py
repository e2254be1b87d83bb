"""Questions as people type them: misspelt words, words that are none of the documents', and other languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ragcli.text import dictionary
from ragcli.text.dictionary import is_english_word, spelling_variants
from ragcli.text.query import content_tokens, language_of, plain_words, replaced

DOCUMENTS = {
    "docs/handbook.md": (
        "# Handbook\n\n## Sabbatical policy\n\nThe sabbatical policy grants six weeks of leave after five years of service.\n\n"
        "## Visitors\n\nThe visitor log is kept for 90 days. Visitors wear a badge.\n\n"
        "## Parents\n\nNew parents have twelve weeks of paid leave.\n\n"
        "## Expenses\n\nDonations of any amount are reported to finance. Jensen approves travel expenses.\n"
    ),
    "docs/code.md": (
        "# Flags\n\nA bool is true or false. Versions are compatible. The view shows 12 percent of rows. "
        "Set the color of the output in the wiki.\n"
    ),
    "docs/recipes.md": "# Kettle chips\n\nFry the chips in peanut oil until crisp. Let the kombucha ferment for ten days.\n",
}


@pytest.fixture
def indexed(rag, write: Callable[[str, str], Path]):
    for path, text in DOCUMENTS.items():
        write(path, text)
    rag("ingest", "docs")
    return rag


def understood(rag, question: str, *options: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(rag("query", question, "--json", *options, code=None).stdout)["understood"]
    return result


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("waht is teh sabatical polcy", "what is the sabbatical policy"),
        ("how long is the vistor log kpet", "how long is the visitor log kept"),
        ("what oil for ketle chps", "what oil for kettle chips"),
        ("who gets donatoins of any amuont", "who gets donations of any amount"),
        ("how long does kombucah fermet", "how long does kombucha ferment"),
        ("weeks of leave for new perents", "weeks of leave for new parents"),
        ("Wich Visitrs wear a badge?", "Which Visitors wear a badge?"),
        ("colour of the output", "color of the output"),
        ("shoud visitors wear a badge abuot", "should visitors wear a badge about"),
    ],
)
def test_misspelt_words_are_read_as_what_the_documents_and_the_question_make_likely(
    indexed, typed: str, meant: str
) -> None:
    assert understood(indexed, typed)["searched_as"] == meant


@pytest.mark.parametrize(
    "question",
    [
        "what is the boiling point",  # not bool
        "compare the flags",  # not compatible
        "viele rows of the output",  # not view: nothing else that is near, and another language
        "what is the wifi of the output",  # not wiki: a wrong letter in a short word
        "who is Jonsen and which travel expenses",  # not Jensen: a wrong letter in a name
        "difficile leave policy",  # nothing is near
        "the PARENTZ log",  # an abbreviation
        "SABATICAL leave",
        '"sabatical" leave',  # a phrase
        "leave pol_cy docs/polcy.md polcy2 --polcy",  # identifiers
        "flogs of zzzz",  # dictionary word
        "chps of the sabbatical policy",  # chips are nowhere near a sabbatical
    ],
)
def test_words_that_may_be_right_are_left_alone(indexed, question: str) -> None:
    assert understood(indexed, question)["searched_as"] == question


def test_what_was_repaired_is_said_and_can_be_forbidden(indexed) -> None:
    found = json.loads(indexed("query", "teh sabatical polcy", "--json").stdout)
    assert found["question"] == "teh sabatical polcy"
    assert found["understood"]["repaired"] == [
        {"word": "teh", "read_as": "the"},
        {"word": "sabatical", "read_as": "sabbatical"},
        {"word": "polcy", "read_as": "policy"},
    ]
    assert found["notes"] == [
        "“sabatical” is in no document; read as “sabbatical”",
        "“polcy” is in no document; read as “policy”",
    ]
    assert understood(indexed, "teh sabatical polcy", "--exact")["searched_as"] == "teh sabatical polcy"


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_a_misspelt_question_finds_and_answers_what_the_clean_one_does(indexed, mode: str) -> None:
    clean, typed = "what is the sabbatical policy", "waht is teh sabatical polcy"
    kept = ("hits", "answer", "confidence", "citations")
    one, other = (
        json.loads(indexed("ask", question, "--json", "--mode", mode, code=None).stdout) for question in (clean, typed)
    )
    assert one["answered"]
    assert {key: one[key] for key in kept} == {key: other[key] for key in kept}


def test_a_question_is_taken_apart_into_words_and_operators() -> None:
    question = 'Thred-safe "a phrase" -left pre* x.y, (Thred) end?'
    assert plain_words(question) == ["Thred", "safe", "Thred", "end"]
    assert replaced(question, {"thred": "thread", "left": "right", "phrase": "x"}) == (
        'Thread-safe "a phrase" -left pre* x.y, (Thread) end?'
    )


def test_the_word_list_is_sorted_and_holds_words_in_both_spellings() -> None:
    words = Path(dictionary.__file__).with_name("english.txt").read_text().splitlines()
    assert all(one < other for one, other in pairwise(words))
    assert all(is_english_word(word) for word in (words[0], words[-1], *words[::500]))
    assert not any(is_english_word(word) for word in ("", "\n", "teh", "viele", words[0] + "\n" + words[1], "zzzz"))
    assert spelling_variants("colour") == ["color"]
    assert spelling_variants("organization") == ["organisation"]
    assert spelling_variants("tell") == []


# ---- languages --------------------------------------------------------------------------------------------------------

QUESTIONS = {
    "en": ["What is the notice period?", "Is there pet insurance?", "Can I work from home?", "who pays for the hotel"],
    "de": [
        "Wie lange ist die Kündigungsfrist?",
        "Welche Versicherung gilt im Ausland?",
        "Wer bezahlt das Hotel?",
        "Darf ich meinen Hund mitbringen?",
        "Wann endet der Vertrag?",
    ],
    "fr": [
        "Combien de jours de congé ai-je par an ?",
        "Quel est le délai de préavis ?",
        "Qui paie l’hôtel ?",
        "Où sont les extincteurs ?",
        "Est-ce que je peux travailler à la maison ?",
    ],
    "es": [
        "¿Cuántos días de vacaciones tengo?",
        "¿Quién paga el hotel?",
        "Cuál es el plazo de preaviso",
        "¿Puedo trabajar desde casa?",
        "¿Dónde están los extintores?",
    ],
    "it": [
        "Quanti giorni di ferie ho?",
        "Chi paga l’albergo?",
        "Qual è il termine di preavviso?",
        "Posso lavorare da casa il venerdì?",
        "Dove sono gli estintori?",
    ],
    "nl": [
        "Hoeveel vakantiedagen heb ik?",
        "Wie betaalt het hotel?",
        "Wat is de opzegtermijn?",
        "Kan ik thuis werken?",
        "Waar zijn de brandblussers?",
    ],
    "pt": [
        "Quantos dias de férias eu tenho?",
        "Quem paga o hotel?",
        "Qual é o prazo de aviso prévio?",
        "Posso trabalhar em casa?",
        "Onde estão os extintores?",
    ],
    "ru": ["Сколько дней отпуска?"],
    "uk": ["Скільки днів відпустки мені належить?"],
    "zh": ["年假有多少天？"],
    "ja": ["有給休暇は何日ですか"],
    "ar": ["كم عدد أيام الإجازة؟"],
    "": ["notice period", "Von Neumann architecture", "Urlaub", "El Niño", "GW-204", "???"],
}


@pytest.mark.parametrize(
    ("language", "question"), [(code, text) for code, texts in QUESTIONS.items() for text in texts]
)
def test_the_language_of_a_question_shows_in_its_small_words(language: str, question: str) -> None:
    assert language_of(question) == language


def test_a_question_loses_the_stop_words_of_its_own_language() -> None:
    assert content_tokens("Wie lange ist die Kündigungsfrist?") == ("lange", "kundigungsfrist")
    assert content_tokens("Combien de jours de congé ?") == ("jours", "conge")
    assert content_tokens("Why don't we've a die?") == ("die",)


def test_a_question_in_a_language_that_no_document_has_is_told_so(indexed) -> None:
    question = "Wie lange wird die Liste der Visitors aufgehoben?"
    found = json.loads(indexed("query", question, "--json", "--mode", "lexical").stdout)
    assert found["understood"] == {
        "searched_as": question,
        "repaired": [],
        "language": "de",
        "language_gap": ["en"],
    }
    assert "the question is in German, what was found is in English" in found["notes"][0]
    assert "ask in English" in found["notes"][0]
    asked = json.loads(indexed("ask", question, "--json", "--mode", "lexical", code=None).stdout)
    assert asked["understood"]["language_gap"] == ["en"]
    assert asked["notes"] == found["notes"]


def test_a_german_question_over_german_text_is_searched_by_its_content(rag, write: Callable[[str, str], Path]) -> None:
    write(
        "docs/urlaub.md",
        "# Urlaub\n\nAlle Angestellten haben dreißig Tage Urlaub. Der Antrag geht an die Leitung des Teams.\n",
    )
    write(
        "docs/wie.md",
        "# Ablauf\n\nWie man die Maschine wartet und wie lange es dauert, steht in der Anleitung der Maschine.\n",
    )
    rag("ingest", "docs")
    found = json.loads(
        rag("query", "Wie viele Tage Urlub haben die Angestellten?", "--json", "--mode", "lexical").stdout
    )
    assert found["understood"]["searched_as"] == "Wie viele Tage Urlaub haben die Angestellten?"
    assert found["understood"]["language_gap"] is None
    assert [hit["path"] for hit in found["hits"]] == ["docs/urlaub.md"]
