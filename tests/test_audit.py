"""The audit file: what stands in it, what does not, and what is noticed when somebody changes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ragcli.api import Rag as Library
from ragcli.audit.chain import Chain, head_path, line_hash, parts_of
from ragcli.audit.trail import question_key
from ragcli.audit.verifying import verify
from ragcli.errors import RagError, SettingsError
from tests.conftest import Rag
from tests.helpers.programs import PATIENCE
from tests.schema_check import checked

SECRET = "Zanzibar-7731-plover"
APPENDING = """
import sys
from pathlib import Path
from ragcli.audit.chain import Chain
chain = Chain(Path(sys.argv[1]), 20_000)
for number in range(int(sys.argv[2])):
    chain.append({"writer": sys.argv[3], "number": number})
"""
KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from ragcli.audit.chain import Chain
write = os.write
def half(file, content):
    if content.endswith(b"\\n") and len(content) > 1:
        write(file, content[: int(sys.argv[2])])
        os.kill(os.getpid(), signal.SIGKILL)
    return write(file, content)
os.write = half
Chain(Path(sys.argv[1]), 10**9).append({"number": "killed"})
"""


@pytest.fixture
def file(work: Path) -> Path:
    """Five lines in an audit file."""
    chain = Chain(work / "log" / "audit.jsonl", 10**9)
    for number in range(5):
        chain.append({"number": number, "name": "naïve"})
    return work / "log" / "audit.jsonl"


