"""The index as a whole: what is committed is found, what is deleted is not, and copies are only copies."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import chromadb
import numpy as np
import pytest

from ragcli.chunking import get_chunker
from ragcli.datatypes import Condition, Filter, source_id
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import IndexDamaged, IndexIncompatible, IndexLocked, IndexNotFound, IndexUnusable
from ragcli.index.manifest import Identity
from ragcli.index.pages import documents
from ragcli.index.sqlite import schema
from ragcli.index.sqlite.catalog import CATALOG, VECTORS, open_catalog
from ragcli.index.sqlite.chroma import IN_PROCESS
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.writer import open_writer
from ragcli.reports import EngineState
from ragcli.text.globs import path_matches
from ragcli.text.query import parse_query
from tests.helpers.indexes import CHUNKER, EMBEDDER, TEXTS, altered, build, found, new, put, writing

pytestmark = pytest.mark.chroma


@pytest.fixture
def directory(work: Path) -> Path:
    return work / ".rag"


def test_what_is_committed_is_found_by_both_legs(directory: Path) -> None:
    build(directory, TEXTS)
    with closing(IndexReader(directory)) as reader:
        lexical, dense = found(reader, "standby pay")
        assert lexical == ["b.md"]
        assert dense[0] == "b.md"
        assert len(dense) == 3


def test_exact_search_is_the_brute_force_ranking(directory: Path) -> None:
    texts = {f"{i}.txt": " ".join(f"word{(i * j) % 17}" for j in range(1, 9)) for i in range(60)}
    build(directory, texts)
    query = EMBEDDER.embed_query("word3 word5")
    with closing(IndexReader(directory)) as reader:
        rows = reader.dense_search(query, 10, Filter())
        matrix = np.fromfile(directory / VECTORS, dtype="<f4").reshape(-1, 64)
        scores = matrix @ query
        expected = sorted(range(60), key=lambda i: (-scores[i], i))[:10]
        assert [entry.key - 1 for entry in rows] == expected
        assert [entry.score for entry in rows] == pytest.approx(sorted(scores, reverse=True)[:10])


def test_replacing_and_removing_a_document_leaves_nothing_of_it(directory: Path) -> None:
    build(directory, TEXTS)
    with writing(directory) as writer:
        put(writer, new("a.md", "# Leave\n\nunpaid sabbatical"))
        assert writer.remove([source_id("b.md"), "not there"]) == 1
        writer.finish()
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "annual")[0] == []
        assert found(reader, "standby")[0] == []
        assert set(found(reader, "standby")[1]) == {"a.md", "c.txt"}
        assert found(reader, "sabbatical")[0] == ["a.md"]
        assert reader.check() == []
    with closing(sqlite3.connect(directory / "catalog.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM embeddings").fetchone()[0] == 2


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Filter(types=("markdown",)), {"a.md", "b.md"}),
        (Filter(paths=("*.txt",)), {"c.txt"}),
        (Filter(paths=("a.md", "c.txt"), types=("text",)), {"c.txt"}),
        (Filter(paths=("nothing",)), set()),
    ],
)
def test_a_filter_holds_for_both_legs(directory: Path, where: Filter, expected: set[str]) -> None:
    build(directory, TEXTS)
    with closing(IndexReader(directory)) as reader:
        lexical, dense = found(reader, "leave pay parking", where)
        assert set(lexical) == set(dense) == expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.md", "docs/a.md", True),
        ("docs/*.md", "docs/a.md", True),
        ("docs/*.md", "docs/sub/a.md", False),
        ("docs/**/*.md", "docs/sub/a.md", True),
        ("docs/**", "docs/sub/a.md", True),
        ("sub", "docs/sub/a.md", True),
        ("sub/a.md", "docs/sub/a.md", True),
        ("a.md", "docs/ba.md", False),
        ("doc", "docs/a.md", False),
    ],
)
def test_patterns_match_whole_parts_of_a_path(pattern: str, path: str, expected: bool) -> None:
    assert path_matches(pattern, path, "docs") is expected


def test_vectors_that_a_crash_left_behind_are_ignored_and_overwritten(directory: Path) -> None:
    build(directory, TEXTS)
    with (directory / VECTORS).open("ab") as file:
        file.write(os.urandom(64 * 4 * 3 + 7))
    with closing(IndexReader(directory)) as reader:
        assert len(found(reader, "leave")[1]) == 3
    with writing(directory) as writer:
        put(writer, new("d.txt", "late arrival"))
    with closing(IndexReader(directory)) as reader:
        assert reader.check() == []
        assert found(reader, "late arrival")[1][0] == "d.txt"


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_lost_vectors_are_read_from_the_catalog_and_restored_by_the_next_writer(directory: Path, damage: str) -> None:
    build(directory, TEXTS)
    before = (directory / VECTORS).read_bytes()
    if damage == "missing":
        (directory / VECTORS).unlink()
    else:
        (directory / VECTORS).write_bytes(before[:100])
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "standby pay")[1][0] == "b.md"
        assert reader.check() != []
    with writing(directory):
        pass
    assert (directory / VECTORS).read_bytes() == before


def test_check_finds_a_changed_vector(directory: Path) -> None:
    build(directory, TEXTS)
    data = bytearray((directory / VECTORS).read_bytes())
    data[200] ^= 0x40
    (directory / VECTORS).write_bytes(bytes(data))
    with closing(IndexReader(directory)) as reader:
        assert reader.check() == [f"{VECTORS} differs from the catalog; rag ingest restores it"]


def test_a_damaged_catalog_is_an_error_with_a_way_out(directory: Path) -> None:
    build(directory, TEXTS)
    path = directory / "catalog.sqlite3"
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 12] = os.urandom(4096 * 11)
    path.write_bytes(bytes(data))
    with pytest.raises(IndexDamaged) as caught, closing(IndexReader(directory)) as reader:
        reader.check()
    assert caught.value.hint


def test_another_model_or_chunker_is_refused_with_both_names(directory: Path) -> None:
    build(directory, TEXTS)
    with (
        pytest.raises(IndexIncompatible, match=r"dimension 64.*dimension 128") as caught,
        open_writer(directory, Identity(HashingEmbedder(128).identity, CHUNKER.parameters)),
    ):
        pass
    assert "--rebuild" in caught.value.hint
    with (
        pytest.raises(IndexIncompatible, match=r"max_tokens 32.*max_tokens 64"),
        open_writer(directory, Identity(EMBEDDER.identity, get_chunker("structure", 64, EMBEDDER).parameters)),
    ):
        pass


def test_word_lists_of_another_analyzer_are_not_searched_but_made_anew(directory: Path) -> None:
    build(directory, {"gone.txt": "annual gone", **TEXTS})
    with writing(directory) as writer:
        writer.remove([source_id("gone.txt")])
        writer.finish()
    with altered(directory) as connection:
        connection.execute("UPDATE meta SET value = '\"0\"' WHERE key = 'analyzer'")
    with closing(IndexReader(directory)) as reader, pytest.raises(IndexIncompatible, match="analyzer 0") as caught:
        reader.resolve(parse_query("leave"))
    assert "rag ingest" in caught.value.hint
    with altered(directory) as connection:
        connection.execute("UPDATE postings SET term = 'x' || term")
    with writing(directory) as writer:
        put(writer, new("c.txt", "bicycle spaces"))
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "annual")[0] == ["a.md"]
        assert found(reader, "bicycle")[0] == ["c.txt"]
        assert reader.check() == []


def test_rebuilding_empties_the_index_first(directory: Path) -> None:
    build(directory, TEXTS)
    build(directory, {"z.md": "fresh"}, rebuild=True)
    with closing(IndexReader(directory)) as reader:
        assert [document.path for document in documents(reader)] == ["z.md"]
        assert reader.check() == []


def test_a_reader_follows_what_is_committed_after_it_was_opened(directory: Path) -> None:
    build(directory, TEXTS)
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "sabbatical")[0] == []
        with writing(directory) as writer:
            put(writer, new("d.md", "sabbatical"))
        assert found(reader, "sabbatical")[0] == ["d.md"]


def test_a_second_writer_is_told_who_is_writing(directory: Path) -> None:
    with writing(directory) as writer:
        writer.report("3 of 7 files")
        with pytest.raises(IndexLocked, match=f"process {os.getpid()}, 3 of 7 files"), writing(directory):
            pass


def test_there_is_no_index_before_the_first_commit(directory: Path) -> None:
    with pytest.raises(IndexNotFound):
        IndexReader(directory)


def test_opening_for_reading_changes_no_byte(directory: Path) -> None:
    build(directory, TEXTS)
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    with closing(IndexReader(directory)) as reader:
        found(reader, "leave")
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


def chroma_ids(directory: Path) -> set[str]:
    client = chromadb.PersistentClient(path=str(directory / "chroma"))
    try:
        return set(client.get_collection("passages", embedding_function=None).get(include=[])["ids"])
    finally:
        client.close()


def catalog_ids(directory: Path) -> set[str]:
    with closing(sqlite3.connect(directory / "catalog.sqlite3")) as connection:
        return {entry[0] for entry in connection.execute("SELECT chunk_id FROM chunks")}


def edits(directory: Path, steps: Sequence[dict[str, str]], **options: bool) -> None:
    for step in steps:
        build(directory, step, **options)
        with writing(directory, **options) as writer:
            writer.remove([source_id("a.md")])
            writer.finish()


def test_chroma_holds_the_same_chunks_and_answers_other_tools(directory: Path) -> None:
    edits(directory, [TEXTS, {"a.md": "new words", "d.md": "more"}])
    assert chroma_ids(directory) == catalog_ids(directory)
    client = chromadb.PersistentClient(path=str(directory / "chroma"))
    answer = client.get_collection("passages", embedding_function=None).query(
        query_embeddings=[EMBEDDER.embed_query("standby pay")], n_results=1
    )
    client.close()
    assert answer["metadatas"][0][0]["path"] == "b.md"


def test_a_chroma_copy_that_was_left_dirty_or_deleted_is_made_anew(directory: Path) -> None:
    build(directory, TEXTS)
    with altered(directory) as connection:
        connection.execute("UPDATE meta SET value = '{\"state\": \"dirty\"}' WHERE key = 'chroma'")
    for file in (directory / "chroma").rglob("*.bin"):
        file.write_bytes(b"damaged")
    build(directory, {})
    assert chroma_ids(directory) == catalog_ids(directory)


def build_large(directory: Path) -> list[str]:
    """An index whose copy a process of its own writes; returns what went wrong with it."""
    with writing(directory) as writer:
        put(writer, *(new(f"{i}.txt", f"alpha{i} beta{i % 7}") for i in range(IN_PROCESS + 1)))
        return writer.finish()


def test_the_copy_of_a_large_index_is_written_and_updated_by_a_process_of_its_own(directory: Path) -> None:
    assert build_large(directory) == []
    assert chroma_ids(directory) == catalog_ids(directory)
    build(directory, {"7.txt": "gamma", "late.txt": "delta"})
    assert len(chroma_ids(directory)) == IN_PROCESS + 2
    assert chroma_ids(directory) == catalog_ids(directory)


def test_what_stopped_the_process_that_writes_the_copy_is_said(directory: Path) -> None:
    directory.mkdir()
    (directory / "chroma.new").write_text("in the way")
    [problem] = build_large(directory)
    assert "could not be written: [Errno 17] File exists" in problem
    (directory / "chroma.new").unlink()
    build(directory, {})
    assert chroma_ids(directory) == catalog_ids(directory)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
def test_an_ingest_survives_the_death_of_the_process_that_writes_the_copy(directory: Path) -> None:
    def kill() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for children in Path("/proc/self/task").glob("*/children"):
                for child in children.read_text().split():
                    if b"ragcli.index.sqlite.chroma" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(int(child), signal.SIGKILL)
                        return

    killer = threading.Thread(target=kill)
    killer.start()
    [problem] = build_large(directory)
    killer.join()
    assert "its process was ended by SIGKILL" in problem
    with closing(IndexReader(directory)) as reader:
        assert reader.manifest.chroma["state"] == "dirty"
        assert found(reader, "alpha7 beta0")[0][0] == "7.txt"


def test_chunks_that_are_newer_than_the_collection_are_found_beside_it_and_deleted_ones_are_not(
    directory: Path,
) -> None:
    build(directory, {f"{i}.txt": f"alpha{i} beta{i}" for i in range(40)})
    with writing(directory) as writer:
        put(writer, new("late.txt", "gamma delta"))
        writer.remove([source_id("7.txt")])
    with closing(IndexReader(directory, engine="chroma")) as reader:
        assert reader.engine_state("chroma") == EngineState("chroma", "chroma", "behind")
        for question, path in (("alpha3 beta3", "3.txt"), ("gamma delta", "late.txt")):
            assert found(reader, question)[1][0] == path
        assert "7.txt" not in found(reader, "alpha7 beta7")[1]


def test_of_two_equal_chunks_the_one_of_the_document_that_says_more_of_it_comes_first(directory: Path) -> None:
    chunk = "The pump leaks at the upper joint since last winter."
    with writing(directory) as writer:
        for path, more in (("a.md", "colours"), ("b.md", "pump")):
            put(
                writer,
                new(path, f"# One\n\n{chunk}\n\n# Two\n\n" + f"The {more} of engineers are a matter of taste. " * 6),
            )
    with closing(IndexReader(directory)) as reader:
        ranking = reader.lexical_search(reader.resolve(parse_query("leaks pump")), 10, Filter())
        chunks = reader.chunks([entry.key for entry in ranking])
        equal = [(entry, chunks[entry.key][1].path) for entry in ranking if chunk in chunks[entry.key][0].text]
        assert [path for _, path in equal] == ["b.md", "a.md"]
        (best, _), (other, _) = equal
        assert dict(best.parts)["chunk"] == dict(other.parts)["chunk"]
        assert best.score == pytest.approx((dict(best.parts)["chunk"] + dict(best.parts)["document"]) / 2)


@pytest.mark.parametrize("where", [Filter(roots=("team",)), Filter(conditions=(Condition("root", "=", "team"),))])
def test_a_document_is_also_where_its_copies_are(directory: Path, where: Filter) -> None:
    original, copy = new("docs/a.md", "annual leave days"), new("team/a.md", "annual leave days", root="team")
    with writing(directory) as writer:
        put(writer, original, new("docs/b.md", "annual leave days of others"))
        writer.add_copies([(copy.source, original.document.document_id)])
    with closing(IndexReader(directory)) as reader:
        assert found(reader, "leave", where) == (["docs/a.md"], ["docs/a.md"])


@pytest.mark.parametrize("moved", [False, True], ids=["deleted", "moved"])
def test_an_index_that_is_taken_away_under_its_writer_is_told_as_that(directory: Path, moved: bool) -> None:
    build(directory, TEXTS)

    def written() -> None:
        with writing(directory) as writer:
            directory.rename(directory.parent / "elsewhere")
            if not moved:
                shutil.rmtree(directory.parent / "elsewhere")
            put(writer, new("d.md", "A new document."))

    with pytest.raises(IndexUnusable, match="was deleted or moved while it was in use") as told:
        written()
    assert "rag ingest PATH" in told.value.hint
    assert not directory.exists()
    build(directory, TEXTS)


def test_others_read_while_an_index_of_a_table_is_added(directory: Path) -> None:
    build(directory, TEXTS)
    with altered(directory) as connection:
        connection.execute("CREATE TEMP TABLE one AS SELECT * FROM documents LIMIT 1")
        for i in range(3000):
            connection.execute("UPDATE one SET row = ?, document_id = ?, path = ?", (100 + i, f"d{i}", f"{i}" * 50))
            connection.execute("INSERT INTO documents SELECT * FROM one")
        for name in ("documents_by_content", "documents_by_path", "chunks_by_tokens"):
            connection.execute(f"DROP INDEX {name}")
    counts: list[int] = []
    with (
        closing(open_catalog(directory / CATALOG)) as writer,
        closing(open_catalog(directory / CATALOG, "ro", timeout=0)) as reader,
    ):
        writer.execute("PRAGMA cache_size = 5")  # pages: far less than the index of paths takes

        def read() -> None:
            counts.append(reader.execute("SELECT count(*) FROM documents").fetchone()[0])

        writer.set_progress_handler(read, 2000)
        schema.add_lookups(writer)
        assert writer.execute("SELECT count(*) FROM sqlite_master WHERE name = 'documents_by_path'").fetchone()[0]
    assert len(counts) > 20
    assert set(counts) == {3003}
