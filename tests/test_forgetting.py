"""`rag forget`: no byte of a document stays in a file that the program owns; `rag rm` and `--prune` leave nothing to be found."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import docx
import numpy as np
import pytest

from ragcli.api import rag_over
from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import source_id
from ragcli.drafts import Claim, DraftEvent, End
from ragcli.engine.index import store_of
from ragcli.generation.caching import CachingGenerator
from ragcli.index.sqlite import removals
from ragcli.index.sqlite.store import DirectoryStore
from ragcli.places import answer_cache, last_result, state_directory
from ragcli.remains import Traces, search
from ragcli.results import Hit
from ragcli.testing.memory import MemoryStore
from tests.conftest import Rag
from tests.documents import pdf_of, saved
from tests.helpers.indexes import TEXTS, build, engine_of, writing

pytestmark = pytest.mark.chroma

PER_FORMAT = 34
WRITTEN = "umlautgrößé"  # what encodings write differently
SHARED_WORD = "staysmarker"
FORGET = [sys.executable, "-m", "ragcli", "forget", "docs/secret", "--yes", "--removed", "--json"]


def markers() -> list[str]:
    return [f"{'abcdef'[i % 6]}xmarker{i}q" for i in range(6 * PER_FORMAT)]


def sentences(part: Sequence[str]) -> list[str]:
    return [f"The {word} of {WRITTEN} costs {number} euros." for number, word in enumerate(part)]


def make_docx(lines: Sequence[str]) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    return saved(document)


@pytest.fixture
def corpus(write: Callable[[str, str | bytes], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Six documents with the markers, a copy of one, a file that cannot be read, and documents that stay."""
    monkeypatch.setenv("RAGCLI_EMBEDDING_MODEL", "hashing")
    monkeypatch.setenv("XDG_STATE_HOME", os.environ["HOME"] + "/state")
    parts = [sentences(markers()[i::6]) for i in range(6)]
    write("docs/secret/first-secret.txt", "\n\n".join(parts[0]))
    write("docs/secret/second-secret.md", "# Secret\n\n" + "\n\n".join(parts[1]))
    write("docs/secret/third-secret.html", "<h1>Secret</h1>" + "".join(f"<p>{line}</p>" for line in parts[2]))
    write("docs/secret/fourth-secret.csv", "text\n" + "\n".join(f'"{line}"' for line in parts[3]))
    write("docs/secret/fifth-secret.docx", make_docx(parts[4]))
    write("docs/secret/sixth-secret.pdf", pdf_of([[(line.replace(WRITTEN, "words"), 9.0) for line in parts[5]]]))
    write("docs/secret/broken-secret.docx", b"PK\x03\x04 broken")
    write("docs/copy-of-secret.txt", "\n\n".join(parts[0]))
    for i in range(12):
        write(
            f"docs/open/{i}.md",
            f"# Open {i}\n\nThe {SHARED_WORD}{i} costs {i} euros.\n\nThe Secret of words costs nothing.",
        )
    write("docs/open/same.md", "# Same\n\n" + "\n\n".join(parts[0][:1]).replace(markers()[0], SHARED_WORD))


class Echo:
    """A generator that writes down what it was given."""

    name = "echo"
    identity = "echo 1"

    def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
        del cancel
        yield Claim(question + " " + " ".join(hit.passage.text for hit in hits), ())
        yield End("end")


def ask(work: Path, question: str) -> None:
    """A question whose answer is drafted and kept."""
    with closing(engine_of(work)) as engine:
        hits = rag_over(engine).query(question).hits
    list(CachingGenerator(Echo(), answer_cache()).generate(question, hits))


def owned(work: Path) -> list[Path]:
    folders = (work / ".rag", answer_cache(), state_directory())
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def left_in(work: Path, words: Sequence[str], vectors: Sequence[bytes] = ()) -> dict[str, int]:
    """Words and vectors that some file of the program holds, with how many files do."""
    found: dict[str, int] = {}
    for path in owned(work):
        content = path.read_bytes()
        for word in words:
            forms = (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), json.dumps(word)[1:-1].encode())
            if any(form in content for form in forms):
                found[word] = found.get(word, 0) + 1
        for vector in vectors:
            if vector in content:
                found["a vector"] = found.get("a vector", 0) + 1
    return found


def vectors_of(work: Path) -> list[bytes]:
    """The embeddings of what is below docs/secret, as the bytes of float32."""
    with closing(engine_of(work)) as engine:
        reader = engine.index.reader
        keys = {hit.passage.chunk_ids[0] for word in markers() for hit in rag_over(engine).query(word).hits[:1]}
        with reader.snapshot():
            chunks = reader.fetch(list(range(1, reader.manifest.next_row)), vectors=True)
        secret = [entry for entry in chunks.values() if "secret" in entry.document.path]
        others = {
            entry.vector.tobytes() for entry in chunks.values() if entry not in secret and entry.vector is not None
        }
    assert keys
    found = [np.asarray(entry.vector, "<f4").tobytes() for entry in secret]
    return [vector for vector in found if vector not in others]