@pytest.fixture
def recording(rag: Rag, work: Path, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The audit file that `rag` writes to, with two documents ingested."""
    monkeypatch.setenv("XDG_STATE_HOME", str(work / "state"))
    monkeypatch.setenv("RAGCLI_AUDIT_FILE", str(work / "audit.jsonl"))
    write("docs/leave.md", f"# Leave\n\nEmployees have 28 days of annual leave. The code word is {SECRET}.\n")
    write("docs/pay.md", "# Pay\n\nStandby pay is 40 euros.\n")
    rag("ingest", "docs")
    return work / "audit.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for part in parts_of(path) for line in part.read_text().splitlines()]


def found(path: Path) -> list[tuple[int, str]]:
    return [(finding.line, finding.what) for finding in verify(path).findings]


def test_a_chain_that_nobody_touched_is_intact_and_for_its_owner_alone(file: Path) -> None:
    seen = verify(file)
    assert (seen.intact, seen.lines, seen.files, seen.findings) == (True, 5, 1, ())
    assert seen.last == line_hash(file.read_bytes().splitlines()[-1])
    assert {path.stat().st_mode & 0o777 for path in (file, head_path(file))} == {0o600}
    assert len(lines(file)[0]["previous"]) == 64


def test_two_chains_begin_differently(work: Path, file: Path) -> None:
    Chain(work / "other.jsonl", 10**9).append({})
    assert lines(work / "other.jsonl")[0]["previous"] != lines(file)[0]["previous"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda rows: [*rows[:2], rows[2].replace(b'"number": 2', b'"number": 7'), *rows[3:]], 4),
        (lambda rows: [*rows[:4], rows[4].replace(b'"number": 4', b'"number": 7')], 5),
        (lambda rows: [rows[0].replace(b'"number": 0', b'"number": 7'), *rows[1:]], 2),
        (lambda rows: [*rows[:2], *rows[3:]], 3),
        (lambda rows: rows[1:], 1),
        (lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], 2),
        (lambda rows: rows[:4], 4),
        (lambda rows: [*rows[:4], rows[4][:20]], 5),
        (lambda rows: [*rows, rows[4]], 6),
        (lambda rows: [*rows[:1], b"", *rows[1:]], 2),
    ],
    ids=[
        "flipped",
        "last flipped",
        "first flipped",
        "deleted",
        "first deleted",
        "moved",
        "cut",
        "half",
        "added",
        "empty",
    ],
)
def test_what_was_changed_is_found_with_its_line(
    file: Path, change: Callable[[list[bytes]], list[bytes]], line: int
) -> None:
    file.write_bytes(b"\n".join(change(file.read_bytes().splitlines())) + b"\n")
    seen = verify(file)
    assert not seen.intact
    assert seen.findings[0].line == line


def test_a_flipped_bit_is_found_wherever_it_is(file: Path) -> None:
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not verify(file).intact, place


def test_a_line_with_the_right_hash_that_another_program_added_is_found(file: Path) -> None:
    last = file.read_bytes().splitlines()[-1]
    with file.open("ab") as stream:
        stream.write(json.dumps({"sequence": 6, "previous": line_hash(last)}).encode() + b"\n")
    ((line, what),) = found(file)
    assert (line, "added by another program" in what) == (6, True)


def test_lines_that_were_cut_off_show_also_when_others_follow(file: Path) -> None:
    rows = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(rows[:3]))
    assert found(file)[0][0] == 3
    Chain(file, 10**9).append({"number": "later"})
    assert next(line for line, _ in found(file)) == 4


def test_a_head_that_is_gone_is_named(file: Path) -> None:
    head_path(file).unlink()
    assert "audit.jsonl.head" in found(file)[0][1]
    Chain(file, 10**9).append({})
    assert not verify(file).intact


@pytest.mark.parametrize("written", [0, 1, 30, -1])
def test_a_line_that_a_killed_process_left_is_named_and_the_next_one_goes_on(file: Path, written: int) -> None:
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(file), str(written)]
    assert subprocess.run(command, check=False, timeout=PATIENCE).returncode == -signal.SIGKILL
    torn = written > 0
    seen = verify(file)
    assert seen.intact
    assert [(finding.line, finding.torn) for finding in seen.findings] == ([(6, True)] if torn else [])
    Chain(file, 10**9).append({"number": "next"})
    Chain(file, 10**9).append({"number": "last"})
    seen = verify(file)
    assert seen.intact
    assert [(finding.line, finding.torn) for finding in seen.findings] == ([(6, True)] if torn else [])
    assert seen.lines == (8 if written else 7)


def test_processes_and_threads_write_one_chain_over_several_files(work: Path) -> None:
    path = work / "audit.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDING, str(path), "200", name]) for name in ("first", "second")
    ]
    chain = Chain(path, 20_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: chain.append({"writer": "threads", "number": number}), range(40)))
    assert [writer.wait(PATIENCE) for writer in writers] == [0, 0]
    seen = verify(path)
    assert (seen.intact, seen.lines, seen.findings) == (True, 440, ())
    assert seen.files > 2
    for name in ("first", "second"):
        assert [entry["number"] for entry in lines(path) if entry["writer"] == name] == list(range(200))
    parts_of(path)[1].unlink()
    assert not verify(path).intact


def test_each_use_is_recorded_and_fits_the_schema(rag: Rag, recording: Path, work: Path) -> None:
    rag("query", "annual leave")
    rag("ask", "How many days of annual leave do employees have?", "--threshold", "0")
    rag("ask", "annual leave?", "--show-prompt")
    rag("chat", "--threshold", "0", stdin=b"What is the standby pay?\n")
    rag("rm", "docs/pay.md")
    rag("query", "annual leave", "--filter", "nonsense", code=2)
    (work / "rag.toml").write_text("[retrieval]\nk = 3\n")
    rag("trust", "rag.toml")
    rag("untrust", "rag.toml")
    entries = [checked(line) for line in recording.read_text().splitlines()]
    assert [(entry["command"], entry["outcome"]) for entry in entries] == [
        ("ingest", "done"),
        ("query", "found"),
        ("ask", "answered"),
        ("ask", "prompt shown"),
        ("chat", "answered"),
        ("rm", "done"),
        ("trust", "trusted"),
        ("untrust", "no longer trusted"),
    ]
    assert entries[0]["counts"]["added"] == 2
    assert {document["path"] for document in entries[2]["documents"]} == {"docs/leave.md"}
    assert entries[5]["documents"] == [{"id": "", "path": "docs/pay.md"}]
    assert entries[1]["index"]["path"] == str(work / ".rag")
    assert entries[1]["index"]["generation"] < entries[5]["index"]["generation"]
    assert entries[1]["index"]["fingerprint"] != entries[5]["index"]["fingerprint"]
    assert entries[6]["subjects"] == ["rag.toml"]
    assert {entry["uid"] for entry in entries} == {os.getuid()}
    assert verify(recording).intact


def test_an_error_is_recorded_by_its_kind_alone(rag: Rag, recording: Path) -> None:
    rag("ask", "annual leave?", "--model", "nowhere.gguf", "--threshold", "0", code=6)
    last = lines(recording)[-1]
    assert (last["outcome"], last["error"]) == ("failed", "ModelUnavailable")


def test_neither_documents_nor_answers_nor_questions_are_in_the_file(rag: Rag, recording: Path, work: Path) -> None:
    question = f"Is {SECRET} the code word, in Employees have 28 days?"
    rag("query", question)
    rag("ask", question, "--threshold", "0")
    text = recording.read_text()
    for word in (SECRET, "plover", "Employees", "euros", "code word"):
        assert word not in text
    assert len(lines(recording)[-1]["question_hash"]) == 64
    key = question_key(work / "state" / "ragcli", make=False)
    assert key is not None
    assert key.hex() not in text


def test_a_question_is_found_by_its_hash_and_by_its_text(
    rag: Rag, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rag("query", "annual  leave")
    monkeypatch.setenv("RAGCLI_AUDIT_QUESTIONS", "text")
    rag("query", "annual leave")
    rag("query", "standby pay")
    shown = json.loads(rag("audit", "find", "annual leave", "--json").stdout)
    assert [entry.get("question") for entry in shown["entries"]] == [None, "annual leave"]
    rag("audit", "find", "parking", code=4)


def test_lines_are_shown_by_time_and_command(rag: Rag, recording: Path) -> None:
    rag("query", "annual leave")
    assert "docs/leave.md" in rag("audit", "show", "--command", "query", "--since", "2020-01-01").stdout
    assert len(json.loads(rag("audit", "show", "--json").stdout)["entries"]) == 2
    rag("audit", "show", "--since", "2999-01-01", code=4)
    rag("audit", "show", "--since", "yesterday", code=2)


def test_verifying_names_the_line_and_exits_with_3(rag: Rag, recording: Path) -> None:
    rag("query", "annual leave")
    assert "intact: 2 lines" in rag("audit", "verify").stdout
    recording.write_text(recording.read_text().replace("found", "none!"))
    assert "audit.jsonl, line 2 is not the last line that was written" in rag("audit", "verify", code=3).stdout


def test_what_cannot_be_recorded_is_not_done_when_it_must_be_and_warned_of_once_otherwise(
    rag: Rag, recording: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGCLI_AUDIT_FILE", str(work / "docs" / "pay.md" / "audit.jsonl"))
    done = rag("query", "annual leave")
    assert "leave.md" in done.stdout
    assert done.stderr.count("cannot write the audit file") == 1
    monkeypatch.setenv("RAGCLI_AUDIT_REQUIRED", "true")
    refused = rag("query", "annual leave", code=1)
    assert refused.stdout == ""
    assert "cannot write the audit file" in refused.stderr
    rag("rm", "docs/pay.md", code=1)
    assert "docs/pay.md" in rag("ls").stdout


def test_a_projects_file_cannot_turn_recording_off_and_that_it_tried_is_recorded(
    rag: Rag, recording: Path, work: Path
) -> None:
    (work / "rag.toml").write_text("[audit]\nquestions = 'text'\n[ingest]\nocr = 'eng'\n")
    done = rag("query", "annual leave")
    assert "audit.questions" in done.stderr
    rag("trust", "rag.toml")
    rag("query", "annual leave")
    entries = lines(recording)
    assert all("question" not in entry for entry in entries)
    denied = [entry["subjects"] for entry in entries if entry["command"] == "denied"]
    assert denied == [["audit.questions", "ingest.ocr"], ["audit.questions"]]


def test_a_file_that_only_a_project_names_is_not_written(
    rag: Rag, work: Path, write: Callable[[str, str], Path]
) -> None:
    write("docs/a.md", "# A\n\nText.\n")
    (work / "rag.toml").write_text(f"[audit]\nfile = '{work}/theirs.jsonl'\n")
    rag("ingest", "docs")
    assert not (work / "theirs.jsonl").exists()


def test_a_refused_index_is_recorded(rag: Rag, recording: Path, work: Path) -> None:
    (work / "rag.toml").write_text("index = '/elsewhere'\n")
    rag("query", "annual leave", code=2)
    assert [(e["command"], e["outcome"], e["subjects"]) for e in lines(recording)[-1:]] == [
        ("denied", "refused", ["index"])
    ]


def test_the_library_records_where_a_file_is_given_and_only_there(recording: Path, work: Path) -> None:
    before = len(lines(recording))
    with Library(work / ".rag", embedding_model="hashing") as plain:
        plain.query("annual leave")
    assert len(lines(recording)) == before
    with Library(work / ".rag", embedding_model="hashing", audit_file=str(work / "mine.jsonl")) as library:
        library.query("annual leave")
        library.ask(question="annual leave")
    assert [entry["command"] for entry in lines(work / "mine.jsonl")] == ["query", "ask"]
    with (
        pytest.raises(SettingsError, match="not an absolute path"),
        Library(work / ".rag", audit_file="mine.jsonl") as it,
    ):
        it.query("annual leave")


def test_a_folder_without_space_for_a_line_is_an_error_that_says_what_to_do(work: Path) -> None:
    (work / "full").write_text("")
    with pytest.raises(RagError, match="cannot write the audit file") as caught:
        Chain(work / "full" / "audit.jsonl", 10).append({})
    assert caught.value.hint
