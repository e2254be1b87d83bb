"""The library: what `from ragcli import Rag` promises to programs."""

from __future__ import annotations

import doctest
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ragcli
from ragcli import Cancellation, Cancelled, Citation, IndexNotFound, Rag, Sentence, SettingsError, UsageError
from ragcli.generation.drafting import Watcher
from ragcli.places import state_directory
from ragcli.sources.scanning import Rules
from ragcli.trust.store import TrustStore
from ragcli.usecases.evaluation import EvalOptions
from tests.conftest import EXAMPLES

LEAVE = "# Leave\n\nEvery employee has 28 days of annual leave.\n\n# Notice\n\nThe notice period is three months.\n"
PAY = "# Pay\n\nSalaries are paid on the 25th of each month.\n"
TRIAL = "# Trial period\n\nIn the trial period, notice is two weeks.\n"
GOLD = {"question": "How long is the notice period?", "answerable": True, "evidence": [{"path": "handbook/leave.md"}]}
PUBLIC = """
    Rag Answer Citation Hit Passage QueryResult Sentence DocumentRecord Filter Cancellation IngestReport IndexStats EvalReport
    AnswerEvent EvidenceFound SentenceWritten TextWritten SentencesDiscarded AnswerFinished Trace
    RagError UsageError SettingsError GoldError ModelUnavailable Cancelled
    IndexUnusable IndexNotFound IndexIncompatible IndexDamaged IndexLocked __version__
""".split()


@pytest.fixture
def handbook(work: Path) -> Path:
    (work / "handbook").mkdir()
    (work / "handbook" / "leave.md").write_text(LEAVE)
    (work / "handbook" / "pay.md").write_text(PAY)
    (work / "gold.jsonl").write_text(json.dumps(GOLD) + "\n")
    return work / "handbook" / ".rag"


@pytest.fixture
def library(handbook: Path) -> Rag:
    """An index of two documents, without a model."""
    rag = Rag.create(handbook, embedding_model="hashing", ingest_chroma=False, answer_threshold=0.0)
    rag.ingest(handbook.parent)
    return rag


def test_the_public_names_are_these_and_each_can_be_imported() -> None:
    assert sorted(ragcli.__all__) == sorted(PUBLIC)
    assert all(getattr(ragcli, name) is not None for name in PUBLIC)
    assert set(dir(ragcli)) == set(PUBLIC)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        ragcli.Nothing  # noqa: B018


def test_importing_the_package_loads_no_other_module_of_it() -> None:
    code = "import sys, ragcli; print([name for name in sys.modules if name.startswith(('ragcli.', 'numpy', 'typer', 'rich'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def indexed(model_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders, each with an index that the real model made."""
    base = tmp_path_factory.mktemp("indexed")
    for name, text in {"handbook/leave.md": LEAVE, "handbook/pay.md": PAY, "rules/trial.md": TRIAL}.items():
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(model_cache))
        for folder in ("handbook", "rules"):
            with Rag.create(base / folder / ".rag") as rag:
                rag.ingest(base / folder)
    return base


@pytest.mark.model
@pytest.mark.parametrize("name", ["Rag", *(f"Rag.{name}" for name in dir(Rag) if not name.startswith("_"))])
def test_every_example_of_the_documentation_gives_what_it_says(
    name: str, indexed: Path, work: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(model_cache))
    shutil.copytree(indexed, work, dirs_exist_ok=True)
    (work / "gold.jsonl").write_text(json.dumps(GOLD) + "\n")
    part: object = ragcli
    for step in name.split("."):
        part = getattr(part, step)
    examples = doctest.DocTestFinder(recurse=False).find(part, name, globs={"Rag": Rag})
    assert name in ("Rag.close",) or any(example.examples for example in examples)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert sum(runner.run(example).failed for example in examples) == 0


def test_a_place_without_an_index_is_an_error_that_says_how_to_make_one(work: Path) -> None:
    with pytest.raises(IndexNotFound) as caught:
        Rag(work / "nothing" / ".rag")
    assert "Rag.create(" in caught.value.hint
    assert not (work / "nothing").exists()


