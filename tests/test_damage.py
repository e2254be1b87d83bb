"""Damaged files of an index: found, or harmless, and never answered from."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ragcli.api import rag_over
from ragcli.engine.index import store_of
from ragcli.errors import IndexDamaged, IndexUnusable
from ragcli.index.sqlite.catalog import open_catalog, translated
from ragcli.index.sqlite.reader import IndexReader
from tests.conftest import Rag
from tests.helpers.damage import answers_of, damaged, damages, is_error, outcome
from tests.helpers.indexes import engine_of, found, new, put, writing


def write_documents(write: Callable[[str, str], Path], extra: str = "") -> None:
    for i in range(24):
        write(
            f"docs/{i:02}.md",
            f"# Topic {i}\n\nThe topic {i} costs {i * 7} euros. It is paid in month {i % 5}. An uncommon word{i} follows.\n\n"
            f"## Parking\n\nEngineers of group {i} park at the bicycle shed {i % 7}. {extra}\n",
        )
    write("docs/leave.md", "# Leave\n\nEngineers have 28 days of annual leave, paid by the company. Standby is paid.\n")
    write("docs/copy.md", "# Leave\n\nEngineers have 28 days of annual leave, paid by the company. Standby is paid.\n")


@pytest.fixture
def states(work: Path, write: Callable[[str, str], Path]) -> tuple[Path, Path, Path]:
    """An index, an earlier state of it, and another index, each a folder `.rag`."""
    app = rag_over(engine_of(work))
    write_documents(write)
    app.ingest(work / "docs")
    shutil.copytree(work / ".rag", work / "older" / ".rag")
    write_documents(write, "The gate opens at six.")
    app.ingest(work / "docs")
    write("docs/gate.txt", "The gate closes at nine.")
    (work / "docs" / "03.md").unlink()
    app.ingest(work / "docs")
    app.close()
    shutil.copytree(work / "docs", work / "other" / "docs")
    other = rag_over(engine_of(work / "other"))
    (work / "other" / "docs" / "00.md").write_text("# Topic 0\n\nThe topic 0 costs 99 euros.\n")
    other.ingest(work / "other" / "docs")
    other.close()
    return work / ".rag", work / "older" / ".rag", work / "other" / ".rag"


@pytest.mark.chroma
@pytest.mark.parametrize(
    ("count", "seed"), [(60, 60), *(pytest.param(112, seed, marks=pytest.mark.slow) for seed in range(3))]
)
def test_every_single_corruption_is_found_by_doctor_or_harmless_and_none_is_answered_from(
    states: tuple[Path, Path, Path], work: Path, count: int, seed: int
) -> None:
    index, older, other = states
    sound = engine_of(work)
    expected = answers_of(sound)
    sound.close()
    assert not any(is_error(answer) for answer in expected)
    shutil.copytree(index, work / "kept")
    outcomes = {}
    for damage in damages(index, count, seed=seed):
        shutil.rmtree(index)
        shutil.copytree(work / "kept", index)
        if damage.apply(index, older, other):
            outcomes[damage] = outcome(index, expected)
    bad = {damage: told for damage, told in outcomes.items() if told not in ("found", "harmless")}
    assert not bad, "\n".join(f"{damage}: {told}" for damage, told in bad.items())
    assert Counter(outcomes.values())["found"] > count / 3


def test_an_embedding_that_is_not_found_is_no_embedding_without_sentences(
    states: tuple[Path, Path, Path], work: Path
) -> None:
    index, _, _ = states
    engine = engine_of(work)
    expected = answers_of(engine)
    engine.close()
    catalog = index / "catalog.sqlite3"
    content = catalog.read_bytes()
    with closing(sqlite3.connect(catalog)) as connection:
        (key,) = connection.execute("SELECT text_hash FROM chunks WHERE text LIKE '# Topic 2\n%'").fetchone()
    places = [match.start() for match in re.finditer(re.escape(key), content)]
    assert len(places) >= 4, "the rows of the chunk and of its embedding, and an index of each"
    for place in places:
        damaged_content = bytearray(content)
        damaged_content[place + len(key) // 2] ^= 64
        catalog.write_bytes(damaged_content)
        assert outcome(index, expected) in ("found", "harmless")


@pytest.fixture
def small(rag: Rag, write: Callable[[str, str], Path], work: Path) -> Path:
    """The index of a few documents."""
    write_documents(write)
    rag("ingest", "docs")
    return work / ".rag"


def hint_of(rag: Rag, *command: str) -> str:
    """What the error of a command that finds the index unusable says to do."""
    return str(json.loads(rag(*command, "--json", code=5).stdout)["hint"])


def is_sound(rag: Rag) -> bool:
    hits = json.loads(rag("query", "annual leave", "--json").stdout)["hits"]
    return json.loads(rag("doctor", "--json").stdout)["sound"] is True and hits[0]["path"].startswith("docs/")


@pytest.mark.parametrize("change", ["flipped", "cut", "missing"])
def test_damaged_vectors_are_not_read_and_the_next_ingest_restores_them(rag: Rag, small: Path, change: str) -> None:
    before = rag("query", "annual leave", "--json", "--mode", "dense").stdout
    vectors = small / "vectors.f32"
    if change == "missing":
        vectors.unlink()
    else:
        vectors.write_bytes(damaged(vectors.read_bytes(), change, random.Random(3)))
    after = rag("query", "annual leave", "--json", "--mode", "dense").stdout
    assert json.loads(after)["hits"] == json.loads(before)["hits"]
    assert "rag ingest restores it" in rag("doctor", code=5).stdout
    assert json.loads(rag("ingest", "--json").stdout)["unchanged"] == 26
    assert is_sound(rag)


@pytest.mark.parametrize("what", ["a text", "the header of the file", "the whole file", "the manifest"])
def test_a_damaged_catalog_is_repaired_by_the_command_that_its_error_names(rag: Rag, small: Path, what: str) -> None:
    catalog = small / "catalog.sqlite3"
    content = bytearray(catalog.read_bytes())
    if what == "a text":
        while (place := content.find(b"annual leave")) >= 0:
            content[place : place + 6] = b"annexe"
    elif what == "the manifest":
        place = content.rindex(b"model_source")
        content[place + 14] ^= 1
    else:
        content[: 100 if what == "the header of the file" else None] = b"x" * (
            100 if "header" in what else len(content)
        )
    catalog.write_bytes(content)
    assert "rag ingest --rebuild" in hint_of(rag, "query", "annual leave")
    paths = [] if what == "a text" else ["docs"]  # a catalog that cannot be read does not say what it was made from
    rag("ingest", "--rebuild", *paths)
    assert is_sound(rag)


def test_a_catalog_that_is_missing_is_made_again_by_the_command_that_the_error_names(rag: Rag, small: Path) -> None:
    (small / "catalog.sqlite3").unlink()
    assert hint_of(rag, "query", "annual leave") == "rag ingest PATH"
    rag("ingest", "docs")
    assert is_sound(rag)


def test_an_older_catalog_that_is_put_back_is_refused_until_the_next_ingest(
    rag: Rag, small: Path, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    shutil.copy(small / "catalog.sqlite3", tmp_path / "older")
    write("docs/gate.txt", "The gate closes at nine.")
    rag("ingest")
    shutil.copy(tmp_path / "older", small / "catalog.sqlite3")
    assert "rag ingest PATH" in hint_of(rag, "query", "annual leave")
    assert json.loads(rag("ingest", "docs", "--json").stdout)["added"] == 1
    assert is_sound(rag)


def test_a_calibration_is_covered_by_the_checksum_of_the_manifest(small: Path) -> None:
    with closing(engine_of(small.parent)) as engine:
        manifest = store_of(engine.workspace).manifest()
        assert manifest is not None
        with store_of(engine.workspace).writer(manifest.identity) as writer:
            writer.calibrate({"threshold": 0.25})
        assert engine.index.reader.check() == []
    with closing(IndexReader(small)) as reader:
        assert reader.calibration() == {"threshold": 0.25}
        with closing(sqlite3.connect(small / "catalog.sqlite3")) as connection, connection:
            connection.execute("UPDATE meta SET value = replace(value, '0.25', '0.75') WHERE key = 'calibration'")
        with pytest.raises(IndexDamaged, match="its manifest"):
            reader.calibration()
    with pytest.raises(IndexDamaged, match="its manifest"):
        IndexReader(small)


def test_what_was_compared_once_is_answered_from_and_what_is_damaged_since_is_not_read(small: Path) -> None:
    """In one process the verified copy counts, whatever becomes of the file; and columns that choose passages always count."""
    with closing(IndexReader(small)) as reader:
        keys = range(1, reader.manifest.next_row)
        before = reader.fetch(keys)
        vector = next(iter(reader.fetch([1], vectors=True).values())).vector
        assert vector is not None
        scores = reader.rescore(vector, list(keys)[:-1])
        ids = [entry.chunk.chunk_id for entry in before.values()]
        near = reader.sentence_cosines(ids[:-1], vector)
        with closing(sqlite3.connect(small / "catalog.sqlite3")) as connection, connection:
            connection.execute("UPDATE chunks SET text = replace(text, 'euros', 'pence')")
            connection.execute("UPDATE embeddings SET sentences = zeroblob(length(sentences))")
        assert reader.fetch(keys) == before
        assert reader.rescore(vector, list(keys)[:-1]) == scores
        assert reader.sentence_cosines(ids[:-1], vector) == near
        with pytest.raises(IndexDamaged, match="vectors of sentences"):
            reader.rescore(vector, list(keys))
        with pytest.raises(IndexDamaged, match="vectors of sentences"):
            reader.sentence_cosines(ids, vector)
        with closing(sqlite3.connect(small / "catalog.sqlite3")) as connection, connection:
            connection.execute("UPDATE chunks SET ordinal = ordinal + 1")
        with pytest.raises(IndexDamaged, match="chunk"):
            reader.document_chunks(next(iter(before.values())).document.document_id)
    with closing(IndexReader(small)) as fresh, pytest.raises(IndexDamaged, match="chunk"):
        fresh.fetch(keys)


def test_a_document_that_the_index_of_paths_does_not_list_is_damage_and_not_fresh(small: Path) -> None:
    with closing(sqlite3.connect(small / "catalog.sqlite3")) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'documents_by_path'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray((small / "catalog.sqlite3").read_bytes())
    page = slice((root - 1) * size, root * size)
    content[page] = content[page].replace(b"docs/copy.md", b"docs/cops.md")
    (small / "catalog.sqlite3").write_bytes(content)
    with closing(IndexReader(small)) as reader, pytest.raises(IndexDamaged, match="the list of paths"):
        reader.sources(["docs/copy.md"])


def test_what_says_the_last_state_is_written_again_by_the_next_ingest(rag: Rag, small: Path) -> None:
    (small / "committed.json").unlink()
    assert "rag ingest writes it again" in rag("doctor", code=5).stdout
    rag("ingest")
    assert is_sound(rag)


def test_merging_the_words_of_several_commits_is_a_generation_of_its_own(work: Path) -> None:
    """Or a reader that read in between would hold the old list of words against the new postings, and report damage."""
    questions = "alpha bravo charlie delta echo foxtrot golf hotel".split()
    with writing(work / "index") as writer, closing(IndexReader(work / "index")) as reader:
        put(writer, new("first.txt", "common"))
        generations = [reader.generation()[-1]]
        for i, question in enumerate(questions):
            put(writer, new(f"{i}.txt", f"common {question}"))
            generations.append(reader.generation()[-1])
            for n, word in enumerate(questions[: i + 1]):
                assert found(reader, word)[0] == [f"{n}.txt"]
    steps = [after - before for before, after in itertools.pairwise(generations)]
    assert min(steps) < max(steps), "some of these commits merged, and others did not"


def test_what_a_killed_writer_left_in_a_folder_that_may_not_be_written_is_no_damage(
    rag: Rag, small: Path, work: Path
) -> None:
    with closing(sqlite3.connect(small / "catalog.sqlite3", isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")  # so that the file is changed before the commit
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE postings SET frequencies = zeroblob(3000)")
        shutil.copytree(small, work / "killed" / ".rag")
        writer.execute("ROLLBACK")
    left = work / "killed" / ".rag"
    with (
        pytest.raises(IndexUnusable, match="was interrupted, and what it left half written") as raised,
        translated(left),
        closing(open_catalog(left / "catalog.sqlite3", "ro")) as connection,
    ):
        connection.execute("SELECT count(*) FROM chunks").fetchone()
    assert not isinstance(raised.value, IndexDamaged)
    assert raised.value.hint is not None
    assert "rag stats" in raised.value.hint
    rag("stats", "--index", str(left))
    assert not (left / "catalog.sqlite3-journal").exists()
    with closing(open_catalog(left / "catalog.sqlite3", "ro")) as connection:
        assert connection.execute("SELECT count(*) FROM chunks").fetchone()[0] > 0
