"""One reader and one engine, shared by threads: each result is the one that a single thread gets."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ragcli.api import rag_over
from ragcli.datatypes import Filter
from ragcli.engine.once import once
from ragcli.engine.wiring import Engine
from ragcli.errors import IndexIncompatible, IndexNotFound
from ragcli.index.pages import documents
from ragcli.index.sqlite.catalog import transaction, translated
from ragcli.index.sqlite.contents import CatalogReader
from ragcli.index.sqlite.pool import ConnectionPool
from ragcli.index.sqlite.reader import IndexReader
from ragcli.results import Answer, QueryResult
from ragcli.retrieval.reranking import RememberingReranker
from ragcli.workspace import with_settings
from tests.helpers.indexes import EMBEDDER, TEXTS, build, engine_of, found
from tests.helpers.programs import PATIENCE


@pytest.fixture
def directory(work: Path) -> Path:
    build(work / ".rag", TEXTS)
    return work / ".rag"


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `work` gives for 0 to count - 1, each in a thread of its own, all begun together."""
    together = threading.Barrier(count)

    def begun(number: int) -> object:
        together.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begun, range(count)))


def test_one_reader_gives_threads_what_it_gives_one(directory: Path) -> None:
    with closing(IndexReader(directory)) as reader:
        alone = [found(reader, question) for question in ("standby pay", "annual leave", "parking")]
        assert (
            at_once(16, lambda i: [found(reader, q) for q in ("standby pay", "annual leave", "parking")])
            == [alone] * 16
        )


@pytest.mark.chroma
def test_threads_share_the_search_graph(work: Path) -> None:
    build(work / "graph", {f"{i}.txt": f"alpha{i} beta{i}" for i in range(40)})
    questions = [f"alpha{i} beta{i}" for i in range(0, 40, 5)]
    with closing(IndexReader(work / "graph", engine="chroma")) as reader:
        assert reader.engine_state("chroma").answers == "chroma"
        paths = at_once(8, lambda _: [found(reader, question)[1][0] for question in questions])
    assert paths == [[f"{i}.txt" for i in range(0, 40, 5)]] * 8


@pytest.mark.chroma
def test_threads_search_the_graph_while_a_writer_changes_the_collection(work: Path) -> None:
    build(work / "graph", {f"{i}.txt": f"alpha{i} beta{i}" for i in range(100)})
    questions = [f"alpha{i} beta{i}" for i in range(0, 100, 12)]
    with closing(IndexReader(work / "graph")) as exact:
        expected = [found(exact, question)[1] for question in questions]
    done = threading.Event()
    with (
        closing(IndexReader(work / "graph", engine="chroma")) as one,
        closing(IndexReader(work / "graph", engine="chroma")) as other,
    ):

        def ask(number: int) -> int:
            rounds = 0
            while not done.is_set() or not rounds:
                for question, before in zip(questions, expected, strict=True):
                    now = found(one if number % 2 else other, question)[1]
                    old = [path for path in now if not path.startswith("late")]
                    assert old == before[: len(old)]
                rounds += 1
            return rounds

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, number) for number in range(4)]
            try:
                for i in range(4):
                    build(work / "graph", {f"late{i}.txt": f"gamma{i}"})
            finally:
                done.set()
            assert all(future.result(PATIENCE) for future in asking)
        assert found(one, "gamma3")[1][0] == "late3.txt"


@pytest.mark.chroma
def test_a_collection_that_changed_is_opened_between_two_searches_and_not_while_a_commit_waits(work: Path) -> None:
    build(work / "graph", {f"{i}.txt": f"alpha{i} beta{i}" for i in range(40)})
    with closing(IndexReader(work / "graph", engine="chroma")) as reader:
        approximate = reader._approximate
        assert approximate is not None
        late, vector = [41], EMBEDDER.embed_query("gamma delta")

        def keys() -> list[int]:
            return [candidate.key for candidate in reader.dense_search(vector, 1, Filter())]

        keys()
        before = approximate._open
        build(work / "graph", {"late.txt": "gamma delta"})
        assert keys() == late
        assert approximate._open is before, "the search that found it changed compared all vectors"
        approximate._opening.acquire()
        assert keys() == late
        assert approximate._open is before, "nobody waits for another one who opens it"
        approximate._opening.release()
        assert keys() == late
        assert approximate._open not in (None, before)


def test_more_threads_than_connections_wait_for_one_another(directory: Path) -> None:
    pool, inside, most = ConnectionPool(directory), [0], [0]

    def read(_: int) -> None:
        with pool.connection() as held:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            held.connection.execute("SELECT count(*) FROM chunks").fetchone()
            inside[0] -= 1

    def often(number: int) -> None:
        for _ in range(5):
            read(number)

    at_once(64, often)
    assert 1 <= most[0] <= 16
    pool.close()