def test_an_index_is_created_once(library: Rag, handbook: Path) -> None:
    with pytest.raises(UsageError, match="there is an index"):
        Rag.create(handbook, embedding_model="hashing", ingest_chroma=False)
    assert Rag(handbook).stats().documents == 2


def test_an_empty_index_answers_nothing(handbook: Path) -> None:
    with Rag.create(handbook, embedding_model="hashing", ingest_chroma=False) as rag:
        assert len(rag.query("notice")) == 0
        assert rag.ask("How long is the notice period?").outcome == "none"


def test_settings_are_checked_by_name_and_value(handbook: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Rag.create(handbook, retrieval_kk=3)
    assert caught.value.hint == "did you mean retrieval_k?"
    with pytest.raises(SettingsError, match="out of range"):
        Rag.create(handbook, retrieval_k=0)
    with pytest.raises(SettingsError, match="the first argument is the path"):
        Rag(index="x")


def test_neither_the_environment_nor_a_project_file_changes_an_answer(
    library: Rag, work: Path, handbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "rag.toml").write_text("[retrieval]\nk = 1\n")
    monkeypatch.setenv("RAGCLI_RETRIEVAL_MODE", "lexical")
    with Rag(handbook) as rag:
        result = rag.query("annual leave")
        assert (len(result), result.mode) == (2, "hybrid")
    with Rag(handbook, config=work / "rag.toml") as rag:
        assert len(rag.query("annual leave")) == 1


def test_questions_leave_no_trace_outside_the_index(library: Rag) -> None:
    library.query("notice period")
    assert library.ask("How long is the notice period?").answered
    assert not state_directory().exists()


def test_hits_and_citations_say_where_they_stand(library: Rag) -> None:
    hit = next(iter(library.query("notice period", k=1, where="type=markdown")))
    assert (hit.path, hit.page, "three months" in hit.text) == ("leave.md", None, True)
    assert list(library.query("notice period", where=["type=pdf"])) == []
    citation = library.ask("How long is the notice period?").citations[0]
    assert (citation.path, citation.page) == ("leave.md", None)


def test_a_document_is_read_by_characters_lines_and_identity(library: Rag, handbook: Path) -> None:
    whole = library.read("leave.md")
    assert whole.text.rstrip() == LEAVE.rstrip()
    assert whole.span.line_start == 1
    part = library.read(whole.document.document_id[:12], start=9, end=30)
    assert part.text == LEAVE[9:30]
    assert (part.span.start, part.span.end, part.span.line_start, part.headings) == (9, 30, 3, ("Leave",))
    lines = library.read("leave.md", lines=(5, 7))
    assert lines.text.rstrip("\n") == LEAVE.split("\n", 4)[4].rstrip("\n")
    assert (lines.span.line_start, lines.headings) == (5, ("Notice",))


def test_reading_says_what_is_not_there(library: Rag) -> None:
    with pytest.raises(UsageError, match=r"holds no document 'nothing\.md'"):
        library.read("nothing.md")
    with pytest.raises(UsageError, match="has no pages"):
        library.read("leave.md", page=1)
    with pytest.raises(UsageError, match="has no lines 90 to 91"):
        library.read("leave.md", lines=(90, 91))
    assert library.read("leave.md", start=5_000).text == ""


def test_documents_are_listed_by_condition(library: Rag) -> None:
    assert [document.path for document in library.documents()] == ["leave.md", "pay.md"]
    assert [document.path for document in library.documents("path=pay*")] == ["pay.md"]
    assert library.documents("type=pdf") == []
    with pytest.raises(UsageError, match="unknown key"):
        library.documents("colour=red")


def test_a_streamed_answer_ends_with_the_answer_itself(library: Rag) -> None:
    events = list(library.ask_stream("How long is the notice period?"))
    assert isinstance(events[0], ragcli.EvidenceFound)
    assert isinstance(events[-1], ragcli.AnswerFinished)
    assert events[-1].answer.text == library.ask("How long is the notice period?").text
    assert any(isinstance(event, ragcli.SentenceWritten) for event in events)


def test_who_leaves_a_stream_early_cancels_it(library: Rag) -> None:
    cancel = Cancellation()
    for _ in library.ask_stream("How long is the notice period?", cancel=cancel):
        break
    assert cancel.cancelled
    with pytest.raises(Cancelled):
        list(library.ask_stream("How long is the notice period?", cancel=cancel))


def test_errors_of_a_stream_reach_who_reads_it(library: Rag) -> None:
    with pytest.raises(UsageError):
        list(library.ask_stream("   "))


def test_threads_get_what_one_thread_gets(library: Rag) -> None:
    questions = ["notice period", "annual leave", "salaries"] * 8
    alone = [[hit.path for hit in library.query(question)] for question in questions]
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda q: [hit.path for hit in library.query(q)], questions)) == alone


