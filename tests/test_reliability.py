"""Killed, interrupted, out of space, two at once: the index answers as before or as after, and the next ingest completes it."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from ragcli.datatypes import Filter
from ragcli.errors import IndexNotFound, IndexUnusable
from ragcli.index.pages import documents
from ragcli.index.sqlite.reader import IndexReader
from ragcli.text.query import parse_query
from tests.conftest import Rag, heed_interrupts

TRIALS = int(os.environ.get("KILL_TRIALS", "10"))
IN_ONE_TEST = 10  # kills; more are several tests, which run beside each other
LARGE_ENOUGH_KIB = 65536  # the whole index of the corpus below fits into files of this size
INGEST = [sys.executable, "-m", "ragcli", "ingest", "docs", "--json", "--max-tokens", "32"]


@pytest.fixture
def corpus(write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A folder in which every document has a first sentence of its own."""
    monkeypatch.setenv("RAGCLI_EMBEDDING_MODEL", "hashing")
    return write_documents(write, range(60))


def write_documents(write: Callable[[str, str], Path], numbers: Iterable[int]) -> dict[str, str]:
    """Path → the word that only its document holds."""
    texts = {}
    for i in numbers:
        marker = f"uniquemarker{i}"
        body = " ".join(f"The sentence {j} of the document {i} is about the topic{(i * j) % 13}." for j in range(40))
        write(f"docs/{i:02}.txt", f"This is {marker}. {body}\n")
        texts[f"docs/{i:02}.txt"] = marker
    return texts


def check_promises(directory: Path, corpus: dict[str, str]) -> int:
    """The index opens, is sound, and every document in it is found by its own first sentence; returns how many there are."""
    try:
        reader = IndexReader(directory)
    except IndexNotFound:
        return 0
    with closing(reader):
        assert reader.check() == []
        held = documents(reader)
        for document in held:
            words = reader.resolve(parse_query(corpus[document.path]))
            rows = [entry.key for entry in reader.lexical_search(words, 5, Filter())]
            assert document.path in {record.path for _, record in reader.chunks(rows).values()}
            assert len(reader.document_chunks(document.document_id)) == document.chunks
        return len(held)


def documents_in(directory: Path) -> int:
    try:
        with closing(IndexReader(directory)) as reader:
            return len(documents(reader))
    except IndexUnusable:
        return 0


def digest(directory: Path) -> list[tuple[object, ...]]:
    """The logical content of an index."""
    with closing(IndexReader(directory)) as reader:
        return [
            (document.path, chunk.chunk_id, chunk.text, chunk.tail)
            for document in documents(reader)
            for chunk in reader.document_chunks(document.document_id)
        ]


@pytest.mark.chroma
@pytest.mark.parametrize("first", range(0, TRIALS, IN_ONE_TEST))
def test_an_ingest_killed_at_any_moment_leaves_a_sound_index_that_the_next_one_completes(
    work: Path, corpus: dict[str, str], first: int
) -> None:
    started = time.monotonic()
    subprocess.run(INGEST, check=True, capture_output=True)
    runtime = time.monotonic() - started
    expected = digest(work / ".rag")
    chance = random.Random(20 + first)
    landed = 0
    while landed < min(TRIALS - first, IN_ONE_TEST):
        shutil.rmtree(work / ".rag")
        for _attempt in range(2):
            child = subprocess.Popen(INGEST, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.05, 1.0) * runtime)
            child.send_signal(signal.SIGKILL)
            landed += child.wait() == -signal.SIGKILL  # a kill that came after the end is not counted
            check_promises(work / ".rag", corpus)
        done = subprocess.run(INGEST, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["documents"] == 60
        assert check_promises(work / ".rag", corpus) == 60
        assert digest(work / ".rag") == expected
        with closing(IndexReader(work / ".rag")) as reader:
            assert reader.manifest.chroma["state"] == "clean"


def test_an_interrupted_ingest_keeps_what_was_finished(
    rag: Rag, work: Path, corpus: dict[str, str], write: Callable[[str, str], Path]
) -> None:
    corpus |= write_documents(write, range(60, 400))  # enough to be still at work when the signal comes
    child = subprocess.Popen(
        INGEST,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - no thread runs yet
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not documents_in(work / ".rag"):
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert "Traceback" not in err
    assert child.returncode == 130, "the signal came too late to test anything"
    assert json.loads(out)["schema"] in ("rag.ingest/1", "rag.error/1")
    assert 0 < check_promises(work / ".rag", corpus) < len(corpus)
    rag(*INGEST[3:])
    assert check_promises(work / ".rag", corpus) == len(corpus)


@pytest.mark.chroma
@pytest.mark.parametrize(
    "limit_kib", [0, 64, 320, LARGE_ENOUGH_KIB, *(pytest.param(n, marks=pytest.mark.slow) for n in (16, 160, 640))]
)
def test_a_full_disk_leaves_the_index_as_it_was(rag: Rag, work: Path, corpus: dict[str, str], limit_kib: int) -> None:
    rag("ingest", "docs/00.txt", *INGEST[5:])
    before = digest(work / ".rag")

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kib * 1024, limit_kib * 1024))

    done = subprocess.run(INGEST, capture_output=True, text=True, preexec_fn=limited, check=False)
    assert "Traceback" not in done.stderr
    if limit_kib < LARGE_ENOUGH_KIB:
        assert done.returncode == 1
        error = json.loads(done.stdout)
        assert error["schema"] == "rag.error/1"
        assert "no space left" in error["error"]
        assert error["hint"]
    else:
        assert done.returncode == 0, done.stdout
    assert check_promises(work / ".rag", corpus) >= 1
    assert set(before) <= set(digest(work / ".rag"))
    rag(*INGEST[3:])
    assert check_promises(work / ".rag", corpus) == 60


@pytest.mark.chroma
def test_a_chroma_copy_that_cannot_be_written_is_a_warning_and_is_made_by_the_next_ingest(
    rag: Rag, work: Path, corpus: dict[str, str]
) -> None:
    (work / ".rag").mkdir()
    (work / ".rag" / "chroma.new").write_text("in the way")
    done = json.loads(rag(*INGEST[3:]).stdout)
    assert "Chroma" in done["warnings"][0]
    assert check_promises(work / ".rag", corpus) == 60
    (work / ".rag" / "chroma.new").unlink()
    assert json.loads(rag(*INGEST[3:]).stdout)["warnings"] == []
    with closing(IndexReader(work / ".rag")) as reader:
        assert reader.manifest.chroma["state"] == "clean"


def test_readers_answer_while_a_writer_works(rag: Rag, work: Path, corpus: dict[str, str]) -> None:
    rag(*INGEST[3:])
    for path in (work / "docs").glob("*.txt"):
        path.write_text(path.read_text() + "One more sentence.\n")
    writer = subprocess.Popen(INGEST, stdout=subprocess.DEVNULL)
    query = [sys.executable, "-m", "ragcli", "query", "uniquemarker7", "--mode", "lexical", "--json"]
    answers = 0
    while writer.poll() is None or answers < 3:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stdout
        assert json.loads(done.stdout)["hits"][0]["path"] == "docs/07.txt"
        answers += 1
    assert writer.returncode == 0


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(work: Path, corpus: dict[str, str]) -> None:
    (work / "file").write_text("not a folder")
    done = subprocess.run([*INGEST, "--index", "file/.rag"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "file/.rag" in json.loads(done.stdout)["error"]