def test_a_snapshot_belongs_to_its_thread(directory: Path) -> None:
    with closing(IndexReader(directory)) as reader:
        entered = reader.snapshot()
        entered.__enter__()
        with ThreadPoolExecutor(1) as other:
            with pytest.raises(RuntimeError, match="left by the thread that entered it"):
                other.submit(entered.__exit__, None, None, None).result(PATIENCE)
            assert other.submit(found, reader, "standby pay").result(PATIENCE)[0] == ["b.md"]
        assert found(reader, "standby pay")[0] == ["b.md"], "nor does the mistake keep the reader from reading on"


def test_two_snapshots_of_different_states_live_beside_each_other(directory: Path) -> None:
    with closing(IndexReader(directory)) as reader, ThreadPoolExecutor(1) as other:
        committed, seen = threading.Event(), threading.Event()

        def before() -> int:
            with reader.snapshot():
                first = reader.generation()
                seen.set()
                committed.wait(0.2)  # a commit waits for the end of this snapshot
                assert reader.generation() == first
                return len(documents(reader))

        pending = other.submit(before)
        assert seen.wait(PATIENCE)
        build(directory, {"d.md": "a fourth document"})
        committed.set()
        assert (pending.result(PATIENCE), len(documents(reader))) == (3, 4)


def test_a_mistake_of_the_program_is_not_called_damage(directory: Path) -> None:
    connection = sqlite3.connect(directory / "catalog.sqlite3", isolation_level=None)
    connection.execute("BEGIN")
    with pytest.raises(RuntimeError, match="in a transaction already"), translated(directory), transaction(connection):
        pass
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError), translated(directory):
        connection.execute("SELECT 1")


def test_connections_are_given_back_and_closed_with_the_pool(directory: Path) -> None:
    pool = ConnectionPool(directory)
    with pool.connection() as first:
        pass
    with pool.connection() as again, pool.connection() as second:
        assert again.connection is first.connection
        assert second.connection is not first.connection
        pool.close()
        assert again.connection.execute("SELECT 1").fetchone() == (1,), (
            "one that is in use stays open until it is given back"
        )
    for closed in (again, second):
        with pytest.raises(sqlite3.ProgrammingError):
            closed.connection.execute("SELECT 1")


def test_the_connection_of_a_thread_that_ended_serves_the_next_one(directory: Path) -> None:
    pool = ConnectionPool(directory)

    def taken() -> sqlite3.Connection:
        with pool.connection() as held:
            return held.connection

    with ThreadPoolExecutor(1) as one:
        first = one.submit(taken).result(PATIENCE)
    assert taken() is first
    pool.close()


def test_a_reader_follows_an_index_that_was_deleted_and_made_anew(directory: Path) -> None:
    with closing(CatalogReader(directory)) as reader:
        assert len(documents(reader)) == 3
        (directory / "catalog.sqlite3").unlink()
        with pytest.raises(IndexNotFound):
            documents(reader)
        (directory / "vectors.f32").unlink()
        build(directory, {"x.md": "something else"})
        assert [document.path for document in documents(reader)] == ["x.md"]


def test_parts_are_made_once_however_many_threads_ask_for_them() -> None:
    class Owner:
        def __init__(self) -> None:
            self.making = threading.RLock()
            self.made = 0

        @once
        def part(self) -> int:
            self.made += 1
            return self.made

    owner = Owner()
    assert at_once(16, lambda _: owner.part) == [1] * 16


def test_a_reranker_is_asked_for_each_pair_once() -> None:
    class Counting:
        name = "counting"
        asked: list[str] = []  # noqa: RUF012

        def score(self, question: str, passages: Sequence[str]) -> list[float]:
            self.asked += [f"{question} {passage}" for passage in passages]
            return [float(len(passage)) for passage in passages]

    reranker = RememberingReranker(Counting())
    assert reranker.score("q", ["one", "three"]) == [3.0, 5.0]
    assert reranker.score("q", ["three", "seven!", "one"]) == [5.0, 6.0, 3.0]
    assert reranker.score("other", ["one"]) == [3.0]
    assert Counting.asked == ["q one", "q three", "q seven!", "other one"]


def test_an_engine_that_is_closed_opens_the_index_again(engine: Engine) -> None:
    search = engine.retriever()
    before = search.retrieve("topic 3", 3).hits
    engine.close()
    assert search.retrieve("topic 3", 3).hits == before


