"""The contract of the command line: exit codes, JSON on every exit, stdout for results alone, errors that name the fix."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from ragcli.cli.commands import COMMANDS
from ragcli.cli.group import first_sentence
from ragcli.cli.main import command_line
from ragcli.index.sqlite.lock import WriterLock
from tests.documents import make_docx, make_pdf
from tests.helpers.indexes import altered

Write = Callable[[str, str | bytes], Path]
HANDBOOK = "# Handbook\n\n## Leave\n\nEvery employee has 28 days of annual leave. Carry over ends on 31 March.\n\n## Pay\n\nStandby pays 310 euros.\n"


@pytest.fixture
def docs(write: Write) -> Path:
    write("docs/handbook.md", HANDBOOK)
    write("docs/guide.pdf", make_pdf())
    write("docs/sub/notes.txt", "The bicycle shed is the assembly point in a fire.\n")
    return Path("docs")


def as_json(result: Any) -> dict[str, Any]:
    lines = result.stdout.splitlines()
    assert len(lines) == 1, result.stdout
    document: dict[str, Any] = json.loads(lines[0])
    return document


def test_ingest_is_incremental(rag, docs: Path, write: Write) -> None:
    first = as_json(rag("ingest", "docs", "--json"))
    assert (first["schema"], first["added"], first["documents"]) == ("rag.ingest/1", 3, 3)
    assert as_json(rag("ingest", "docs", "--json"))["unchanged"] == 3
    write("docs/handbook.md", HANDBOOK.replace("310", "345"))
    second = as_json(rag("ingest", "docs", "--json"))
    assert (second["updated"], second["unchanged"]) == (1, 2)
    assert "345" in rag("query", "standby pay").stdout
    assert "310 euros" not in rag("query", "standby pay").stdout


def test_an_edit_embeds_only_the_chunks_that_changed(rag, write: Write) -> None:
    sections = [f"## Part {i}\n\n" + f"Sentence {i} about topic {i}. " * 30 for i in range(6)]
    write("long.md", "# Title\n\n" + "\n\n".join(sections))
    total = as_json(rag("ingest", "long.md", "--max-tokens", "64", "--json"))["chunks_embedded"]
    sections[3] = sections[3].replace("Sentence 3 about", "Sentence three about", 1)
    write("long.md", "# Title\n\n" + "\n\n".join(sections))
    assert 0 < as_json(rag("ingest", "long.md", "--json"))["chunks_embedded"] < total / 3


def test_a_file_that_moved_is_not_embedded_again(rag, docs: Path) -> None:
    rag("ingest", "docs")
    (docs / "moved").mkdir()
    (docs / "handbook.md").rename(docs / "moved" / "handbook.md")
    report = as_json(rag("ingest", "docs", "--prune", "--json"))
    assert (report["added"], report["removed"], report["chunks_embedded"]) == (1, 1, 0)


def test_a_touched_file_is_unchanged(rag, docs: Path) -> None:
    rag("ingest", "docs")
    os.utime(docs / "handbook.md", ns=(1, 1))
    assert as_json(rag("ingest", "docs", "--json"))["unchanged"] == 3
    assert as_json(rag("stats", "--json"))["freshness"] == {"unchanged": 3, "changed": 0, "gone": 0}


def test_deleted_files_are_reported_and_leave_with_prune(rag, docs: Path) -> None:
    rag("ingest", "docs")
    (docs / "sub" / "notes.txt").unlink()
    assert as_json(rag("ingest", "docs", "--json"))["missing"] == 1
    assert "--prune" in rag("ingest", "docs").stdout
    assert as_json(rag("ingest", "docs", "--prune", "--json"))["removed"] == 1
    rag("query", "bicycle shed", "--mode", "lexical", code=4)


def test_without_a_path_everything_ingested_before_is_brought_up_to_date(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    write("docs/new.txt", "A new document.")
    assert as_json(rag("ingest", "--json"))["added"] == 1


def test_bad_files_are_listed_with_reasons_and_the_rest_goes_on(rag, docs: Path, write: Write) -> None:
    write("docs/fake.pdf", "not a pdf")
    write("docs/empty.docx", b"")
    write("docs/image.png", b"\x89PNG\x00\x00" * 50)
    write("docs/blank.txt", "  \n")
    report = as_json(rag("ingest", "docs", "--json"))
    assert report["documents"] == 3
    reasons = {Path(failure["path"]).name: failure["reason"] for failure in report["failed"]}
    assert "not a readable PDF" in reasons["fake.pdf"]
    assert reasons["empty.docx"] == "empty file"
    assert report["skipped"] == {"binary": 1, "empty": 1}
    again = as_json(rag("ingest", "docs", "--json"))
    assert {failure["path"] for failure in again["failed"]} == {"docs/fake.pdf", "docs/empty.docx"}
    assert again["skipped"] == report["skipped"]
    assert len(as_json(rag("stats", "--json"))["failed"]) == 2
    write("docs/fake.pdf", make_pdf())
    assert as_json(rag("ingest", "docs", "--json"))["added"] == 1
    assert [failure["path"] for failure in as_json(rag("stats", "--json"))["failed"]] == ["docs/empty.docx"]


def test_a_file_that_was_emptied_is_not_found_any_more(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    write("docs/sub/notes.txt", "")
    report = as_json(rag("ingest", "docs", "--json"))
    assert (report["removed"], report["skipped"], report["documents"]) == (1, {"empty": 1}, 2)
    again = as_json(rag("ingest", "docs", "--json"))
    assert (again["removed"], again["skipped"]) == (0, {"empty": 1})


def test_a_file_that_broke_keeps_its_last_readable_version_and_is_listed(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    original = Path("docs/guide.pdf").read_bytes()
    write("docs/guide.pdf", "broken")
    report = as_json(rag("ingest", "docs", "--json"))
    assert (report["documents"], len(report["failed"])) == (3, 1)
    assert as_json(rag("stats", "--json"))["freshness"]["changed"] == 1
    write("docs/guide.pdf", original)
    assert as_json(rag("ingest", "docs", "--json"))["failed"] == []
    assert as_json(rag("stats", "--json"))["failed"] == []


def without_override() -> None:
    """Take from root the right to read every file: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH leave the bounding set."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if os.geteuid() == 0 and (prctl(24, 1, 0, 0, 0) or prctl(24, 2, 0, 0, 0)):
        raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.skipif(sys.platform != "linux", reason="drops a capability of Linux")
