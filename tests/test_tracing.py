"""What is recorded of a question, and what the program logs."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragcli import Rag
from ragcli.index.sqlite.lock import WriterLock
from ragcli.tracing import Trace
from tests.helpers.programs import PATIENCE


@pytest.fixture
def handbook_index(work: Path) -> Path:
    """An index of one document, without a model."""
    (work / "leave.md").write_text("# Leave\n\nEvery employee has 28 days of annual leave.\n")
    with Rag.create(embedding_model="hashing", ingest_chroma=False) as rag:
        rag.ingest(work)
    return work / ".rag"


def test_a_stage_is_recorded_with_its_counts_also_when_it_raises() -> None:
    trace = Trace()
    with trace.stage("lexical") as counts:
        counts["candidates"] = 3
    with pytest.raises(ValueError, match="broken"), trace.stage("dense"):
        raise ValueError("broken")
    assert [(stage.name, dict(stage.counts)) for stage in trace.stages] == [
        ("lexical", {"candidates": 3}),
        ("dense", {}),
    ]
    assert all(stage.milliseconds >= 0 for stage in trace.stages)
    assert trace.stages[1].start >= trace.stages[0].start + trace.stages[0].milliseconds


def test_times_and_counts_of_a_stage_that_ran_twice_are_added() -> None:
    trace = Trace()
    for _ in range(2):
        with trace.stage("lexical") as counts:
            counts["candidates"] = 3
    once, twice = (stage.milliseconds for stage in trace.stages)
    assert trace.timings() == {"lexical": once + twice}
    assert str(trace).endswith("ms (6 candidates)")


def test_an_answer_tells_the_stages_that_it_went_through(handbook_index: Path) -> None:
    with Rag(handbook_index, answer_threshold=0.0) as rag:
        answer = rag.ask("How many days of annual leave does every employee have?")
        assert answer.answered
        names = [stage.name for stage in answer.trace.stages]
        assert names == "read embed words lexical dense fuse fetch select stitch widen choose write".split()
        assert set(answer.timings) == set(names)
        assert answer == rag.ask("How many days of annual leave does every employee have?")


def test_nothing_is_logged_unless_somebody_listens(
    handbook_index: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with Rag(handbook_index, answer_threshold=0.0) as rag:
        rag.query("leave")
        assert capfd.readouterr() == ("", "")
        with caplog.at_level(logging.DEBUG, logger="ragcli"):
            rag.query("leave")
    told = [record.getMessage() for record in caplog.records if record.name == "ragcli.trace"]
    assert told[0].startswith("read took ")


def test_rag_log_prints_what_happens_to_stderr_and_leaves_the_result_alone(handbook_index: Path) -> None:
    command = [sys.executable, "-m", "ragcli", "query", "leave", "--index", str(handbook_index), "--mode", "lexical"]
    quiet = subprocess.run(command, capture_output=True, text=True, check=True)
    logged = subprocess.run([*command[:3], "--log", "debug", *command[3:]], capture_output=True, text=True, check=True)
    assert logged.stdout == quiet.stdout
    assert "D ragcli.trace  lexical took " in logged.stderr
    assert "ragcli.trace" not in quiet.stderr


def test_an_ingest_is_logged_by_its_numbers_and_no_text_of_documents_or_questions_is(
    handbook_index: Path, work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (work / "pay.md").write_text("# Pay\n\nThe plover earns 7731 euros.\n")
    with caplog.at_level(logging.INFO, logger="ragcli"), Rag(handbook_index, answer_threshold=0.0) as rag:
        rag.ingest(work)
        rag.query("what does the plover earn")
        assert rag.ask("What does the plover earn?").hits
    told = [f"{record.name} {record.getMessage()}" for record in caplog.records]
    assert any(
        line.startswith("ragcli.ingest 1 documents added, 0 updated, 0 removed, 0 failed; 2 in") for line in told
    )
    assert not [line for line in told if "plover" in line or "7731" in line or "earn" in line]


def test_a_wait_for_another_writer_is_logged(work: Path, caplog: pytest.LogCaptureFixture) -> None:
    free = threading.Event()

    def holding() -> None:
        with WriterLock(work):
            held.set()
            free.wait(PATIENCE)

    held = threading.Event()
    with ThreadPoolExecutor(1) as other, caplog.at_level(logging.INFO, logger="ragcli"):
        pending = other.submit(holding)
        assert held.wait(PATIENCE)
        threading.Timer(0.3, free.set).start()
        with WriterLock(work, wait=PATIENCE):
            pass
        pending.result(PATIENCE)
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.endswith(f"s for another writer of {work}")