def test_an_engine_takes_the_model_of_another_one_where_its_index_is_of_that_model(
    engine: Engine, work: Path, write: Callable[[str, str], Path]
) -> None:
    question = "topic 3"
    with closing(Engine(engine.workspace, embedding=engine.embedding)) as other:
        assert other.embedding.embedder is engine.embedding.embedder
        assert other.embedding.embed_query(question) is engine.embedding.embed_query(question)
    build(work / "narrow", TEXTS)  # of a model with fewer dimensions
    workspace = with_settings(engine.workspace, {"index": str(work / "narrow"), "embedding_model": ""})
    with closing(Engine(workspace, embedding=engine.embedding)) as narrow, pytest.raises(IndexIncompatible):
        narrow.embedding.embed_query(question)


PLACES = ("Oslo", "Lima", "Rome", "Cairo", "Delhi")
THINGS = ("pump", "lamp", "boiler", "ladder", "engine", "filter", "sensor", "valve", "battery", "printer")


def test_many_threads_beside_a_writer_get_what_one_thread_gets(work: Path, write: Callable[[str, str], Path]) -> None:
    for i, thing in enumerate(THINGS):
        for j, place in enumerate(PLACES):
            write(
                f"docs/{place}/{thing}.md",
                f"# The {thing} of {place}\n\nThe {thing} in {place} costs {100 + 7 * i + j} euros. "
                f"It was made in the year {1980 + 5 * j + i} by the works of {PLACES[(i + j) % 5]}.\n",
            )
    moving = ("zebra yellow xylophone", "yellow xylophone zebra")  # the same words, so that no score changes with it
    library, file = rag_over(engine_of(work)), write("moving.txt", moving[0])
    library.ingest(work / "docs", file)
    questions = [f"What does the {thing} in {place} cost?" for thing in THINGS for place in PLACES]

    def asked(number: int) -> Answer | QueryResult:
        if number % 2:
            return library.query(questions[number], k=3)
        return library.ask(questions[number], k=3)

    alone = [asked(number) for number in range(len(questions))]
    assert sum(isinstance(result, Answer) and result.answered for result in alone) == 25
    done = threading.Event()

    def writing() -> int:
        count, writer = 0, rag_over(engine_of(work))
        while not done.wait(0.05):
            count += 1
            file.write_text(moving[count % 2])
            assert writer.ingest(file).updated == 1
        writer.close()
        return count

    def every_question(thread: int) -> list[Answer | QueryResult]:
        found = {i: asked(i) for i in range(3 * thread - len(questions), 3 * thread)}  # each begins with another one
        return [found[i if i < 3 * thread else i - len(questions)] for i in range(len(questions))]

    with ThreadPoolExecutor(1) as other:
        pending = other.submit(writing)
        try:
            found = at_once(16, every_question)
        finally:
            done.set()
        commits = pending.result(PATIENCE)
    assert found == [alone] * 16
    assert commits > 1
    library.close()


@pytest.mark.chroma
@pytest.mark.slow
@pytest.mark.parametrize(("engine", "rounds"), [("exact", 4), ("chroma", 1)])  # of 50 questions; a graph takes longer
def test_64_threads_with_many_questions_each_get_what_one_thread_gets(
    work: Path, write: Callable[[str, str], Path], engine: str, rounds: int
) -> None:
    for i, thing in enumerate(THINGS):
        for j, place in enumerate(PLACES):
            write(
                f"docs/{place}/{thing}.md",
                f"# The {thing} of {place}\n\nThe {thing} in {place} costs {100 + 7 * i + j}.\n",
            )
    moving = ("zebra yellow xylophone", "yellow xylophone zebra")  # the same words, so that no score changes with it
    library = rag_over(engine_of(work, retrieval_engine=engine))
    file = write("moving.txt", moving[0])
    library.ingest(work / "docs", file)
    questions = [f"What does the {thing} in {place} cost?" for thing in THINGS for place in PLACES]
    alone = [library.query(question, k=3) for question in questions]
    done = threading.Event()

    def writing() -> int:
        count, writer = 0, rag_over(engine_of(work))
        while not done.wait(0.5):
            count += 1
            file.write_text(moving[count % 2])
            assert writer.ingest(file).updated == 1
        writer.close()
        return count

    def differing(thread: int) -> int:
        numbers = [(thread + i) % len(questions) for i in range(rounds * len(questions))]
        return sum(library.query(questions[number], k=3) != alone[number] for number in numbers)

    with ThreadPoolExecutor(1) as other:
        pending = other.submit(writing)
        try:
            found = at_once(64, differing)
        finally:
            done.set()
        commits = pending.result(PATIENCE)
    assert found == [0] * 64
    assert commits > 1
    library.close()
