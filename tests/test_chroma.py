"""What other programs find in the Chroma collection, and how it keeps up with the catalog."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import chromadb
import pytest

from ragcli.index.sqlite import chroma
from ragcli.index.sqlite.reader import IndexReader
from ragcli.reports import EngineState
from tests.conftest import Rag
from tests.helpers.indexes import CHROMA, EMBEDDER, TEXTS, altered, build, new, put, writing

pytestmark = pytest.mark.chroma

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "pages" / "guides" / "search.md").read_text()
SNIPPET = next(block for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "chromadb" in block)


@pytest.fixture
def directory(work: Path) -> Path:
    return work / ".rag"


def records(directory: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Id → (text, metadata) of everything in the collection, as another program reads it."""
    with chromadb.PersistentClient(path=str(directory / "chroma")) as client:
        found = client.get_collection("passages", embedding_function=None).get()
    return dict(zip(found["ids"], zip(found["documents"], found["metadatas"], strict=True), strict=True))


def by_path(directory: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    return {metadata["path"]: (text, metadata) for text, metadata in records(directory).values()}


def meta(directory: Path, key: str) -> Any:
    with closing(sqlite3.connect(directory / "catalog.sqlite3")) as connection:
        return json.loads(connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])


def test_another_program_finds_texts_with_the_places_they_come_from(directory: Path) -> None:
    build(directory, TEXTS)
    with chromadb.PersistentClient(path=str(directory / "chroma")) as client:
        found = client.get_collection("passages", embedding_function=None).query(
            query_embeddings=[EMBEDDER.embed_query("standby pay")], n_results=1, where={"type": "markdown"}
        )
    assert "standby pay" in found["documents"][0][0]
    place = found["metadatas"][0][0]
    shown = (place["path"], place["type"], place["title"], place["headings"])
    assert shown == ("b.md", "markdown", "Pay", "Pay")
    assert place["chunk_id"] == found["ids"][0][0]
    assert place["line"] >= 1
    assert "page" not in place


