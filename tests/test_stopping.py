"""Ctrl-C and SIGTERM: one line, one exit code, and an ingest keeps what it has read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ragcli.cancellation import uninterrupted
from ragcli.datatypes import Document, Reading, SourceFile
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import ModelUnavailable
from ragcli.index import open_store
from ragcli.ingest.estimating import Estimate
from ragcli.ingest.parts import Progress
from ragcli.sources.scanning import Found, Rules, scan
from ragcli.usecases.ingestion import IngestRequest, ingest_paths, ingest_sources
from tests.conftest import heed_interrupts
from tests.helpers.indexes import engine_of

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix

Write = Callable[[str, str | bytes], Path]


class StoppedReader:
    """Reads text files, and is stopped as by Ctrl-C when it should read the one after `last`."""

    version, redaction = "1", ""
    changed: Mapping[str, int] = {}

    def __init__(self, files: Mapping[str, Path], last: int) -> None:
        self._files, self._last = files, last

    def read(self, wanted: Iterable[tuple[SourceFile, str]]) -> Iterator[Reading]:
        from ragcli.loaders.plain import PlainTextLoader

        for number, (source, _) in enumerate(wanted, start=1):
            if number > self._last:
                raise KeyboardInterrupt
            document: Document = PlainTextLoader().load(self._files[source.document_id].read_bytes(), Path(source.path))
            yield Reading(f"hash {number}", replace(document, document_id=source.document_id))


def test_an_ingest_that_is_stopped_keeps_every_document_that_was_read(work: Path, write: Write) -> None:
    for number in range(9):
        write(f"docs/{number}.txt", f"Document number {number} is short.")
    workspace = engine_of(work).workspace
    found = [entry for entry in scan(work / "docs", work, work / ".rag", Rules()) if isinstance(entry, Found)]
    files = {entry.source.document_id: entry.location for entry in found}
    told: list[Progress] = []
    report = ingest_sources(
        workspace,
        IngestRequest([work / "docs"]),
        [entry.source for entry in found],
        [],
        StoppedReader(files, 5),
        covers=lambda _: True,
        on_progress=told.append,
    )
    assert (report.interrupted, report.added, report.documents) == (True, 5, 5)
    assert told[-1].current.startswith(("keeping what was read", "docs/")), "it is said what takes so long"
    assert open_store(work / ".rag").last_write() == ("4 of 9 files", False)


class StoppedEmbedder(HashingEmbedder):
    """Fails as told once it is given a text with a certain word."""

    def __init__(self, word: str, failure: BaseException) -> None:
        super().__init__()
        self._word, self._failure = word, failure

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        if any(self._word in text for text in texts):
            raise self._failure
        return super().embed_documents(texts)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), ModelUnavailable("the model is gone")])
@pytest.mark.parametrize("long", ["00-manual.txt", "10-manual.md"])
def test_short_documents_are_found_before_a_long_one_is_embedded(
    work: Path, write: Write, long: str, failure: BaseException
) -> None:
    for number in range(19):
        write(f"docs/{number:02}.txt", f"Document number {number} is short.")
    write(f"docs/{long}", "".join(f"The overhaul of pump {number} takes all day.\n\n" for number in range(3200)))
    workspace = engine_of(work).workspace
    with suppress(ModelUnavailable):
        report = ingest_paths(
            workspace, IngestRequest([work / "docs"]), make_embedder=lambda *_: StoppedEmbedder("overhaul", failure)
        )
        assert report.interrupted
    with closing(open_store(work / ".rag").catalog()) as catalog:
        assert sum(catalog.type_counts().values()) == 19
    done = ingest_paths(workspace, IngestRequest([work / "docs"]), make_embedder=lambda *_: HashingEmbedder())
    assert (done.added, done.documents, done.unchanged) == (1, 20, 19)


def test_a_long_document_that_does_not_look_long_waits_for_what_was_read_before_it(work: Path, write: Write) -> None:
    for number in range(19):
        write(f"docs/{number:02}.txt", f"Document number {number} is short.")
    write("docs/20.txt", "".join(f"The overhaul {number}.\n\n" for number in range(900)))
    workspace = engine_of(work, chunking_max_tokens=16).workspace
    with pytest.raises(ModelUnavailable):
        ingest_paths(
            workspace,
            IngestRequest([work / "docs"]),
            make_embedder=lambda *_: StoppedEmbedder("overhaul", ModelUnavailable("the model is gone")),
        )
    with closing(open_store(work / ".rag").catalog()) as catalog:
        assert sum(catalog.type_counts().values()) == 19


def test_a_question_after_a_stopped_ingest_is_answered_with_how_far_it_came(rag, write: Write, work: Path) -> None:
    write("docs/a.txt", "The shed is green.")
    rag("ingest", "docs")
    assert "stopped" not in rag("ask", "What is the capital of Mongolia?", code=4).stderr
    (work / ".rag" / "lock").write_text(json.dumps({"pid": 1, "progress": "12 of 40 files"}))
    assert "stopped after 12 of 40 files: rag ingest goes on" in rag("ask", "Capital of Mongolia?", code=4).stderr


def test_the_first_interruption_waits_for_what_must_not_stop_halfway() -> None:
    done: list[str] = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            done.append("whole")
        done.append("after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]


def test_the_second_interruption_does_not_wait() -> None:
    done: list[str] = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == []


STOPPED_BY_AN_IMPORT = """
import os, sys
module, number = sys.argv[1], int(sys.argv[2])
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Stop())
sys.argv = ["rag", *sys.argv[3:]]
from ragcli.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "ragcli.retrieval.retriever"])
@pytest.mark.parametrize(("number", "told"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_ends_a_command_with_one_line_or_one_document(
    rag, write: Write, module: str, number: signal.Signals, told: str
) -> None:
    write("docs/a.txt", "The shed is green.")
    rag("ingest", "docs")

    def stopped(*arguments: str) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [sys.executable, "-c", STOPPED_BY_AN_IMPORT, module, str(int(number)), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=heed_interrupts)

    done = stopped("query", "shed")
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", f"{told}\n")
    done = stopped("query", "shed", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (128 + number, "")
    assert (document["schema"], document["error"], document["exit"]) == ("rag.error/1", told, 128 + number)


@pytest.mark.parametrize("command", [["--help"], ["ls"], ["query", "shed"], ["config", "show"]])
def test_a_reader_that_left_is_no_failure(rag, write: Write, command: list[str]) -> None:
    write("docs/a.txt", "The shed is green.")
    rag("ingest", "docs")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "ragcli", *command], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (141, "")


def sized(name: str, size: int) -> SourceFile:
    return SourceFile(name, name, "", size, 1, 1, "")


def test_the_time_left_counts_bytes_and_kinds_and_not_files() -> None:
    sources = [*(sized(f"{i}.txt", 1_000) for i in range(10)), sized("book.txt", 90_000)]
    estimate = Estimate(sources)
    assert estimate.seconds_left() is None
    for source in sources[:10]:
        estimate.read(source, 0.0, 2)
    estimate.embedded(10.0, 20)
    assert estimate.seconds_left() == pytest.approx(90.0), "180 chunks at half a second"


def test_the_time_left_counts_what_was_read_and_is_not_embedded() -> None:
    sources = [sized(f"{i}.txt", 1_000) for i in range(4)]
    estimate = Estimate(sources)
    for source in sources:
        estimate.read(source, 1.0, 10)
    estimate.embedded(5.0, 10)
    assert estimate.seconds_left() == pytest.approx(15.0)
