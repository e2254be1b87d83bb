"""Several indexes searched as one, and the names that they have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ragcli
from ragcli.datatypes import Filter, Mode
from ragcli.errors import IndexIncompatible, UsageError
from ragcli.index import join, open_store
from ragcli.index.manifest import Identity
from ragcli.index.protocol import Reader
from ragcli.places import state_directory
from ragcli.retrieval.retriever import RetrievalOptions, Retriever
from ragcli.testing import MemoryStore
from tests.conftest import Rag
from tests.helpers.indexes import CHUNKER, EMBEDDER, build, new, put
from tests.helpers.rights import QUESTIONS, SEEN, WORDS

MODES: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join) | st.sampled_from(list(SEEN.values())),
    max_size=6,
)
ASKED = st.sampled_from(QUESTIONS) | st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


def parts(groups: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Path → text of the documents of each group; no two have one path."""
    return [
        {f"{place}/{number}.{'md' if text.startswith('#') else 'txt'}": text for number, text in enumerate(group)}
        for place, group in enumerate(groups)
    ]


def found(reader: Reader, question: str, mode: Mode, where: Filter = Filter()) -> list[object]:  # noqa: B008
    """All that a search gives, without the names of indexes."""
    result = Retriever(reader, EMBEDDER.embed_query, RetrievalOptions(mode=mode)).retrieve(question, 10, where)
    return [
        result.understood,
        result.notes,
        [
            (
                hit.passage.document.own_id,
                hit.path,
                hit.passage.span,
                [chunk_id.rpartition("/")[2] for chunk_id in hit.passage.chunk_ids],
                hit.score,
                [(leg.leg, leg.rank, leg.score, leg.contribution, leg.parts) for leg in hit.trace.legs],
                [(place.document.path, place.span) for place in hit.also_at],
            )
            for hit in result.hits
        ],
    ]


def filled(texts: Mapping[str, str]) -> MemoryStore:
    store = MemoryStore()
    with store.writer(Identity(EMBEDDER.identity, CHUNKER.parameters, "hashing")) as writer:
        for path, text in texts.items():
            put(writer, new(path, text))
    return store


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=3), ASKED, st.sampled_from(MODES))
@example([[SEEN["hr/leave.md"]], [SEEN["site/urlaub.txt"]]], "wie viele Tage Urlaub", "hybrid")
@example([[], [SEEN["site/urlaub.txt"]]], "Urlaub Tage", "lexical")
@example([["zorblatt bonus"], ["the zorblatt bonus is paid in march"]], "zorblat bonus", "hybrid")
@example([["pump pumps pumping pressure"], ["pumpen pump"]], "pum* pressure", "hybrid")
def test_indexes_that_are_searched_at_once_score_as_one_that_holds_the_documents_of_all(
    groups: list[list[str]], question: str, mode: Mode
) -> None:
    each = parts(groups)
    joined = join({f"n{number}": filled(texts).reader() for number, texts in enumerate(each)})
    one = filled({path: text for texts in each for path, text in texts.items()}).reader()
    assert found(joined, question, mode) == found(one, question, mode)


def test_the_same_holds_of_indexes_in_directories(work: Path) -> None:
    groups = parts([list(SEEN.values())[:3], list(SEEN.values())[3:6], list(SEEN.values())[6:]])
    for number, texts in enumerate(groups):
        build(work / str(number), texts)
    build(work / "whole", {path: text for texts in groups for path, text in texts.items()})
    members = {str(number): open_store(work / str(number)).reader() for number in range(3)}
    with closing(join(members)) as joined, closing(open_store(work / "whole").reader()) as one:
        for question, mode in product(QUESTIONS, MODES):
            assert found(joined, question, mode) == found(one, question, mode)


LEAVE = "# Leave\n\nEvery employee has 28 days of annual leave.\n"
TRIAL = "# Leave\n\nIn the trial period there are 2 days of annual leave a month.\n"


def test_documents_at_one_relative_path_are_told_apart(work: Path) -> None:
    for name, text in (("a", LEAVE), ("b", TRIAL)):
        with ragcli.Rag.create(work / name / ".rag", embedding_model="hashing") as made:
            (work / name / "leave.md").write_text(text)
            made.ingest(work / name)
    with ragcli.Rag.open_many([work / "a" / ".rag", work / "b" / ".rag"]) as rag:
        hits = list(rag.query("annual leave"))
        assert {(hit.collection, hit.path, hit.text.split()[-1]) for hit in hits} == {
            ("a", "leave.md", "leave."), ("b", "leave.md", "month."),
        }  # fmt: skip
        for hit in hits:
            identity = hit.passage.document.document_id
            assert identity.startswith(f"{hit.collection}/")
            assert hit.text.split()[-1] in rag.read(identity).text
        assert rag.read("b/leave.md").document.collection == "b"
        assert [(d.collection, d.path) for d in rag.documents()] == [("a", "leave.md"), ("b", "leave.md")]
        assert rag.stats().documents == 2
        for change in (lambda: rag.remove("leave.md"), lambda: rag.evaluate("gold.jsonl")):
            with pytest.raises(UsageError, match="one by one"):
                change()