def test_the_lines_in_the_readme_print_texts(
    rag_with_model: Rag, write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag_with_model("ingest", "docs")
    capsys.readouterr()
    names: dict[str, Any] = {}
    exec(SNIPPET, names)
    assert "docs/a.md 1 # Leave\n\nEmployees have 28 days of annual leave." in capsys.readouterr().out


def test_an_edit_writes_the_record_anew_though_its_id_stays(directory: Path) -> None:
    build(directory, TEXTS)
    before = by_path(directory)["b.md"][1]
    build(directory, {"b.md": TEXTS["b.md"]})
    after = by_path(directory)["b.md"][1]
    assert after["chunk_id"] == before["chunk_id"]
    assert after["row"] > before["row"]
    assert after["generation"] > before["generation"]


def test_tags_given_later_are_in_the_collection(directory: Path) -> None:
    build(directory, TEXTS)
    assert "tag.team" not in by_path(directory)["a.md"][1]
    with writing(directory) as writer:
        document = next(source.document_id for source in writer.page() if source.path == "a.md")
        writer.tag([document], {"tag.team": "legal"})
        writer.finish()
    found = by_path(directory)
    assert found["a.md"][1]["tag.team"] == "legal"
    assert "tag.team" not in found["b.md"][1]
    assert meta(directory, "chroma_tags") == []


def test_small_changes_leave_the_graph_as_it_is_and_many_make_it_anew(directory: Path) -> None:
    with writing(directory) as writer:
        put(writer, *(new(f"{i}.txt", f"alpha{i} beta{i}") for i in range(chroma.IN_PROCESS + 200)))
        assert writer.finish() == []
    graph = sorted((directory / "chroma").rglob("*.bin"))
    before = [file.read_bytes() for file in graph]
    assert sum(map(len, before)) > 1000 * int(str(EMBEDDER.identity["dimension"])) * 4
    build(directory, {f"late{i}.txt": f"gamma{i}" for i in range(3)})
    assert meta(directory, "chroma")["changed"] == 3
    assert [file.read_bytes() for file in graph] == before
    with writing(directory) as writer:
        put(writer, *(new(f"{i}.txt", f"delta{i} beta{i}") for i in range(700)))
        assert writer.finish() == []
        put(writer, new("last.txt", "epsilon"))
        assert writer.finish() == []
    assert meta(directory, "chroma")["changed"] == 0
    assert len(records(directory)) == chroma.IN_PROCESS + 204


def test_a_copy_of_before_texts_is_not_used_and_made_anew(directory: Path) -> None:
    build(directory, TEXTS)
    older = {key: value for key, value in meta(directory, "chroma").items() if key != "layout"}
    with altered(directory) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'chroma'", (json.dumps({**older, "graph": False}),))
    with closing(IndexReader(directory, engine="chroma")) as reader:
        assert reader.engine_state("chroma") == EngineState("chroma", "exact", "missing")
        build(directory, {})
        assert reader.engine_state("chroma") == EngineState("chroma", "chroma", "complete")


def test_stats_and_doctor_say_which_engine_answers(rag: Rag, write: Callable[[str, str], Path], work: Path) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag("ingest", "docs")
    complete = {"setting": "exact", "answers": "exact", "copy": "complete"}
    assert json.loads(rag("stats", "--json").stdout)["engine"] == complete
    assert "exact; the Chroma collection is complete" in rag("doctor").stdout
    write("rag.toml", '[retrieval]\nengine = "chroma"\n')
    assert json.loads(rag("doctor", "--json").stdout)["engine"] == {
        **complete,
        "setting": "chroma",
        "answers": "chroma",
    }
    (work / ".rag" / "chroma").rename(work / "moved")
    assert "exact instead of chroma; no complete Chroma collection" in rag("stats").stdout


def test_both_engines_give_a_question_the_same_hits(rag: Rag, write: Callable[[str, str], Path]) -> None:
    for name, text in TEXTS.items():
        write(f"docs/{name}", text)
    rag("ingest", "docs")
    exact, graph = (
        json.loads(rag("query", "standby pay", "--engine", engine, "--json").stdout)["hits"]
        for engine in ("exact", "chroma")
    )
    assert exact == graph


def test_a_damaged_collection_is_an_error_that_says_how_to_go_on(
    rag: Rag, write: Callable[[str, str], Path], work: Path
) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag("ingest", "docs")
    (work / ".rag" / "chroma" / "chroma.sqlite3").write_bytes(b"damaged" * 1000)
    failed = json.loads(rag("query", "annual leave", "--engine", "chroma", "--json", code=1).stdout)
    assert "chroma cannot be searched" in failed["error"]
    assert "run: rag ingest" in failed["hint"]
    assert rag("query", "annual leave", "--engine", "exact").stdout


def test_doctor_finds_a_record_that_the_collection_lacks(
    rag: Rag, write: Callable[[str, str], Path], work: Path
) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag("ingest", "docs")
    with chromadb.PersistentClient(path=str(work / ".rag" / "chroma")) as client:
        collection = client.get_collection("passages", embedding_function=None)
        collection.delete(ids=collection.get(include=[])["ids"])
    [problem] = json.loads(rag("doctor", "--json", code=5).stdout)["problems"]
    assert problem.startswith("the Chroma collection lacks 1 chunks of the catalog and holds 0 others; delete ")


def test_where_no_collection_is_kept_one_that_is_there_goes_and_comes_back_whole(
    rag: Rag, write: Callable[[str, str], Path], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in TEXTS.items():
        write(f"docs/{name}", text)
    rag("ingest", "docs")
    before = set(records(directory))
    monkeypatch.setenv(CHROMA, "false")
    refused = rag("query", "leave", "--engine", "chroma", code=2).stderr
    assert "which ingest.chroma = false leaves out" in refused
    assert "set ingest.chroma = true, then rag ingest; or --engine exact" in refused
    write("docs/b.md", "# Pay\n\nThe allowance is new.")
    rag("ingest", "docs")
    assert not (directory / "chroma").exists()
    unkept = {"setting": "exact", "answers": "exact", "copy": "unkept"}
    assert json.loads(rag("stats", "--json").stdout)["engine"] == unkept
    assert "exact; no Chroma collection is kept, since ingest.chroma is false" in rag("doctor").stdout
    assert "allowance" in rag("query", "new allowance").stdout
    monkeypatch.setenv(CHROMA, "true")
    assert json.loads(rag("stats", "--json").stdout)["engine"]["copy"] == "missing"
    rag("ingest", "docs")
    assert json.loads(rag("stats", "--json").stdout)["engine"]["copy"] == "complete"
    assert len(before & set(records(directory))) == len(TEXTS) - 1
    assert "new" in by_path(directory)["docs/b.md"][0]


def test_what_a_killed_writer_left_of_a_collection_goes_too_where_none_is_kept(directory: Path) -> None:
    build(directory, TEXTS)
    (directory / "chroma.new").mkdir()
    with altered(directory) as connection:
        connection.execute("UPDATE meta SET value = '{\"state\": \"dirty\"}' WHERE key = 'chroma'")
    with writing(directory, chroma=False) as writer:
        assert writer.finish() == []
    assert [path.name for path in directory.glob("chroma*")] == []
    assert meta(directory, "chroma") == {}
