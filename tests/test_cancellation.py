"""Questions that are given up, and slow parts that must not keep the index busy."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragcli.app import App
from ragcli.app.ingestion import IngestRequest
from ragcli.cancellation import NEVER, Cancellation
from ragcli.cli.interrupting import interruptible
from ragcli.errors import Cancelled, ExitCode
from ragcli.index.pages import documents
from tests.helpers.indexes import app_of
from tests.helpers.programs import PATIENCE


class Waiting:
    """A Reranker that is at work until it is released."""

    name = "waiting"

    def __init__(self) -> None:
        self.started, self.release = threading.Event(), threading.Event()
        self.batches = 0

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        self.batches += 1
        self.started.set()
        assert self.release.wait(PATIENCE)
        return [1.0 - 0.01 * len(passage) for passage in passages]


@pytest.fixture
def reranker() -> Iterator[Waiting]:
    waiting = Waiting()
    yield waiting
    waiting.release.set()


def test_a_slow_reranker_blocks_neither_writers_nor_readers(app: App, work: Path, reranker: Waiting) -> None:
    with ThreadPoolExecutor(1) as other:
        pending = other.submit(app.retriever(reranker=reranker).retrieve, "what does topic 3 cost", 3)
        assert reranker.started.wait(PATIENCE)
        (work / "docs" / "new.md").write_text("# Topic 3\n\nThe topic 3 costs nothing since May.\n")
        writer = app_of(work)
        assert writer.ingest(IngestRequest([work / "docs"])).documents == 13, "committed while the reranker reads"
        writer.close()
        assert len(documents(app.reader)) == 13
        assert app.retriever().retrieve("nothing since may", 1).hits[0].passage.document.path == "docs/new.md"
        assert not pending.done()
        reranker.release.set()
        result = pending.result(PATIENCE)
    again = app.retriever(reranker=reranker).retrieve("what does topic 3 cost", 3)
    assert result.hits == again.hits, "the question was asked again of what is in the index now"


def test_hits_that_are_gone_by_the_second_time_are_left_out(app: App, work: Path) -> None:
    class Removing:
        """A Reranker during whose work a file is taken out of the index, every time."""

        name = "removing"
        removed: list[str] = []  # noqa: RUF012

        def score(self, question: str, passages: Sequence[str]) -> list[float]:
            from ragcli.app.library import remove

            self.removed += remove(app, [f"docs/{len(self.removed):02}.md"])
            return [1.0] * len(passages)

    hits = app.retriever(reranker=Removing(), rerank_depth=4).retrieve("what does a topic cost", 12).hits
    assert Removing.removed == ["docs/00.md", "docs/01.md"]
    assert {hit.passage.document.path for hit in hits} == {f"docs/{i:02}.md" for i in range(2, 12)}


def test_a_question_that_is_cancelled_ends_between_two_batches(app: App, reranker: Waiting) -> None:
    cancel = Cancellation()
    with ThreadPoolExecutor(1) as other:
        retriever = app.retriever(reranker=reranker, rerank_depth=12)
        pending = other.submit(lambda: retriever.retrieve("what does a topic cost", 12, cancel=cancel))
        assert reranker.started.wait(PATIENCE)
        cancel.cancel()
        reranker.release.set()
        with pytest.raises(Cancelled, match="cancelled"):
            pending.result(PATIENCE)
    assert reranker.batches == 1


def test_a_deadline_that_has_passed_ends_a_question_and_says_which(app: App) -> None:
    with pytest.raises(Cancelled, match="not answered within 0 s") as caught:
        app.ask("What does topic 3 cost?", cancel=Cancellation(seconds=0))
    assert caught.value.exit_code == ExitCode.INTERRUPTED
    assert app.ask("What does topic 3 cost?", cancel=Cancellation(seconds=3600)).answered


def test_the_cancellation_of_those_who_never_cancel_cannot_be_cancelled() -> None:
    with pytest.raises(RuntimeError, match="make a Cancellation"):
        NEVER.cancel()
    assert not NEVER.expired
    NEVER.check()


@pytest.fixture
def _heeded() -> Iterator[None]:
    """Python's own handler of interrupts, also where the tests were started with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeded")
def test_an_interrupt_that_nobody_attends_to_is_raised() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("_heeded")
def test_the_first_interrupt_is_left_to_a_writer_and_the_second_is_raised() -> None:
    with interruptible() as cancel, cancel.attending():
        os.kill(os.getpid(), signal.SIGINT)
        assert cancel.cancelled
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
