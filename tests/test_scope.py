"""Filters that a question names: how they are read, and that they lose nothing."""

from __future__ import annotations

import json
from datetime import date

import pytest

from ragcli.text.scope import read_scope
from tests.conftest import Rag

FOLDERS = ["docs", "docs/contracts", "docs/contracts/old", "docs/click_docs"]
TODAY = date(2026, 5, 20)


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("Which documents from 2024 speak of leave?", "documents dated 2024"),
        ("notes from March 2024 on", "documents dated since March 2024"),
        ("What changed since March 2024?", "documents dated since March 2024"),
        ("what was decided since March", "documents dated since March 2026"),
        ("what was decided since June", "documents dated since June 2025"),
        ("Since 2022-05-01, what was new?", "documents dated since 1 May 2022"),
        ("What do the mails sent after 1 May 2023 say?", "documents dated after 1 May 2023"),
        ("reports before June 2024", "documents dated before June 2024"),
        ("In the contracts, how long is the notice?", "documents in docs/contracts/"),
        ("How long is notice in the contracts folder?", "documents in docs/contracts/"),
        ("What is a command in the folder click_docs?", "documents in docs/click_docs/"),
        ("What is a command in the click docs?", "documents in docs/click_docs/"),
        ("Which fee stands in the PDFs?", "PDF files"),
        ("Which fee stands in the emails?", "mails"),
    ],
)
def test_documents_that_a_question_names_are_read(question: str, shown: str) -> None:
    found = read_scope(question, FOLDERS, TODAY)
    assert found is not None
    assert found.shown == shown
    assert found.where.on_documents


@pytest.mark.parametrize(
    "question",
    [
        "Where did JupyterCon 2023 take place?",
        "How did revenue develop in 2024?",
        "Who has been the director since 2019?",
        "Incidence of heart failure increased in women since 1979.",
        "What was the value of forward exchange contracts from October 30, 2010, to October 29, 2011?",
        "How much is the fee in the contract?",
        "What is in the box?",
        "Since when does the policy apply?",
        "How do I read a PDF file?",
    ],
)
def test_a_year_or_a_word_alone_restricts_nothing(question: str) -> None:
    assert read_scope(question, FOLDERS, TODAY) is None


@pytest.fixture
def indexed(rag: Rag, write) -> Rag:
    write("docs/contracts/acme.md", "# Acme\n\nThe notice period of the agreement is three months.\n")
    write(
        "docs/handbook.md",
        "# Handbook\n\nThe notice period of the agreement is one month. The canteen opens at noon.\n",
    )
    write("docs/news-2024.md", "# News\n\nThe notice period of the agreement was discussed.\n")
    rag("ingest", "docs")
    return rag


def test_the_search_is_restricted_to_what_the_question_names_and_that_can_be_undone(indexed: Rag) -> None:
    question = "What is the notice period of the agreement in the contracts?"
    found = json.loads(indexed("query", question, "--json").stdout)
    assert [hit["path"] for hit in found["hits"]] == ["docs/contracts/acme.md"]
    assert found["notes"] == ["searched only: documents in docs/contracts/ · --no-infer searches all"]
    everything = json.loads(indexed("query", question, "--no-infer", "--json").stdout)
    assert len(everything["hits"]) == 3
    assert everything["notes"] == []
    answer = indexed("ask", question, "--threshold", "0")
    assert "three months" in answer.stdout
    assert "searched only: documents in docs/contracts/" in answer.stderr


def test_a_filter_that_would_lose_the_answer_is_left_out_and_that_is_said(indexed: Rag) -> None:
    found = json.loads(
        indexed("query", "When does the canteen open according to documents from 2024?", "--json").stdout
    )
    assert found["hits"][0]["path"] == "docs/handbook.md"
    assert found["notes"] == ["searched all documents: too little in documents dated 2024"]
    nothing = json.loads(indexed("query", "notice period in the PDFs", "--json").stdout)
    assert len(nothing["hits"]) == 3
    assert nothing["notes"] == ["searched all documents: too little in PDF files"]


def test_a_filter_of_the_user_takes_the_place_of_one_in_the_question(indexed: Rag) -> None:
    question = "What is the notice period of the agreement in the contracts?"
    found = json.loads(indexed("query", question, "--filter", "path=docs/handbook.md", "--json").stdout)
    assert [hit["path"] for hit in found["hits"]] == ["docs/handbook.md"]
    assert found["notes"] == []
