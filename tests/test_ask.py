"""`rag ask`, `rag chat` and `rag open` with models that write: a real tiny GGUF, and servers on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ragcli.cli.history import Shown
from ragcli.cli.opening import open_command, told
from ragcli.errors import RagError
from tests.conftest import Rag, heed_interrupts
from tests.helpers.answers import COPIER
from tests.servers import Script, model_server

Write = Callable[[str, str | bytes], Path]
FACTS = "# Machines\n\nThe blue jar holds 412 coins. The red pump was made by Clara.\n## Keys\nThe old key is kept in Lyon.\n"
GOOD = "The red pump was made by Clara. [1]"


@pytest.fixture
def asked(rag: Rag, write: Write) -> Rag:
    write("docs/machines.md", FACTS)
    rag("ingest", "docs")
    return rag


@pytest.fixture
def script() -> Script:
    return Script(reply=GOOD)


@pytest.fixture
def server(script: Script) -> Iterator[str]:
    pytest.importorskip("openai", reason="needs the extra [openai]")
    with model_server(script) as address:
        yield f"openai:m@{address}/v1"


def test_a_gguf_writes_and_the_answer_is_cited(asked: Rag) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    found = json.loads(asked("ask", "Who made the red pump?", "--model", str(COPIER), "--json").stdout)
    assert (found["answer"], found["mode"], found["model"]) == (
        "The red pump was made by Clara.",
        "generated",
        "copier.gguf",
    )
    assert [(c["status"], c["line_start"]) for c in found["citations"]] == [("exact", 3)]
    assert found["usage"]["prompt_tokens"] > 100
    shown = asked("ask", "Who made the red pump?", "--model", str(COPIER))
    assert shown.stdout.startswith("The red pump was made by Clara. [1]\n")
    assert "copier.gguf" in shown.stdout


def test_what_no_source_says_is_marked_left_out_or_fatal(asked: Rag, script: Script, server: str) -> None:
    asked.monkeypatch.setenv("RAGCLI_ANSWER_CACHE", "false")
    script.reply = f"{GOOD} The red pump was made by Boris. [1] It cost 900 euros. [7]"
    warned = asked("ask", "Who made the red pump?", "--model", server)
    assert "was made by Boris. [2] (not supported)" in warned.stdout
    assert "(unsupported: Boris stands where the source has Clara)" in warned.stdout
    assert "the model cited [7], which no source has" in warned.stderr
    dropped = json.loads(asked("ask", "Who made the red pump?", "--model", server, "--verify", "drop", "--json").stdout)
    assert (dropped["answer"], dropped["dropped"]) == ("The red pump was made by Clara.", 2)
    failed = asked("ask", "Who made the red pump?", "--model", server, "--verify", "fail", "--json", code=3)
    assert json.loads(failed.stdout)["answered"]
    script.reply = "The moon is made of cheese. [1]"
    instead = asked("ask", "Who made the red pump?", "--model", server)
    assert "cheese" not in instead.stdout
    assert "made by Clara. [1]" in instead.stdout
    assert "extractive in place of openai:m" in instead.stdout
    assert "wrote nothing that the documents bear out" in instead.stderr
    asked.monkeypatch.setenv("RAGCLI_ANSWER_FALLBACK", "false")
    nothing = asked("ask", "Who made the red pump?", "--model", server, code=4)
    assert "The closest passage says:\n\nThe red pump was made by Clara. [1]" in nothing.stdout


def test_a_chain_answers_with_the_first_that_is_there(asked: Rag, monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    monkeypatch.setenv("RAGCLI_ANSWER_MODELS", f"missing.gguf, openai:m@http://127.0.0.1:9/v1, {server}, extractive")
    found = asked("ask", "Who made the red pump?", "--json")
    answer = json.loads(found.stdout)
    assert (answer["answer"], answer["model"]) == ("The red pump was made by Clara.", "openai:m")
    assert [note.split(" was passed over")[0] for note in answer["notes"]] == [
        "missing.gguf",
        "openai:m@http://127.0.0.1:9/v1",
    ]
    monkeypatch.setenv("RAGCLI_ANSWER_MODELS", "missing.gguf")
    assert "rag models pull" in asked("ask", "Who made the red pump?", code=6).stderr
    assert (
        json.loads(asked("ask", "Who made the red pump?", "--model", "extractive", "--json").stdout)["mode"]
        == "extractive"
    )


def test_the_prompt_and_its_sources_can_be_seen_without_a_model(asked: Rag) -> None:
    prompt = asked("ask", "Who made the red pump?", "--show-prompt").stdout
    assert "Question: Who made the red pump?" in prompt
    assert "The red pump was made by Clara." in prompt
    sources = asked("ask", "Who made the red pump?", "--context-only", "--context-tokens", "16", "--json")
    found = json.loads(sources.stdout)
    assert (found["schema"], len(found["sources"])) == ("rag.prompt/1", 1)
    assert "Clara" in found["sources"][0]["text"]
    assert "Lyon" not in found["sources"][0]["text"]


def test_the_words_of_the_prompt_can_be_replaced(asked: Rag, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("words/fact.txt", "Answer like a pirate.")
    monkeypatch.setenv("RAGCLI_ANSWER_TEMPLATES", "words")
    assert asked("ask", "Who made the red pump?", "--show-prompt").stdout.rstrip().endswith("Answer like a pirate.")
    monkeypatch.setenv("RAGCLI_ANSWER_TEMPLATES", "docs")
    assert "system.txt" in asked("ask", "Who made the red pump?", "--show-prompt", code=2).stderr


def test_an_interrupt_ends_the_answer_and_keeps_what_was_written(
    asked: Rag, work: Path, script: Script, server: str
) -> None:
    script.behaviour = "slow"
    script.reply = f"{GOOD} " + "And then there is more to say about it. " * 50
    process = subprocess.Popen(
        [sys.executable, "-m", "ragcli", "ask", "Who made the red pump?", "--model", server],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, preexec_fn=heed_interrupts,  # noqa: PLW1509
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )  # fmt: skip
    assert process.stdout is not None
    begun = process.stdout.read(20)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert (begun + rest).startswith(b"The red pump was made by Clara. [1]"), errors
    assert b"interrupted" in rest
    assert b"Traceback" not in errors
    assert process.returncode == 130


def test_a_chat_understands_follow_ups_keeps_its_state_and_can_be_saved(asked: Rag, work: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    lines = (
        "Who made the red pump?\nWhere is the old key?\n/sources\n/open 1\n/save talk.md\n/open 9\n/what\n/new\n/quit\n"
    )
    found = asked("chat", "--model", str(COPIER), stdin=lines.encode())
    assert "The red pump was made by Clara. [1]" in found.stdout
    assert "The old key is kept in Lyon. [1]" in found.stdout
    assert "reused)" in found.stdout
    assert f"{work}/docs/machines.md:5" in found.stdout
    assert "the last answer has no [9]" in found.stderr
    assert "/help lists the commands" in found.stderr
    saved = (work / "talk.md").read_text()
    assert saved.startswith(
        "## Who made the red pump?\n\nThe red pump was made by Clara. [1]\n\n[1] docs/machines.md:3:"
    )


def test_a_follow_up_is_asked_with_what_it_leaves_unsaid(asked: Rag) -> None:
    found = asked("chat", stdin=b"Who made the red pump?\nand the blue jar?\n")
    assert "asked as: Who made the red pump the blue jar?" in found.stderr
    assert "The blue jar holds 412 coins." in found.stdout


def test_a_citation_opens_at_its_line(asked: Rag, work: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    asked("ask", "Where is the old key?")
    assert asked("open", "1", "--print").stdout.strip() == f"{work}/docs/machines.md:5"
    editor = write("bin/vim", '#!/bin/sh\necho "$@" > opened.txt\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    asked("open", "1")
    assert (work / "opened.txt").read_text().strip() == f"+5 -- {work}/docs/machines.md"
    assert "its numbers: 1" in asked("open", "4", code=2).stderr
    (work / "docs/machines.md").unlink()
    assert "is gone" in asked("open", "1", code=1).stderr


def test_editors_and_viewers_are_told_the_place_in_their_own_way(work: Path, write: Write) -> None:
    text = Shown(1, "a.md", str(write("a.md", "x")), True, None, 7, "x")
    page = Shown(2, "b.pdf", str(write("b.pdf", "x")), True, 3, None, "x")
    commands = {e: open_command(text, {"EDITOR": e}) for e in ("nvim", "code --wait", "hx", "notepad")}
    assert commands["nvim"] == ["nvim", "+7", "--", text.file]
    assert commands["code --wait"] == ["code", "--wait", "--goto", f"{text.file}:7"]
    assert commands["hx"] == ["hx", f"{text.file}:7"]
    assert commands["notepad"] == ["notepad", text.file]
    assert told(page) == f"{page.file}#page=3"
    with pytest.raises(RagError, match="gone"):
        open_command(Shown(1, "c.md", str(work / "c.md"), True, None, 1, ""), {"EDITOR": "vi"})


def test_many_questions_are_answered_with_one_model_and_the_rest_when_it_was_stopped(
    asked: Rag, work: Path, write: Write, script: Script, server: str
) -> None:
    write(
        "q.txt", '# two of them\nWho made the red pump?\n\n{"question": "Where is the old key?"}\n' + "x" * 9000 + "\n"
    )
    lines = asked("ask", "-f", "q.txt", "--jsonl", "--model", server, code=1).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [entry["schema"] for entry in found] == ["rag.ask/1", "rag.ask/1", "rag.error/1"]
    assert found[0]["answer"] == "The red pump was made by Clara."
    asked("ask", "-f", "q.txt", "--jsonl", "--out", "a.jsonl", code=1)
    whole = (work / "a.jsonl").read_bytes()
    first = whole.index(b"\n") + 1
    (work / "a.jsonl").write_bytes(whole[: first + 30])  # stopped in the middle of a line
    asked("ask", "-f", "q.txt", "--jsonl", "--out", "a.jsonl", code=1)
    resumed = [json.loads(line)["question"][:20] for line in (work / "a.jsonl").read_text().splitlines()]
    assert resumed == ["Who made the red pum", "Where is the old key", "x" * 20]
    write("notes.txt", "not answers\nat all\n")
    assert "no file of answers" in asked("ask", "-f", "q.txt", "--jsonl", "--out", "notes.txt", code=2).stderr
    assert (work / "notes.txt").read_text() == "not answers\nat all\n"
    assert asked("ask", "-f", "-", stdin=b"Where is the old key?\n").stdout.startswith("\n## Where is the old key?")
    for wrong in (["ask"], ["ask", "q", "-f", "q.txt"], ["ask", "q", "--jsonl"], ["ask", "-f", "missing.txt"]):
        asked(*wrong, code=2)


def test_what_a_model_wrote_is_kept_until_the_passages_change(
    asked: Rag, work: Path, script: Script, server: str
) -> None:
    ask = ["ask", "Who made the red pump?", "--model", server, "--json"]
    assert json.loads(asked(*ask).stdout)["notes"] == []
    assert json.loads(asked(*ask).stdout)["notes"] == ["written before; --no-cache writes it again"]
    assert len(script.requests) == 1
    asked(*ask, "--no-cache")
    assert len(script.requests) == 2
    (work / "docs/machines.md").write_text(FACTS.replace("Clara", "Boris"))
    asked("ingest")
    changed = json.loads(asked(*ask).stdout)
    assert (len(script.requests), changed["mode"]) == (3, "fallback")
    assert "made by Boris" in changed["answer"]


def test_a_change_that_keeps_size_and_modification_time_is_seen_by_everything_that_asks(asked: Rag, work: Path) -> None:
    file = work / "docs/machines.md"
    before = file.stat()
    file.write_text(FACTS.replace("Clara", "Boris"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert json.loads(asked("stats", "--json").stdout)["freshness"]["changed"] == 1
    assert "changed" in {entry["state"] for entry in json.loads(asked("ls", "--json").stdout)["documents"]}
    asked("ask", "Who made the red pump?", "--require-fresh", code=3)
    assert json.loads(asked("ingest", "--json").stdout)["updated"] == 1


def test_files_that_changed_since_are_named_taken_in_or_fatal(asked: Rag, work: Path) -> None:
    ask = ["ask", "Who made the red pump?"]
    assert json.loads(asked(*ask, "--require-fresh", "--json").stdout)["stale"] == []
    (work / "docs/machines.md").write_text(FACTS.replace("Clara", "Boris"))
    old = asked(*ask, "--require-fresh", code=3)
    assert "made by Clara" in old.stdout
    assert "docs/machines.md has changed since it was ingested" in old.stderr
    new = asked(*ask, "--fresh", "--require-fresh")
    assert "made by Boris" in new.stdout
    assert "taken in again" in new.stderr
    (work / "docs/machines.md").unlink()
    assert json.loads(asked(*ask, "--json").stdout)["stale"] == [
        {"path": "docs/machines.md", "collection": None, "kind": "gone"}
    ]
    asked(*ask, "--fresh", code=5)


def test_a_saved_run_is_asked_again_and_compared(asked: Rag, work: Path, write: Write) -> None:
    asked("ask", "Who made the red pump?", "-k", "3", "--filter", "type=markdown", "--save", "a.json")
    assert asked("replay", "a.json").stdout == "no difference\n"
    asked("ask", "Where is the old key?", "--save", "b.json")
    found = json.loads(asked("diff", "a.json", "b.json", "--json", code=3).stdout)
    assert [entry["kind"] for entry in found["differences"]] == [
        "question",
        "retrieval.k",
        "filters",
        "cited",
        "answer",
    ]
    (work / "docs/machines.md").write_text(FACTS.replace("Clara", "Boris"))
    asked("ingest")
    shown = asked("replay", "a.json", code=3).stdout
    assert "index fingerprint" in shown
    assert "  - The red pump was made by Clara." in shown
    assert "  + The red pump was made by Boris." in shown
    write("c.json", '{"schema": "rag.ask/1"}')
    for wrong in (["replay", "c.json"], ["diff", "a.json", "missing.json"]):
        assert "no saved run" in asked(*wrong, code=2).stderr


SCHEMA = {
    "type": "object",
    "properties": {
        "maker": {"type": "string", "description": "who made the pump"},
        "coins": {"type": ["integer", "null"]},
        "colour": {"type": "string"},
        "old": {"type": "boolean"},
    },
}


def test_a_structured_answer_has_a_citation_or_null_for_each_field(
    asked: Rag, write: Write, script: Script, server: str
) -> None:
    write("s.json", json.dumps(SCHEMA))
    script.reply = 'Here: {"maker": "Clara", "coins": 413, "colour": 7, "old": true, "more": "x"}'
    ask = ["ask", "Who made the red pump?", "--schema", "s.json", "--model", server, "--json"]
    found = json.loads(asked(*ask).stdout)
    assert {name: entry["value"] for name, entry in found["fields"].items()} == {
        "maker": "Clara", "coins": 413, "colour": None, "old": True
    }  # fmt: skip
    statuses = [c["status"] for c in found["citations"]]
    assert statuses == ["exact", "unsupported"]
    assert found["fields"]["colour"]["citations"] is None
    assert script.requests[0]["response_format"]["type"] == "json_schema"
    assert "who made the pump" in script.requests[0]["messages"][1]["content"]
    dropped = json.loads(asked(*ask, "--verify", "drop").stdout)["fields"]
    assert dropped["coins"] == {"value": None, "citations": None}
    assert asked(*ask[:-1], "--verify", "drop").stdout.startswith("maker: Clara [1]\ncoins: -\ncolour: -\nold: true\n")
    assert "needs a language model" in asked("ask", "Who made the red pump?", "--schema", "s.json", code=6).stderr
    write("bad.json", '{"properties": {"a": {"type": "object"}}}')
    assert "not supported" in asked("ask", "Who?", "--schema", "bad.json", code=2).stderr


def test_a_grammar_holds_a_gguf_to_the_schema(asked: Rag, write: Write) -> None:
    pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
    from ragcli.drafts import Limits
    from ragcli.generation.llama import LlamaModel
    from ragcli.generation.structured import checked_schema
    from ragcli.prompts import Prompt

    schema = checked_schema({"properties": {"a": {"type": "boolean"}, "b": {"type": "integer"}}})
    model = LlamaModel(COPIER, identity="x")
    pieces = model.stream(Prompt("", "Is it so?", schema=schema), Limits(tokens=200))
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    assert text.lstrip().startswith("{")
    assert set(json.loads(text)) == {"a", "b"} if text.rstrip().endswith("}") else '"a"' in text


def test_nothing_was_asked_yet(rag: Rag) -> None:
    assert "rag ask" in rag("open", "1", code=2).stderr


def test_the_closest_piece_is_labelled_opened_and_no_failure_where_that_is_set(
    asked: Rag, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ("ask", "Where is the old key?", "--threshold", "1")
    monkeypatch.setenv("RAGCLI_ANSWER_CLOSEST", "0")
    found = json.loads(asked(*ask, "--json", code=4).stdout)
    assert (found["outcome"], found["answered"], found["answer"]) == ("closest", False, None)
    assert "The old key is kept in Lyon." in found["closest"]["text"]
    place = f"{work}/docs/machines.md:{found['closest']['citation']['line_start']}"
    assert asked("open", "1", "--print").stdout.strip() == place
    monkeypatch.setenv("RAGCLI_ANSWER_CLOSEST_FAILS", "false")
    assert asked(*ask).stdout.startswith("The documents do not clearly answer this. The closest passage says:\n\n")
    monkeypatch.setenv("RAGCLI_ANSWER_CLOSEST", "1")
    assert asked(*ask, code=4).stdout.startswith("Not in the documents.")