def check_forgotten(work: Path, vectors: Sequence[bytes]) -> None:
    names = [path.name for path in (work / "docs" / "secret").iterdir()]
    assert left_in(work, [*markers(), *names], vectors) == {}
    with closing(engine_of(work)) as engine:
        assert engine.index.reader.check() == []
        for i in range(12):
            assert rag_over(engine).query(f"{SHARED_WORD}{i}").hits[0].path == f"docs/open/{i}.md"
        assert {d.path for d in rag_over(engine).documents()} == {f"docs/open/{n}.md" for n in [*range(12), "same"]}


def test_no_byte_of_a_forgotten_document_stays_in_a_file_of_the_program(corpus: None, rag: Rag, work: Path) -> None:
    rag("ingest", "docs", "--tag", "kind=mine")
    for word in markers()[::20]:
        ask(work, f"What does {word} cost?")
    rag("query", markers()[0])
    vectors = vectors_of(work)
    before = left_in(work, markers(), vectors)
    assert set(before) == {*markers(), "a vector"}
    assert last_result().is_file()
    assert list(answer_cache().glob("*.json"))
    receipt = json.loads(rag("forget", "docs/secret", "--yes", "--json", "--receipt", "receipt.json").stdout)
    assert json.loads((work / "receipt.json").read_text()) == receipt
    assert sorted(source["kind"] for source in receipt["sources"]) == ["copy", *["document"] * 6, "failure"]
    assert receipt["found"] == []
    assert receipt["searched"]["words"] >= len(markers())
    assert receipt["searched"]["vectors"] > len(vectors)
    assert receipt["cleared"]["last_answer"] == 1
    assert not any("secret" in value for source in receipt["sources"] for value in map(str, source.values()))
    check_forgotten(work, vectors)
    assert json.loads(rag("stats", "--json").stdout)["chroma"]["state"] == "clean"


@pytest.mark.parametrize(
    ("kills", "seed"), [(1, 7), *(pytest.param(5, seed, marks=pytest.mark.slow) for seed in range(4))]
)
def test_forgetting_that_is_killed_is_finished_by_the_same_command(
    corpus: None, rag: Rag, work: Path, kills: int, seed: int
) -> None:
    chance, landed = random.Random(seed), 0
    rag("ingest", "docs")
    vectors = vectors_of(work)
    started = time.monotonic()
    subprocess.run(FORGET, check=True, capture_output=True)
    runtime = time.monotonic() - started
    while landed < kills:
        rag("ingest", "docs")
        child = subprocess.Popen(FORGET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 0.95) * runtime)
        child.send_signal(signal.SIGKILL)
        landed += child.wait() == -signal.SIGKILL
        done = json.loads(subprocess.run(FORGET, check=True, capture_output=True, text=True).stdout)
        assert done["found"] == []
        check_forgotten(work, vectors)


def test_what_a_killed_writer_left_undone_is_said_by_doctor_and_done_by_the_next_ingest(
    corpus: None, rag: Rag, work: Path
) -> None:
    rag("ingest", "docs")
    vectors = vectors_of(work)
    with closing(engine_of(work)) as engine:
        store = store_of(engine.workspace)
        manifest = store.manifest()
    assert manifest is not None
    gone = [source_id(f"docs/secret/{path.name}") for path in (work / "docs" / "secret").iterdir()]
    with suppress(ZeroDivisionError), store.writer(manifest.identity) as writer:
        writer.forget([*gone, source_id("docs/copy-of-secret.txt")])
        raise ZeroDivisionError
    assert store.unfinished
    assert "was interrupted; rag forget --removed finishes it" in rag("doctor", code=5).stdout
    assert str(gone[0]) in (work / ".rag" / removals.FILE).read_text()
    rag("ingest", "docs/open")
    assert not store.unfinished
    check_forgotten(work, vectors)


def test_a_removal_that_was_killed_before_a_document_went_is_done_by_the_next_ingest(
    corpus: None, rag: Rag, work: Path
) -> None:
    rag("ingest", "docs")
    removals.begin(work / ".rag", [source_id("docs/secret/first-secret.txt")], thorough=True)
    rag("ingest", "docs/open")
    paths = {document["path"] for document in json.loads(rag("ls", "--json").stdout)["documents"]}
    assert "docs/secret/first-secret.txt" not in paths
    assert "docs/copy-of-secret.txt" in paths
    assert left_in(work, ["first-secret.txt"]) == {}


def test_a_removal_that_was_interrupted_is_finished_by_the_same_command(rag: Rag, corpus: None, work: Path) -> None:
    rag("ingest", "docs")
    with closing(engine_of(work)) as engine:
        store = store_of(engine.workspace)
        manifest = store.manifest()
    assert manifest is not None
    with suppress(ZeroDivisionError), store.writer(manifest.identity) as writer:
        writer.remove([source_id("docs/open/3.md")])
        raise ZeroDivisionError
    assert "rag ingest finishes it" in rag("doctor", code=5).stdout
    assert json.loads(rag("rm", "docs/open/3.md", "--json").stdout)["count"] == 0
    assert json.loads(rag("doctor", "--json").stdout)["sound"] is True
    rag("rm", "docs/open/3.md", code=2)