def test_indexes_of_different_models_are_not_searched_at_once(work: Path) -> None:
    build(work / "a", {"leave.md": LEAVE})
    build(work / "b", {"leave.md": LEAVE}, sentences=False)
    with pytest.raises(IndexIncompatible, match="a has vectors of sentences, b has none") as caught:
        ragcli.Rag.open_many([work / "a", work / "b"])
    assert caught.value.hint == "rag ingest -c b --sentences adds them"
    ragcli.Rag.create(work / "c" / ".rag", embedding_model="hashing").close()
    with pytest.raises(IndexIncompatible, match=r"hashing, c with hashing \(dimension 64 and 256\)"):
        ragcli.Rag.open_many({"a": work / "a", "c": work / "c" / ".rag"})


@pytest.fixture
def two(rag: Rag, write: Callable[[str, str | bytes], Path]) -> Rag:
    """The collections `docs` and `rules`."""
    for folder, text in (("docs", LEAVE), ("rules", TRIAL)):
        write(f"{folder}/leave.md", text)
        rag("collection", "add", folder, folder, "-q")
    return rag


def test_a_collection_is_added_listed_asked_and_removed(two: Rag, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.loads(two("collection", "list", "--json").stdout)["collections"]
    assert [(entry["name"], entry["documents"]) for entry in listed] == [("docs", 1), ("rules", 1)]
    (work / "elsewhere").mkdir()
    monkeypatch.chdir(work / "elsewhere")
    assert "../docs/leave.md" in two("query", "annual leave", "-c", "docs", "-q").stdout
    assert "../rules/leave.md" in two("ls", "-c", "rules").stdout
    both = json.loads(two("query", "annual leave", "-c", "docs", "-c", "rules", "--json").stdout)["hits"]
    assert {(hit["collection"], hit["path"]) for hit in both} == {
        ("docs", "../docs/leave.md"), ("rules", "../rules/leave.md"),
    }  # fmt: skip
    answer = two(
        "ask", "How many days of annual leave in the trial period?", "-c", "docs", "-c", "rules", "--threshold", "0"
    ).stdout
    assert "leave.md:3  in rules" in answer
    assert "docs is forgotten" in two("collection", "remove", "docs").stdout
    assert Path(listed[0]["index"]).is_dir()
    two("collection", "remove", "rules", "--delete-index")
    assert not Path(listed[1]["index"]).exists()
    assert "rag collection add" in two("collection", "list").stdout


def test_what_was_shown_of_several_is_opened_and_taken_in_anew_where_it_lies(two: Rag, work: Path) -> None:
    asked = (
        "ask",
        "How many days of annual leave in the trial period?",
        "-c",
        "docs",
        "-c",
        "rules",
        "--threshold",
        "0",
    )
    (work / "rules" / "leave.md").write_text(TRIAL.replace("2 days", "3 days"))
    assert "rules/leave.md has changed" in two(*asked).stderr
    assert "3 days" in two(*asked, "--fresh").stdout
    assert two("open", "1", "--print").stdout.strip() == f"{work}/rules/leave.md:3"
    assert "the last question was asked of" in two("get", "1", "-c", "docs", code=2).stderr
    assert "3 days" in two("get", "1", "-c", "rules").stdout


def test_errors_of_collections_name_the_command_that_helps(two: Rag, work: Path) -> None:
    assert "did you mean -c docs?" in two("ask", "leave", "-c", "doc", code=2).stderr
    assert "leave one of them out" in two("query", "leave", "-c", "docs", "-i", ".rag", code=2).stderr
    assert "rag ingest -c docs FOLDER adds to it" in two("collection", "add", "docs", "docs", code=2).stderr
    assert "is no name of a collection" in two("collection", "add", "a/b", "docs", code=2).stderr
    assert "there is no nowhere" in two("collection", "add", "new", "nowhere", code=2).stderr
    assert "no index at" in two("collection", "add", "new", "-i", "nowhere", code=5).stderr
    assert "new" not in two("collection", "list").stdout
    (state_directory() / "collections.json").write_text("{")
    assert "mend it, or delete it" in two("collection", "list", code=1).stderr


def test_a_folder_that_holds_more_than_an_index_is_not_deleted(two: Rag, work: Path) -> None:
    build(work / "own", {"leave.md": LEAVE})
    (work / "own" / "diary.txt").write_text("mine")
    two("collection", "add", "own", "-i", "own")
    assert (
        "diary.txt, which is none of its files" in two("collection", "remove", "own", "--delete-index", code=2).stderr
    )
    assert (work / "own" / "diary.txt").exists()


def test_a_project_file_adds_no_collection(two: Rag, work: Path) -> None:
    (work / "rag.toml").write_text('[collections]\ndocs = "/etc"\n')
    assert "unknown setting 'collections'" in two("query", "leave", "-c", "docs", code=2).stderr


def test_rights_and_filters_hold_in_each_collection(two: Rag, work: Path) -> None:
    (work / "grants.toml").write_text('[principals.anna]\ntags = ["staff"]\n')
    (work / "rag.toml").write_text('[access]\ngrants = "grants.toml"\nuntagged = "nobody"\n')
    two("trust", ".")
    two("ingest", "docs", "-c", "docs", "--access", "staff", "-q")
    seen = json.loads(two("query", "annual leave", "-c", "docs", "-c", "rules", "--as", "anna", "--json").stdout)[
        "hits"
    ]
    assert [hit["collection"] for hit in seen] == ["docs"]
    none = two("query", "annual leave", "-c", "docs", "-c", "rules", "--filter", "path=elsewhere/**", code=4)
    assert "Nothing found." in none.stdout
