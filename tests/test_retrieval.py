"""What a question finds: operators, spelling, synonyms, languages, selection, reranking and sub-queries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ragcli.cancellation import NEVER, Cancellation
from ragcli.retrieval.transforms import decompose, decompose_with, expand_with, hyde_with

DOCUMENTS = {
    "docs/leave.md": "# Leave\n\nEvery employee has 28 days of annual leave. Carry over ends on 31 March.\n",
    "docs/pay.md": "# Pay\n\nStandby pays 310 euros a week. Overtime is paid with a bonus of 25 percent.\n",
    "docs/fire.txt": "In a fire gather at the bicycle shed. The annual drill is in May. Nobody may leave before the roll call.\n",
    "docs/urlaub.md": "# Urlaub\n\nAlle Angestellten haben Anspruch auf die vereinbarten Häuser am See und auf dreißig Tage Urlaub.\n",
}


@pytest.fixture
def indexed(rag, write: Callable[[str, str], Path]):
    for path, text in DOCUMENTS.items():
        write(path, text)
    rag("ingest", "docs")
    return rag


def paths(rag, *arguments: str, code: int | None = 0) -> list[str]:
    found = json.loads(rag("query", *arguments, "--json", code=code).stdout)
    return [hit["path"].removeprefix("docs/") for hit in found["hits"]]


def notes(rag, *arguments: str) -> list[str]:
    return json.loads(rag("query", *arguments, "--json").stdout)["notes"]


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_a_phrase_in_quotes_must_stand_in_every_hit(indexed, mode: str) -> None:
    assert paths(indexed, '"annual leave" days', "--mode", mode) == ["leave.md"]
    assert paths(indexed, '"bicycle shed"', "--mode", mode) == ["fire.txt"]


def test_a_phrase_that_stands_nowhere_is_searched_by_its_words_and_that_is_said(indexed) -> None:
    assert "leave.md" in paths(indexed, '"leave annual"')
    assert "“leave annual” word for word" in notes(indexed, '"leave annual"')[0]


@pytest.mark.parametrize("mode", ["lexical", "dense", "hybrid"])
def test_an_excluded_word_is_in_no_hit(indexed, mode: str) -> None:
    found = paths(indexed, "annual leave -employees", "--mode", mode)
    assert found
    assert "leave.md" not in found


def test_a_prefix_stands_for_the_words_that_begin_with_it(indexed) -> None:
    assert set(paths(indexed, "over*", "--mode", "lexical")) == {"pay.md", "leave.md"}
    assert paths(indexed, "stand*", "--mode", "lexical") == ["pay.md"]


def test_a_misspelt_word_is_read_as_the_nearest_known_one_unless_told_otherwise(indexed) -> None:
    assert paths(indexed, "standbyy", "--mode", "lexical") == ["pay.md"]
    assert notes(indexed, "standbyy", "--mode", "lexical") == ["“standbyy” is in no document; read as “standby”"]
    assert paths(indexed, "standbyy", "--mode", "lexical", "--exact", code=4) == []


def test_synonyms_of_a_file_are_found(indexed, write: Callable[[str, str], Path]) -> None:
    write("synonyms.txt", "holiday, leave\nassembly point => bicycle shed  # one way\n")
    assert set(paths(indexed, "holiday", "--mode", "lexical", "--synonyms", "synonyms.txt")) == {"leave.md", "fire.txt"}
    assert paths(indexed, "assembly point", "--mode", "lexical", "--synonyms", "synonyms.txt") == ["fire.txt"]
    write("bad.txt", "alone\n")
    assert "line 1" in indexed("query", "x", "--synonyms", "bad.txt", code=2).stderr


def test_a_document_is_stemmed_in_its_language_and_a_question_in_all(indexed) -> None:
    assert paths(indexed, "haus", "--mode", "lexical") == ["urlaub.md"]
    assert "leave.md" in paths(indexed, "employees", "--mode", "lexical")


def test_words_of_the_title_and_the_path_count(rag, write: Callable[[str, str], Path]) -> None:
    write("docs/acme/nda.md", "# Agreement\n\nThe parties keep secrets for years.\n")
    write("docs/zen/nda.md", "# Agreement\n\nThe parties keep secrets for years and for ever.\n")
    rag("ingest", "docs")
    assert paths(rag, "acme secrets", "--mode", "lexical")[0] == "acme/nda.md"


def test_near_duplicates_are_shown_once_with_their_places(rag, write: Callable[[str, str], Path]) -> None:
    text = "The pump must be serviced every six months by a certified engineer who signs the log book of the plant.\n"
    write("docs/a.txt", text)
    write("docs/b.txt", text + "Amen.\n")
    write("docs/c.txt", "Something else entirely about the pump.\n")
    rag("ingest", "docs")
    found = json.loads(rag("query", "pump serviced months", "--json").stdout)["hits"]
    assert [hit["path"] for hit in found] == ["docs/a.txt", "docs/c.txt"]
    assert [place["path"] for place in found[0]["also_at"]] == ["docs/b.txt"]
    assert "1 more that says nearly the same: docs/b.txt" in rag("query", "pump serviced months").stdout


def test_two_versions_of_other_dates_and_figures_are_no_duplicates(rag, write: Callable[[str, str], Path]) -> None:
    text = (
        "The pump must be serviced every {} months by a certified engineer who signs the log book of the whole plant.\n"
    )
    text += (
        "Its filter is washed by whoever is on duty, and its oil is looked at by the same person in the morning.\n" * 3
    )
    write("docs/rules-2019.txt", text.format(6))
    write("docs/rules-2024.txt", text.format(9))
    rag("ingest", "docs")
    assert set(paths(rag, "pump serviced months")) == {"rules-2019.txt", "rules-2024.txt"}


def test_newer_documents_come_up_when_they_are_preferred_and_the_trace_says_so(
    rag, write: Callable[[str, str], Path]
) -> None:
    for name in ("a-2015", "b-2024", "c-note", "d-2023"):
        write(f"docs/{name}.txt", f"The {name[0]} pump has a filter.\n")
    rag("ingest", "docs")
    assert paths(rag, "pump filter", "--mode", "lexical") == ["a-2015.txt", "b-2024.txt", "c-note.txt", "d-2023.txt"]
    newer = ["b-2024.txt", "c-note.txt", "d-2023.txt", "a-2015.txt"]
    assert paths(rag, "pump filter", "--mode", "lexical", "--prefer", "recent") == newer
    found = json.loads(rag("query", "pump filter", "--prefer", "recent", "--mode", "lexical", "--json").stdout)["hits"]
    best = found[0]["trace"]["legs"][0]["contribution"]
    for hit in found:
        assert hit["trace"]["total"] == pytest.approx(sum(leg["contribution"] for leg in hit["trace"]["legs"]))
        assert hit["score"] == pytest.approx(hit["trace"]["total"], abs=1e-6)
        assert hit["trace"]["legs"][-1]["weight"] == pytest.approx(0.05 * best)
    recency = [hit["trace"]["legs"][-1] for hit in found]
    assert [leg["rank"] for leg in recency] == [1, None, 2, 3]
    assert [leg["normalised"] for leg in recency[:3]] == pytest.approx([1.0, 0.0, 0.0], abs=0.01)
    assert recency[3]["normalised"] < -0.99
    assert "recency" in rag("query", "pump filter", "--prefer", "recent", "--explain").stdout
    assert "recent" in rag("query", "pump", "--prefer", "old", code=2).stderr


def test_a_document_gives_no_more_passages_than_allowed(rag, write: Callable[[str, str], Path]) -> None:
    sections = "\n\n".join(
        f"# Part {i}\n\n" + f"The pump number {i} has its own filter and manual. " * 12 for i in range(6)
    )
    write("docs/many.md", sections)
    write("docs/one.md", "# One\n\nA pump.\n")
    rag("ingest", "docs")
    assert paths(rag, "pump filter", "-k", "4", "--per-document", "1").count("many.md") == 1


def test_variety_brings_other_passages_up(rag, write: Callable[[str, str], Path]) -> None:
    write("docs/a.txt", "pump filter change in spring\n")
    write("docs/b.txt", "pump filter change in autumn\n")
    write("docs/c.txt", "pump colours are a matter of taste among engineers\n")
    rag("ingest", "docs")
    assert paths(rag, "pump filter change", "-k", "2") == ["a.txt", "b.txt"]
    assert paths(rag, "pump filter change", "-k", "2", "--mmr", "0.2") == ["a.txt", "c.txt"]


def test_both_sides_of_a_comparison_are_searched(indexed) -> None:
    found = json.loads(indexed("query", "difference between annual leave and standby", "--decompose", "--json").stdout)
    assert found["notes"] == ["also searched: annual leave", "also searched: standby"]
    assert {"docs/leave.md", "docs/pay.md"} <= {hit["path"] for hit in found["hits"][:3]}
    trace = found["hits"][0]["trace"]
    assert trace["total"] == pytest.approx(sum(leg["contribution"] for leg in trace["legs"]))


def test_an_excluded_word_is_excluded_from_the_parts_of_a_question_too(indexed) -> None:
    found = paths(indexed, "difference between annual leave and standby -employee", "--decompose")
    assert "pay.md" in found
    assert "leave.md" not in found


def test_what_needs_a_language_model_says_so(indexed) -> None:
    for option in ("--expand", "--hyde"):
        shown = indexed("query", "leave", option, code=2).stderr
        assert option in shown
        assert "RAGCLI_ANSWER_MODEL" in shown


def test_the_explanation_adds_up(indexed) -> None:
    for hit in json.loads(indexed("query", "annual leave", "--json").stdout)["hits"]:
        trace = hit["trace"]
        assert trace["total"] == pytest.approx(sum(leg["weight"] * leg["normalised"] for leg in trace["legs"]))
        for leg in trace["legs"]:
            if leg["score"] is not None:
                assert leg["score"] == pytest.approx(sum(leg["parts"].values()) / len(leg["parts"]))
    shown = indexed("query", "annual leave", "--explain").stdout
    assert "mean of chunk" in shown


def test_sentence_vectors_can_be_left_out_and_added_without_embedding_chunks_again(indexed) -> None:
    def stored() -> tuple[bool, int]:
        state = json.loads(indexed("stats", "--json").stdout)
        return state["sentences"], state["chunks"]

    assert stored() == (True, 4)
    indexed("ingest", "docs", "--no-sentences")
    assert stored() == (False, 4)
    legs = json.loads(indexed("query", "leave", "--json").stdout)["hits"][0]["trace"]["legs"]
    assert list(legs[1]["parts"]) == ["chunk"]
    assert json.loads(indexed("ingest", "docs", "--json").stdout)["chunks_embedded"] == 0
    assert stored() == (False, 4), "the wish is remembered"
    assert json.loads(indexed("ingest", "docs", "--sentences", "--json").stdout)["chunks_embedded"] == 4
    legs = json.loads(indexed("query", "leave", "--json").stdout)["hits"][0]["trace"]["legs"]
    assert list(legs[1]["parts"]) == ["chunk", "sentence"]
    assert json.loads(indexed("doctor", "--json").stdout)["sound"] is True


def test_a_language_model_writes_other_queries_and_passages() -> None:
    replies = iter(
        [
            "1. notice period length\n- how long is notice\n\nWhat is the notice period?",
            "Notice is three months.",
            "Who is Ann?\nWho is Bob?",
        ]
    )
    asked: list[str] = []

    def write(prompt: str, cancel: Cancellation = NEVER) -> str:
        asked.append(prompt)
        return next(replies)

    question = "What is the notice period?"
    assert [sub.text for sub in expand_with(write)(question, [], NEVER)] == [
        "notice period length",
        "how long is notice",
    ]
    hypothetical = hyde_with(write)(question, [], NEVER)[0]
    assert (hypothetical.text, hypothetical.passage, hypothetical.replaces) == (
        question,
        "Notice is three months.",
        True,
    )
    assert [sub.text for sub in decompose_with(write)("Who are Ann and Bob?", [], NEVER)] == [
        "Who is Ann?",
        "Who is Bob?",
    ]
    assert all("Question: " in prompt for prompt in asked)
    assert [sub.text for sub in decompose_with(lambda _, cancel=NEVER: "")("compare leave and pay", [], NEVER)] == [
        "leave",
        "pay",
    ]


def test_expansion_and_hyde_run_on_a_real_gguf_model(indexed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    pytest.importorskip("gguf", reason="needs the package gguf")
    from tests.make_gguf import write_tiny_gguf

    monkeypatch.setenv("RAGCLI_ANSWER_MODEL", str(write_tiny_gguf(tmp_path / "tiny.gguf")))
    for option in ("--expand", "--hyde", "--decompose"):
        found = json.loads(indexed("query", "annual leave", option, "--json").stdout)
        assert found["timings"]["transform"] > 0
        assert "docs/leave.md" in {hit["path"] for hit in found["hits"]}


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is the difference between leave and pay?", ["leave", "pay"]),
        ("Compare annual leave with standby pay.", ["annual leave", "standby pay"]),
        ("What is leave and how is pay computed?", ["What is leave", "how is pay computed?"]),
        ("How many days of leave are there?", []),
    ],
)
def test_questions_are_split_by_rules(question: str, parts: list[str]) -> None:
    assert [sub.text for sub in decompose(question, [])] == parts


def test_a_nested_question_is_asked_again_with_the_names_of_the_first_hop(
    rag, write: Callable[[str, str], Path]
) -> None:
    write("docs/a.txt", "The bridge over the Larkwater was built by Edith Thornfield in spring.\n")
    write("docs/b.txt", "As a young woman, Edith Thornfield was born and raised in Marlow.\n")
    for i in range(8):
        write(
            f"docs/z{i}.txt", f"Where bridges and births and towns number {i} are kept is another matter of record.\n"
        )
    rag("ingest", "docs")
    question = "Where was the engineer who built the Larkwater bridge raised?"
    assert "also searched: " + question + " Edith Thornfield" in notes(rag, question, "--decompose")
    assert "b.txt" in paths(rag, question, "--decompose", "-k", "3")
