"""What every engine of the dense search promises: the nearest chunks with their cosines, of one state of the index, whatever a
filter leaves and whatever came or went since the last ingest."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ragcli.datatypes import Candidate, Condition, Filter, source_id
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import IndexIncompatible
from ragcli.index.manifest import Identity
from ragcli.index.ranking import cosines
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.writer import open_writer
from ragcli.reports import EngineState
from tests.helpers.indexes import CHUNKER, EMBEDDER, TEXTS, build, new, put, writing

pytestmark = pytest.mark.chroma

COUNT = 1000
PATIENCE = 60
WORDS = [f"word{i}" for i in range(300)]
QUESTIONS = ["word3 word5", "word17 word100 word250", "word299"]


def texts(count: int) -> dict[str, str]:
    """Documents of eight words, in folders of which one holds a thousandth, one a hundredth, one a tenth of them and so on."""
    chance = random.Random(3)
    shares = {"thousandth": 1, "hundredth": count // 100, "tenth": count // 10, "half": count // 2}
    folders = [name for name, share in shares.items() for _ in range(share)]
    folders += ["rest"] * (count - len(folders))
    chance.shuffle(folders)
    return {f"{folder}/{i}.txt": " ".join(chance.choices(WORDS, k=8)) for i, folder in enumerate(folders)}


def fill(directory: Path, entries: dict[str, str]) -> None:
    with writing(directory, chroma=True) as writer:
        put(writer, *(new(path, text) for path, text in entries.items()))
        assert writer.finish() == []


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("large") / ".rag"
    fill(directory, texts(COUNT))
    return directory


@pytest.fixture
def directory(work: Path) -> Path:
    return work / ".rag"


@pytest.fixture(params=["exact", "chroma"])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], IndexReader]]:
    """Opens a reader with the engine; it is closed after the test."""
    readers: list[IndexReader] = []

    def open_reader(directory: Path) -> IndexReader:
        readers.append(IndexReader(directory, engine=request.param))
        assert readers[-1].engine_state(request.param).answers == request.param
        return readers[-1]

    yield open_reader
    for reader in readers:
        reader.close()


def expected(
    reader: IndexReader, question: str, k: int, meant: Callable[[str], bool] = lambda _: True
) -> list[Candidate]:
    """By comparing the question with the vectors of all documents that are `meant`, by path."""
    rows = range(1, reader.manifest.next_row)
    chunks = reader.chunks(list(rows))
    wanted = [row for row in rows if row in chunks and meant(chunks[row][1].path)]
    scores = cosines(reader.vectors(wanted), EMBEDDER.embed_query(question))
    order = sorted(range(len(wanted)), key=lambda i: (-scores[i], wanted[i]))[:k]
    return [Candidate(wanted[i], float(scores[i])) for i in order]


def search(reader: IndexReader, question: str, k: int = 10, where: Filter = Filter()) -> list[Candidate]:  # noqa: B008
    return reader.dense_search(EMBEDDER.embed_query(question), k, where)


def paths(reader: IndexReader, question: str, k: int = 10) -> list[str]:
    rows = [entry.key for entry in search(reader, question, k)]
    chunks = reader.chunks(rows)
    return [chunks[row][1].path for row in rows]


def assert_same(found: list[Candidate], wanted: list[Candidate]) -> None:
    assert [entry.key for entry in found] == [entry.key for entry in wanted]
    assert [entry.score for entry in found] == pytest.approx([entry.score for entry in wanted], abs=1e-6)


@pytest.mark.parametrize("k", [1, 10, 100])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_nearest_chunks_come_first_with_their_cosines(opened, large: Path, question: str, k: int) -> None:
    reader = opened(large)
    assert_same(search(reader, question, k), expected(reader, question, k))


@pytest.mark.parametrize("folder", ["half", "tenth", "hundredth", "thousandth"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_filter_leaves_exactly_what_it_says(opened, large: Path, question: str, folder: str) -> None:
    reader = opened(large)
    found = search(reader, question, where=Filter(paths=(f"{folder}/**",)))
    assert_same(found, expected(reader, question, 10, lambda path: path.startswith(folder)))


def test_every_kind_of_filter_holds(opened, large: Path) -> None:
    reader = opened(large)
    texts_of = texts(COUNT)
    for where, meant in (
        (Filter(types=("text",)), lambda _: True),
        (Filter(types=("pdf",)), lambda _: False),
        (Filter(phrases=("word3",)), lambda path: "word3" in texts_of[path].split()),
        (Filter(without=("word3",)), lambda path: "word3" not in texts_of[path].split()),
        (Filter(conditions=(Condition("path", "=", "rest/**"),)), lambda path: path.startswith("rest/")),
    ):
        assert_same(search(reader, "word3 word5", 20, where), expected(reader, "word3 word5", 20, meant))


def test_equal_scores_are_in_the_order_of_rows_also_at_the_cut(opened, directory: Path) -> None:
    fill(directory, {f"{i}.txt": "the same words" if i % 2 else f"other words {i}" for i in range(60)})
    reader = opened(directory)
    found = search(reader, "the same words", 12)
    assert [entry.key for entry in found] == [row for row in range(1, 61) if row % 2 == 0][:12]
    assert len({entry.score for entry in found}) == 1


def test_an_empty_index_finds_nothing(opened, directory: Path) -> None:
    fill(directory, {})
    assert search(opened(directory), "anything") == []


def test_nothing_is_found_where_everything_was_removed(opened, directory: Path) -> None:
    build(directory, TEXTS)
    with writing(directory) as writer:
        writer.remove([source_id(path) for path in TEXTS])
        writer.finish()
    assert search(opened(directory), "leave") == []


def test_texts_with_zero_bytes_and_of_any_script_are_found(opened, directory: Path) -> None:
    build(directory, {"cjk.txt": "年次有給休暇は二十八日です", "emoji.txt": "parking 🅿️ spaces"})
    entry = new("zero.txt", "null|byte words")
    document = replace(entry.document, text=entry.document.text.replace("|", "\0"))
    with writing(directory) as writer:
        put(writer, replace(entry, document=document, chunks=CHUNKER.split(document)))
        assert writer.finish() == []
    reader = opened(directory)
    assert paths(reader, "年次有給休暇")[0] == "cjk.txt"
    assert paths(reader, "parking spaces")[0] == "emoji.txt"
    assert set(paths(reader, "byte words")) == {"zero.txt", "cjk.txt", "emoji.txt"}


@pytest.mark.parametrize("finished", [True, False], ids=["finished", "interrupted before the copy was written"])
def test_what_is_added_edited_and_removed_counts_at_once(opened, directory: Path, finished: bool) -> None:
    build(directory, TEXTS)
    reader = opened(directory)
    assert paths(reader, "standby pay")[0] == "b.md"
    with writing(directory) as writer:
        put(writer, new("d.txt", "gamma delta"), new("a.md", "# Leave\n\nunpaid sabbatical"))
        writer.remove([source_id("b.md")])
        if finished:
            assert writer.finish() == []
    assert paths(reader, "gamma delta")[0] == "d.txt"
    assert paths(reader, "unpaid sabbatical")[0] == "a.md"
    assert set(paths(reader, "standby pay")) == {"a.md", "c.txt", "d.txt"}
    for question in ("gamma delta", "standby pay"):
        assert_same(search(reader, question), expected(reader, question, 10))


def test_a_reader_follows_an_index_that_is_made_anew(opened, directory: Path) -> None:
    build(directory, TEXTS)
    reader = opened(directory)
    assert paths(reader, "standby pay")[0] == "b.md"
    with writing(directory, rebuild=True) as writer:
        put(writer, new("z.txt", "standby pay"))
        writer.finish()
    assert paths(reader, "standby pay") == ["z.txt"]


def test_a_snapshot_sees_one_state_while_a_writer_commits(opened, directory: Path) -> None:
    build(directory, TEXTS)
    reader = opened(directory)
    with ThreadPoolExecutor(1) as other:
        with reader.snapshot():
            before = search(reader, "standby pay")
            committed = other.submit(build, directory, {"late.txt": "standby pay"})
            with pytest.raises(TimeoutError):
                committed.result(0.5)
            assert search(reader, "standby pay") == before
        committed.result(PATIENCE)
    assert "late.txt" in paths(reader, "standby pay")


def test_another_embedding_model_is_an_error_that_names_both(opened, directory: Path) -> None:
    build(directory, TEXTS)
    opened(directory)
    other = HashingEmbedder(32)
    with (
        pytest.raises(IndexIncompatible, match=r"hashing \(dimension 64.*hashing \(dimension 32"),
        open_writer(directory, Identity(other.identity, CHUNKER.parameters)),
    ):
        pass


def test_without_a_usable_copy_the_search_is_exact(directory: Path) -> None:
    build(directory, TEXTS)
    (directory / "chroma").rename(directory / "elsewhere")
    with closing(IndexReader(directory, engine="chroma")) as reader:
        assert reader.engine_state("chroma") == EngineState("chroma", "exact", "missing")
        assert_same(search(reader, "standby pay"), expected(reader, "standby pay", 10))