def test_a_file_and_a_folder_without_read_permission_are_listed(docs: Path, write: Write) -> None:
    write("docs/closed/inside.txt", "never seen")
    environment = {**os.environ, "RAGCLI_EMBEDDING_MODEL": "hashing"}
    command = [sys.executable, "-m", "ragcli", "ingest", "docs", "--json", "--prune"]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    with (docs / "handbook.md").open("a") as file:
        file.write("One more line.")
    (docs / "handbook.md").chmod(0)
    (docs / "closed").chmod(0)
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, preexec_fn=without_override
        )
    finally:
        (docs / "closed").chmod(0o755)
    report = json.loads(done.stdout)
    assert {failure["path"]: failure["reason"] for failure in report["failed"]} == {
        "docs/handbook.md": "cannot read: Permission denied",
        "docs/closed": "cannot list: Permission denied",
    }
    assert (report["documents"], report["removed"]) == (4, 0), "out of sight is not gone"


def test_a_file_that_cannot_be_opened_is_listed(rag, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (docs / "link.txt").symlink_to("nowhere")
    os.mkfifo(docs / "pipe.txt")
    report = as_json(rag("ingest", "docs", "--json"))
    assert report["skipped"] == {"not a regular file": 1, "symbolic link": 1}


def test_hits_have_a_place_and_a_trace_that_adds_up(rag, docs: Path) -> None:
    rag("ingest", "docs")
    result = as_json(rag("query", "annual leave", "--json", "-k", "2"))
    assert result["schema"] == "rag.query/1"
    hit = result["hits"][0]
    assert hit["path"] == "docs/handbook.md"
    text = Path("docs/handbook.md").read_text()
    assert text[hit["start"] : hit["end"]] == hit["text"]
    assert text.splitlines()[hit["line_start"] - 1] == hit["text"].splitlines()[0]
    for entry in result["hits"]:
        assert entry["trace"]["total"] == pytest.approx(sum(leg["contribution"] for leg in entry["trace"]["legs"]))
        assert entry["score"] == pytest.approx(entry["trace"]["total"], abs=1e-6)


def test_explain_shows_the_sum(rag, docs: Path) -> None:
    rag("ingest", "docs")
    shown = rag("query", "annual leave", "--explain").stdout
    assert "lexical" in shown
    assert " = " in shown


@pytest.mark.parametrize(
    ("condition", "paths"), [("type=pdf", {"docs/guide.pdf"}), ("path=docs/sub/**", {"docs/sub/notes.txt"})]
)
def test_filters_restrict_the_hits(rag, docs: Path, condition: str, paths: set[str]) -> None:
    rag("ingest", "docs")
    hits = as_json(rag("query", "days fire assembly", "--filter", condition, "--json"))["hits"]
    assert {hit["path"] for hit in hits} == paths


def test_an_answer_cites_sentences_that_stand_in_the_source(rag, docs: Path) -> None:
    rag("ingest", "docs")
    answer = as_json(
        rag("ask", "How many days of annual leave does every employee have?", "--json", "--threshold", "0")
    )
    assert answer["schema"] == "rag.ask/1"
    assert "28 days" in answer["answer"]
    text = Path("docs/handbook.md").read_text()
    for citation in answer["citations"]:
        if citation["path"] == "docs/handbook.md":
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            assert citation["quote"].splitlines()[0] in text.splitlines()[citation["line_start"] - 1]
        assert citation["status"] == "exact"
    assert all(sentence["citations"] for sentence in answer["sentences"])


def test_abstaining_exits_with_4_and_shows_the_nearest_passages(rag, docs: Path) -> None:
    rag("ingest", "docs")
    answer = as_json(rag("ask", "What is the capital of Mongolia?", "--json", code=4))
    assert (answer["answered"], answer["answer"]) == (False, None)
    shown = rag("ask", "What is the capital of Mongolia?", code=4).stdout
    assert shown.startswith("Not in the documents.")


def test_results_go_to_stdout_and_remarks_to_stderr(rag, docs: Path) -> None:
    rag("ingest", "docs")
    result = rag("ask", "How many days of annual leave?", "--threshold", "0")
    assert "GGUF" in result.stderr
    assert "GGUF" not in result.stdout
    assert rag("ask", "How many days of annual leave?", "--threshold", "0", "-q").stderr == ""


def test_a_gguf_model_answers_with_citations_that_resolve_and_keeps_stdout_clean(docs: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    pytest.importorskip("gguf", reason="needs the package gguf")
    from tests.make_gguf import write_tiny_gguf

    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    environment = {**os.environ, "RAGCLI_EMBEDDING_MODEL": "hashing"}
    command = [sys.executable, "-m", "ragcli"]
    subprocess.run([*command, "ingest", "docs"], env=environment, check=True, capture_output=True)
    ask = [*command, "ask", "How many days of annual leave?", "--model", str(model), "--threshold", "0", "--json"]
    done = subprocess.run(ask, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 4)
    answer = json.loads(done.stdout)
    assert answer["model"] == "tiny.gguf"
    texts = {hit["rank"]: hit["text"] for hit in answer["hits"]}
    assert all(citation["quote"] in texts[citation["hit"]] for citation in answer["citations"])


def test_a_model_that_is_missing_exits_with_6(rag, docs: Path) -> None:
    rag("ingest", "docs")
    assert "extractive" in rag("ask", "annual leave", "--model", "missing.gguf", code=6).stderr
    assert as_json(rag("ask", "annual leave", "--model", "gpt-9", "--json", code=6))["exit"] == 6


ERRORS = [
    (("query", "x"), 5, "no index"),
    (("ask", "x"), 5, "no index"),
    (("stats",), 5, "no index"),
    (("doctor",), 5, "no index"),
    (("eval", "gold.jsonl"), 1, "gold"),
    (("ingest", "missing"), 2, "no such file"),
    (("query", "x", "--filter", "colour=red"), 2, "--filter"),
    (("query", "x", "--mode", "magic"), 2, "retrieval.mode"),
    (("ask", ""), 2, "empty"),
    (("ask", "x" * 10_000), 2, "10,000 characters"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), ERRORS, ids=[" ".join(entry[0])[:30] for entry in ERRORS])
def test_errors_have_a_code_a_message_and_a_fix_as_text_and_as_json(
    rag, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = rag(*arguments, code=code)
    assert result.stdout == ""
    assert message in result.stderr
    assert "fix:" in result.stderr
    document = as_json(rag(*arguments, "--json", code=code))
    assert (document["schema"], document["exit"]) == ("rag.error/1", code)
    assert message in document["error"]
    assert document["hint"]


def test_a_chunk_size_for_whole_documents_is_refused_rather_than_ignored(rag, docs: Path) -> None:
    assert "--max-tokens" in rag("ingest", "docs", "--chunker", "document", "--max-tokens", "64", code=2).stderr
    rag("ingest", "docs", "--chunker", "document")


def test_an_unknown_option_is_a_usage_error_also_in_json(rag) -> None:
    rag("query", "x", "--nonsense", code=2)
    for arguments in (["query", "x", "--nonsense", "--json"], ["query", "--json"], ["nonsense", "--json"]):
        done = subprocess.run([sys.executable, "-m", "ragcli", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert json.loads(done.stdout)["schema"] == "rag.error/1"


def test_exit_codes_are_the_same_with_json_from_the_shell(docs: Path) -> None:
    for extra in ([], ["--json"]):
        done = subprocess.run([sys.executable, "-m", "ragcli", "query", "x", *extra], capture_output=True, check=False)
        assert done.returncode == 5
        done = subprocess.run(
            [sys.executable, "-m", "ragcli", "config", "show", *extra], capture_output=True, check=False
        )
        assert done.returncode == 0


def test_an_empty_folder_is_an_empty_index_which_says_so(rag, work: Path) -> None:
    (work / "docs").mkdir()
    assert as_json(rag("ingest", "docs", "--json"))["documents"] == 0
    assert "holds no documents" in as_json(rag("query", "anything", "--json", code=5))["error"]
    assert "fix: rag ingest PATH" in rag("ask", "anything", code=5).stderr


def test_an_index_made_with_another_model_is_refused_with_the_fix(
    rag, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rag("ingest", "docs")
    with altered(Path(".rag")) as connection:
        connection.execute("UPDATE meta SET value = replace(value, '256', '300') WHERE key = 'embedder'")
    result = rag("query", "leave", code=5)
    assert "dimension 300" in result.stderr
    assert "dimension 256" in result.stderr
    assert "--rebuild" in result.stderr


def test_a_rebuild_keeps_chunker_and_model_unless_others_are_named(rag, docs: Path) -> None:
    rag("ingest", "docs", "--max-tokens", "48")
    rag("ingest", "docs", "--max-tokens", "64", code=5)
    assert as_json(rag("ingest", "--rebuild", "--json"))["added"] == 3
    assert as_json(rag("stats", "--json"))["chunker"]["max_tokens"] == 48
    rag("ingest", "--rebuild", "--max-tokens", "64")
    assert as_json(rag("stats", "--json"))["chunker"]["max_tokens"] == 64


def test_a_second_ingest_says_who_is_writing(rag, docs: Path) -> None:
    rag("ingest", "docs")
    with WriterLock(Path(".rag").resolve()) as lock:
        lock.report("5 of 9 files")
        started = time.monotonic()
        result = rag("ingest", "docs", code=5)
        assert time.monotonic() - started < 10
        assert f"process {os.getpid()}, 5 of 9 files" in result.stderr
        assert "annual" in rag("query", "annual leave").stdout, "readers do not wait for the writer"


def test_the_index_is_found_upward_or_named(rag, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rag("ingest", "docs")
    monkeypatch.chdir(docs / "sub")
    assert as_json(rag("query", "annual leave", "--json"))["hits"][0]["path"] == "../handbook.md"
    monkeypatch.chdir("/")
    rag("query", "annual leave", code=5)
    monkeypatch.setenv("RAGCLI_INDEX", str(docs.absolute()))
    rag("query", "annual leave", code=5)


def test_doctor_reads_everything(rag, docs: Path) -> None:
    rag("ingest", "docs")
    assert "sound" in rag("doctor").stdout
    vectors = Path(".rag/vectors.f32")
    vectors.write_bytes(b"\xff" * vectors.stat().st_size)
    assert as_json(rag("doctor", "--json", code=5))["problems"]


def test_config_show_names_value_and_source(rag) -> None:
    Path("rag.toml").write_text("[retrieval]\nk = 7\n")
    entry = as_json(rag("config", "show", "--json"))["settings"]["retrieval.k"]
    assert entry["value"] == 7
    assert entry["source"].endswith("rag.toml")


GOLD = [
    {"id": "leave", "question": "How many days of annual leave?", "answers": ["28 days"],
     "evidence": [{"path": "docs/handbook.md", "quote": "28 days of annual leave"}]},
    {"id": "fire", "question": "Where is the assembly point in a fire?", "relevant": ["sub/notes.txt"]},
    {"id": "page", "question": "Employees have 28 days leave", "evidence": [{"path": "guide.pdf", "page": 2}]},
    {"id": "none", "question": "What is the capital of Mongolia?", "answerable": False},
]  # fmt: skip


def test_eval_measures_and_gates(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    write("gold.jsonl", "\n".join(json.dumps(row) for row in GOLD))
    report = as_json(rag("eval", "gold.jsonl", "--json", "--min", "hit@10=0.9", "--min", "recall@3=0.5"))
    assert report["schema"] == "rag.eval/1"
    assert (report["questions"], report["judged"], report["unresolved"]) == (4, 3, [])
    assert report["metrics"]["hit@10"] == 1.0
    assert report["metrics"]["recall@3"] > 0.5
    assert report["metrics"]["abstention_recall"] == 1.0
    assert report["gate"]["passed"] is True
    failed = rag("eval", "gold.jsonl", "--min", "precision@5=0.99", code=3)
    assert "FAIL" in failed.stdout
    assert "precision@5" in failed.stdout


def test_a_threshold_on_something_not_measured_fails(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    write("gold.jsonl", json.dumps(GOLD[3]))
    assert "not measured" in rag("eval", "gold.jsonl", "--min", "mrr=0", code=3).stdout


def test_a_gold_path_that_is_not_indexed_is_named_and_scores_zero(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    lost = {"question": "leave?", "relevant": ["gone.md"]}
    write("gold.jsonl", "\n".join(json.dumps(row) for row in (lost, GOLD[0])))
    report = as_json(rag("eval", "gold.jsonl", "--json"))
    assert report["unresolved"] == ["gone.md"]
    assert report["metrics"]["hit@10"] == 0.5


def test_evaluation_is_the_same_byte_for_byte(rag, docs: Path, write: Write) -> None:
    rag("ingest", "docs")
    write("gold.jsonl", "\n".join(json.dumps(row) for row in GOLD))
    runs = {rag("eval", "gold.jsonl", "--json", "--no-timing").stdout for _ in range(2)}
    assert len(runs) == 1


def test_a_beir_folder_is_indexed_once_and_judged_by_document(rag, write: Write) -> None:
    corpus = [{"_id": f"d{i}", "title": f"Title {i}", "text": f"Text about topic{i}. " * 3} for i in range(12)]
    write("beir/corpus.jsonl", "\n".join(json.dumps(row) for row in corpus))
    write("beir/queries.jsonl", "\n".join(json.dumps({"_id": f"q{i}", "text": f"topic{i}"}) for i in range(3)))
    write("beir/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t2\nq9\td1\t1\n")
    report = as_json(rag("eval", "beir", "--json", "--mode", "lexical"))
    assert (report["judged"], report["metrics"]["ndcg@10"]) == (2, 1.0)
    assert as_json(rag("stats", "--json"))["types"] == {"record": 12}
    generation = as_json(rag("stats", "--json"))["generation"]
    rag("eval", "beir", "--json")
    assert as_json(rag("stats", "--json"))["generation"] == generation
    assert as_json(rag("query", "topic5", "--json"))["hits"][0]["path"] == "d5"


def test_a_reader_that_leaves_early_is_no_error(rag, docs: Path) -> None:
    rag("ingest", "docs")
    command = (
        f"{sys.executable} -m ragcli query 'annual leave' -k 5 --json | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 141)


def test_control_characters_in_documents_and_names_do_not_reach_the_output(rag, write: Write) -> None:
    write("docs/a\x1b]0;x\x07.md", "# T\x1b[31m\n\nannual leave \u202e[bold]28[/bold] days \x9b5n\n")
    write("docs/b.docx", make_docx())
    rag("ingest", "docs")
    for arguments in (
        ("query", "annual leave"),
        ("ask", "annual leave", "--threshold", "0"),
        ("query", "annual leave", "--json"),
    ):
        shown = rag(*arguments).stdout
        assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 or c == "\u202e" for c in shown)
    assert "[bold]28[/bold]" in rag("query", "annual leave").stdout


def test_a_command_is_listed_with_the_first_sentence_of_its_help_which_fits_80_columns() -> None:
    group = typer.main.get_command(command_line())
    assert isinstance(group, click.Group)
    context = click.Context(group, info_name="rag")
    for name, entry in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        assert first_sentence(command.help or "") == entry.summary
        assert len(entry.summary) <= 66, name


def test_one_command_imports_the_module_of_no_other() -> None:
    code = (
        "import sys\nfrom ragcli.cli import main\nsys.argv = ['rag', 'config', 'show']\ntry:\n    main()\n"
        "except SystemExit:\n    pass\nprint(*(name for name in sys.modules if name.startswith('ragcli.cli.')), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stderr.split()}
    assert loaded & {entry.module for entry in COMMANDS.values()} == {"status"}


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        (("qury",), "rag query"),
        (("search", "x"), "rag query"),
        (("serch",), "rag query"),
        (("gold", "lnt"), "rag gold lint"),
        (("ask", "--filtr", "x"), "rag ask --filter"),
        (("rm", "x", "--yes"), "rag rm --help lists the options"),
        (("why",), "rag why [OPTIONS]"),
        (("zzzz",), "rag --help lists the commands"),
    ],
)
def test_what_was_mistyped_is_answered_in_the_style_of_every_error(rag, typed: tuple[str, ...], fix: str) -> None:
    told = rag(*typed, code=2).stderr.splitlines()
    assert told[0].startswith("error: rag")
    assert told[1].startswith(f"  fix: {fix}")
    assert len(told) == 2