def test_words_of_what_was_removed_leave_the_word_lists_and_a_line_says_what_else_may_be_left(
    corpus: None, rag: Rag, work: Path
) -> None:
    rag("ingest", "docs")
    said = rag("rm", "docs/secret/first-secret.txt", "docs/copy-of-secret.txt").stderr
    assert "rag forget --removed" in said
    (work / "docs" / "secret" / "second-secret.md").unlink()
    assert "rag forget --removed" in rag("ingest", "docs/secret", "--prune", "--exclude", "first*").stderr
    catalog = (work / ".rag" / "catalog.sqlite3").read_bytes()
    assert [word for i in (0, 1) for word in markers()[i::6] if word.encode() in catalog] == []
    assert json.loads(rag("doctor", "--json").stdout)["sound"] is True
    cleared = json.loads(rag("forget", "docs/secret/first-secret.txt", "--removed", "--yes", "--json").stdout)
    assert (cleared["sources"], cleared["found"]) == ([], [])
    assert left_in(work, [word for i in (0, 1) for word in markers()[i::6]]) == {}


def test_documents_are_meant_by_a_text_or_a_tag_and_only_told_in_a_dry_run(corpus: None, rag: Rag, work: Path) -> None:
    rag("ingest", "docs/open")
    rag("ingest", "docs/secret", "--tag", "person=meyer")
    told = rag("forget", "--matching", f"the   {SHARED_WORD.upper()}3 costs", "--dry-run", "--names").stdout
    assert "docs/open/3.md" in told
    assert "would forget 1 document (" in told
    assert json.loads(rag("forget", "--tag", "person=meyer", "--dry-run", "--json").stdout)["searched"] == {}
    assert len(json.loads(rag("ls", "--json").stdout)["documents"]) == 20
    assert "forgot 6 documents" in rag("forget", "--tag", "person=meyer", "--yes").stdout
    assert left_in(work, markers()) == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("docs/nothing.md", "--yes"), "nothing in the index is called"),
        (("--matching", "no such text", "--yes"), "nothing in the index is called"),
        (("--yes",), "by one of the three"),
        (("docs/open", "--tag", "a=b", "--yes"), "by one of the three"),
        (("--tag", "person", "--yes"), "expected NAME=VALUE"),
        (("docs/open",), "nobody can be asked"),
    ],
)
def test_what_is_not_clear_is_not_forgotten(
    corpus: None, rag: Rag, work: Path, arguments: tuple[str, ...], message: str
) -> None:
    rag("ingest", "docs/open/1.md")
    assert message in rag("forget", *arguments, code=2).stderr
    with closing(engine_of(work)) as engine:
        assert len(rag_over(engine).documents()) == 1


def test_a_trace_that_is_left_is_found_and_the_exit_code_says_so(corpus: None, rag: Rag, work: Path) -> None:
    rag("ingest", "docs")
    (work / ".rag" / "notes.txt").write_text(f"a note about {markers()[0]} in first-secret.txt")
    receipt = json.loads(rag("forget", "docs/secret/first-secret.txt", "--yes", "--json", code=1).stdout)
    assert [(Path(entry["file"]).name, entry["kind"]) for entry in receipt["found"]] == [
        ("notes.txt", "word"),
        ("notes.txt", "name"),
    ]


@pytest.mark.parametrize("length", [6, 100, (1 << 22) - 3, 1 << 22, (1 << 22) + 3])
def test_a_trace_is_found_wherever_it_stands_and_however_it_is_written(tmp_path: Path, length: int) -> None:
    traces = Traces(frozenset(["größenordnung"]), frozenset(["secret/näme.md"]), frozenset([bytes(range(64))]))
    for count, form in enumerate((
        "größenordnung".encode(), "größenordnung".encode("utf-16-le"), "größenordnung".encode("utf-16-be"),
        json.dumps("größenordnung")[1:-1].encode(), "secret/näme.md".encode(), bytes(range(64)),
    )):  # fmt: skip
        file = tmp_path / str(count)
        file.write_bytes(b"\x41" * length + form + b"\x42" * 7)
        found, read = search([file], traces)
        assert ([entry.count for entry in found], read) == ([1], length + len(form) + 7)
        file.write_bytes(b"\x41" * length + form[:-1])
        assert search([file], traces)[0] == []


def test_every_kind_of_store_forgets_and_says_until_then_that_it_has_not(work: Path) -> None:
    directory = work / ".rag"
    build(directory, TEXTS)
    with closing(DirectoryStore(directory).catalog()) as catalog:
        identity = catalog.manifest.identity
    memory = MemoryStore()
    for store in (DirectoryStore(directory), memory):
        with store.writer(identity) as writer:
            if store is memory:
                writer.record_failures([], "1")
            assert writer.forget([source_id("a.md")]) == (store is not memory)
            assert store.unfinished
            writer.finish()
            assert store.unfinished
            writer.settle()
        assert not store.unfinished
    with writing(directory) as writer:
        assert writer.known([source_id("a.md")]) == {}