def test_documents_come_and_go(library: Rag, handbook: Path) -> None:
    (handbook.parent / "travel.md").write_text("# Travel\n\nTrains are second class.\n")
    seen: list[object] = []
    report = library.ingest(handbook.parent, tags={"team": "hr"}, on_progress=seen.append)
    assert (report.added, report.unchanged) == (1, 2)
    assert seen
    assert [hit.path for hit in library.query("trains", where="tag.team=hr", k=1)] == ["travel.md"]
    assert library.remove("travel.md") == ["travel.md"]
    with pytest.raises(UsageError):
        library.remove("travel.md")


def test_an_index_is_followed_only_to_what_this_object_or_the_user_ingested(handbook: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "private.md").write_text("The private notes.\n")
    with Rag.create(handbook, embedding_model="hashing") as rag:
        rag.ingest(handbook.parent, tmp_path / "elsewhere")
        assert rag.ingest().unchanged == 3, "this object was given both folders"
    with Rag(handbook) as given:
        for rebuild in (False, True):
            with pytest.raises(UsageError, match="outside of") as refused:
                given.ingest(rebuild=rebuild)
            assert str(tmp_path / "elsewhere") in refused.value.message
            assert f"rag ingest {tmp_path / 'elsewhere'}" in refused.value.hint
        assert given.ingest(anywhere=True).unchanged == 3
        with pytest.raises(UsageError):
            given.ingest()
        TrustStore(state_directory()).add_roots(handbook, [tmp_path / "elsewhere"])
        assert given.ingest().unchanged == 3, "as rag ingest remembers it"


def test_settings_of_the_scan_hold_unless_rules_are_given(handbook: Path) -> None:
    (handbook.parent / ".travel.md").write_text("# Travel\n\nTrains are second class.\n")
    with Rag.create(handbook, embedding_model="hashing", ingest_chroma=False, ingest_hidden=True) as rag:
        assert rag.ingest(handbook.parent, rules=Rules()).added == 2
        assert rag.ingest(handbook.parent).added == 1


def test_a_watcher_is_told_of_each_sentence_in_the_thread_that_asks(library: Rag) -> None:
    told: list[tuple[str, int]] = []

    class Listening(Watcher):
        def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
            told.append((sentence.text, threading.get_ident()))

    answer = library.ask("How long is the notice period?", watcher=Listening())
    assert told == [(sentence.text, threading.get_ident()) for sentence in answer.sentences]


def test_an_evaluation_takes_all_options_of_the_command_line(library: Rag, work: Path) -> None:
    report = library.evaluate(work / "gold.jsonl", options=EvalOptions(answers=False, stages=True))
    assert [stage.name for stage in report.stages] == ["lexical", "dense", "hybrid", "+ collapse, stitch"]
    assert report.answered + report.abstained == 0


def test_the_example_of_a_day_runs(work: Path, model_cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "library.py"), str(EXAMPLES / "documents"), str(work / ".rag")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "HOME": str(work), "XDG_CACHE_HOME": str(model_cache)},
    )
    assert done.returncode == 0, done.stderr
    assert "28 days" in done.stdout
    assert "Not in the documents" in done.stdout
