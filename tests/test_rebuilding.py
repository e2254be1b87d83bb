"""`rag ingest --rebuild`: the old index answers until the new one takes its place; a killed rebuild leaves the old one."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

import ragcli
from ragcli.api import rag_over
from ragcli.datatypes import Filter
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.rebuilding import BESIDE
from tests.conftest import Rag
from tests.helpers.indexes import TEXTS, build, engine_of, found, new, put, writing
from tests.helpers.programs import PATIENCE

REBUILD = [sys.executable, "-m", "ragcli", "ingest", "docs", "--rebuild", "--json", "--max-tokens", "32"]
INGEST = [argument for argument in REBUILD if argument != "--rebuild"]
DOCUMENTS = 80


@pytest.fixture
def corpus(write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCLI_EMBEDDING_MODEL", "hashing")
    for i in range(DOCUMENTS):
        body = " ".join(f"The sentence {j} of document {i} is about the topic{(i * j) % 13}." for j in range(30))
        write(f"docs/{i:02}.txt", f"This is uniquemarker{i}. {body}\n")


def best_path(library: ragcli.Rag, number: int) -> str:
    """The path of the first hit for what only one document says."""
    hits = library.query(f"uniquemarker{number}").hits
    return hits[0].passage.document.path if hits else "nothing"


@pytest.mark.parametrize("reads", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_whoever_reads_during_a_rebuild_finds_what_is_there(corpus: None, rag: Rag, work: Path, reads: int) -> None:
    rag(*INGEST[3:])
    chance, wrong, done = random.Random(4), list[str](), list[int]()
    rebuilds = 0

    def read(library: ragcli.Rag) -> None:
        while len(done) < reads:
            number = chance.randrange(DOCUMENTS)
            path = best_path(library, number)
            done.append(number)
            if path != f"docs/{number:02}.txt":
                wrong.append(f"{number}: {path}")

    with closing(rag_over(engine_of(work))) as shared:
        threads = [threading.Thread(target=read, args=(shared,)) for _ in range(2)]
        while len(done) < reads:
            child = subprocess.Popen(REBUILD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if not rebuilds:
                for thread in threads:
                    thread.start()
            while child.poll() is None:
                number = chance.randrange(DOCUMENTS)
                with closing(rag_over(engine_of(work))) as fresh:
                    path = best_path(fresh, number)
                if path != f"docs/{number:02}.txt":
                    wrong.append(f"{number}: {path}")
                done.append(number)
            assert child.wait() == 0
            rebuilds += 1
        for thread in threads:
            thread.join()
    assert wrong == []
    assert rebuilds


@pytest.mark.chroma
@pytest.mark.parametrize(
    ("kills", "seed"), [(2, 9), *(pytest.param(10, seed, marks=pytest.mark.slow) for seed in range(4))]
)
def test_a_rebuild_that_is_killed_leaves_an_index_that_answers(
    corpus: None, rag: Rag, work: Path, kills: int, seed: int
) -> None:
    rag(*INGEST[3:])
    started = time.monotonic()
    subprocess.run(REBUILD, check=True, capture_output=True)
    runtime, chance, landed = time.monotonic() - started, random.Random(seed), 0
    while landed < kills:
        child = subprocess.Popen(REBUILD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.0) * runtime)
        child.send_signal(signal.SIGKILL)
        landed += child.wait() == -signal.SIGKILL
        with closing(engine_of(work)) as engine:
            for number in chance.sample(range(DOCUMENTS), 4):
                assert best_path(rag_over(engine), number) == f"docs/{number:02}.txt"
            assert engine.index.reader.counts(0).documents == DOCUMENTS
    done = json.loads(rag(*INGEST[3:]).stdout)
    assert (done["unchanged"], done["documents"]) == (DOCUMENTS, DOCUMENTS)
    assert not (work / ".rag" / BESIDE).exists()
    with closing(engine_of(work)) as engine:
        assert engine.index.reader.check() == []


@pytest.mark.chroma
def test_a_rebuild_keeps_the_embeddings_that_fit_and_drops_what_is_gone(
    rag: Rag, write: Callable[[str, str], Path]
) -> None:
    write("docs/a.md", "The red pump runs at night.")
    gone = write("docs/b.md", "The blue pump runs by day.")
    rag("ingest", "docs")
    gone.unlink()
    write("docs/c.md", "The green pump never runs.")
    report = json.loads(rag("ingest", "--rebuild", "--json").stdout)
    assert (report["added"], report["documents"], report["chunks_embedded"]) == (2, 2, 1)
    assert json.loads(rag("doctor", "--json").stdout)["sound"] is True
    assert json.loads(rag("stats", "--json").stdout)["chroma"]["state"] == "clean"


def test_a_rebuild_that_fails_leaves_the_old_index_and_its_embeddings_alone(directory: Path) -> None:
    build(directory, TEXTS)
    with suppress(ZeroDivisionError), writing(directory, rebuild=True) as writer:
        put(writer, new("z.md", "fresh zebras"))
        raise ZeroDivisionError
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "annual leave")[0] == ["a.md"]
    (left,) = (directory / BESIDE).iterdir()
    assert left.name == "catalog.sqlite3"
    assert b"zebras" not in left.read_bytes()
    with writing(directory, rebuild=True) as writer:
        assert writer.without_embedding(list(new("z.md", "fresh zebras").chunks)) == {}
        put(writer, new("z.md", "fresh zebras"))
        writer.finish()
    assert not (directory / BESIDE).exists()
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "zebras")[0] == ["z.md"]
        assert reader.check() == []


def test_any_other_writer_removes_what_a_rebuild_left(directory: Path) -> None:
    build(directory, TEXTS)
    with suppress(ZeroDivisionError), writing(directory, rebuild=True) as writer:
        put(writer, new("z.md", "fresh"))
        raise ZeroDivisionError
    build(directory, {"y.md": "another"})
    assert not (directory / BESIDE).exists()


def test_a_rebuild_takes_over_nothing_of_another_model_or_of_what_is_damaged(directory: Path) -> None:
    build(directory, TEXTS)
    for change in ("UPDATE meta SET value = replace(value, 'hashing', 'other')", "UPDATE embeddings SET checksum = 1"):
        with suppress(ZeroDivisionError), writing(directory, rebuild=True) as writer:
            put(writer, new("z.md", "fresh zebras"))
            raise ZeroDivisionError
        with closing(sqlite3.connect(directory / BESIDE / "catalog.sqlite3")) as connection, connection:
            connection.execute(change)
        with writing(directory, rebuild=True) as writer:
            assert len(writer.without_embedding(list(new("z.md", "fresh zebras").chunks))) == 1
            put(writer, *(new(path, text) for path, text in TEXTS.items()))
            writer.finish()
        with closing(IndexReader(directory)) as reader:
            assert reader.check() == []


def test_a_rebuild_that_is_killed_twice_loses_no_embedding_that_was_made(corpus: None, rag: Rag, work: Path) -> None:
    rag(*INGEST[3:])
    other = [*REBUILD[:-1], "40"]  # other chunks, so that each has to be embedded
    left = 0
    for _ in range(2):
        child = subprocess.Popen(other, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        while child.poll() is None and time.monotonic() - begun < PATIENCE and new_embeddings(work) <= left + 40:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, "it was over before it was killed"
        assert new_embeddings(work) > left
        left = new_embeddings(work)
        with closing(rag_over(engine_of(work))) as library:
            assert best_path(library, 3) == "docs/03.txt"
    done = json.loads(rag(*other[3:]).stdout)
    assert done["chunks_embedded"] == done["chunks"] - left
    assert not (work / ".rag" / BESIDE).exists()


def new_embeddings(work: Path) -> int:
    """How many embeddings a rebuild that is running, or was killed, has stored beyond those of the index before."""
    counts = []
    for path in (work / ".rag" / BESIDE / "catalog.sqlite3", work / ".rag" / "catalog.sqlite3"):
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
                keys = connection.execute("SELECT text_hash FROM embeddings").fetchall()
        except sqlite3.Error:
            return 0
        counts.append({key for (key,) in keys})
    return len(counts[0] - counts[1])


@pytest.fixture
def directory(work: Path) -> Path:
    return work / ".rag"


def test_a_reader_that_was_open_before_sees_the_rebuilt_index(directory: Path) -> None:
    build(directory, TEXTS)
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "annual leave", Filter())[0] == ["a.md"]
        build(directory, {"z.md": "annual leave anew"}, rebuild=True)
        assert found(reader, "annual leave", Filter())[0] == ["z.md"]
        assert reader.check() == []


@pytest.mark.chroma
def test_a_rebuild_without_paths_repairs_a_catalog_of_which_a_part_cannot_be_read(
    rag: Rag, write: Callable[[str, str], Path], work: Path
) -> None:
    for i in range(40):
        write(f"docs/{i:02}.md", f"# Topic {i}\n\nThe topic {i} costs {i * 7} euros.\n" * 5)
    rag("ingest", "docs")
    path = work / ".rag" / "catalog.sqlite3"
    content = bytearray(path.read_bytes())
    place = content.rindex(b"costs 77 euros")
    content[place + 6 : place + 8] = b"99"
    path.write_bytes(content)
    told = rag("doctor", code=5)
    assert "rag ingest --rebuild" in told.stdout + told.stderr
    report = json.loads(rag("ingest", "--rebuild", "--json").stdout)
    assert report["documents"] == 40
    assert json.loads(rag("doctor", "--json").stdout)["sound"] is True
    shutil.rmtree(work / ".rag" / "chroma")
    with closing(rag_over(engine_of(work))) as library:
        assert library.ingest().unchanged == 40


FITTED = {"threshold": 0.25}


@pytest.mark.parametrize("lies", ["in the catalog", "in a file of before"])
def test_a_calibration_outlasts_a_rebuild_that_fails_and_one_that_does_not(directory: Path, lies: str) -> None:
    build(directory, TEXTS)
    file = directory / "calibration.json"
    if lies == "in the catalog":
        with writing(directory) as writer:
            writer.calibrate(FITTED)
    else:
        file.write_text(json.dumps(FITTED))
    for rebuilt in (False, True):
        with suppress(ZeroDivisionError), writing(directory, rebuild=True) as writer:
            if not rebuilt:
                raise ZeroDivisionError
            put(writer, new("z.md", "fresh"))
            writer.finish()
        with closing(IndexReader(directory)) as reader:
            assert reader.calibration() == FITTED
            assert reader.counts(8).documents == (1 if rebuilt else len(TEXTS))
            assert reader.check() == []
    assert not file.exists()
