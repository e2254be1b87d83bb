"""Sixty commands as somebody types them on the first day, on a narrow and on a wide terminal."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import EXAMPLES

ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\]8;[^\x1b]*\x1b\\)")
WHOLE = {
    "--print",
    "ls",
    "get",
    "export",
    "--man",
    "--dry-run",
    "--json",
    "--files-only",
}  # lines that are left to the terminal, so that they can be copied


class Typed(NamedTuple):
    """What is typed, what it exits with, and what is then to be read."""

    line: str
    code: int = 0
    shown: str = ""
    stdin: str = ""


DAY = [
    Typed("", 0, "rag ingest ."),
    Typed("--help", 0, "rag ask what is the hotel limit"),
    Typed("-h", 0, "Measure:"),
    Typed("-V", 0, "rag "),
    Typed("--version --json", 0, '"schema": "rag.version/1"'),
    Typed("help", 0, "Start:"),
    Typed("help ask", 0, "--filter"),
    Typed("help gold add", 0, "--entry"),
    Typed("help serch", 2, "fix: rag query"),
    Typed("help --man", 0, ".TH RAG 1"),
    Typed("version", 2, "fix: rag --version"),
    Typed("init", 2, "fix: rag ingest"),
    Typed("ask what is the hotel limit", 5, "no index"),
    Typed("ls", 5, "fix: rag ingest"),
    Typed("ingest", 5, "fix: rag ingest PATH"),
    Typed("ingest nosuch", 2, "no such file or folder"),
    Typed("ingest docs --dry-run", 0, "16 add"),
    Typed("ingest docs", 0, "16 documents"),
    Typed("ingest docs", 0, "16 unchanged"),
    Typed("", 0, "holds 16 documents"),
    Typed("--json", 0, '"schema": "rag.overview/1"'),
    Typed("ls", 0, "state"),
    Typed("ls nosuch", 4, "nosuch"),
    Typed("ls docs/tariffs-2025.html", 0, "1 ok"),
    Typed("list", 2, "fix: rag ls"),
    Typed("stats", 0, "documents"),
    Typed("status", 2, "fix: rag stats"),
    Typed("search hotel", 2, "fix: rag query"),
    Typed("query hotel limit", 0, "travel-policy"),
    Typed('query "hotel limit" -k 1', 0, "travel-policy"),
    Typed("query hotel limit --files-only", 0, "docs/travel-policy-2025.md"),
    Typed("query hotel limit --min-score 0.99 -k 3", 0, "travel-policy"),
    Typed('query ""', 2, "the question is empty"),
    Typed("query", 2, "there is no question"),
    Typed("query hotel --mode lexcal", 2, "use one of: lexical, dense, hybrid"),
    Typed("query hotel --filter type=markdwon", 2, "type=markdown"),
    Typed("query hotel --filter colour=red", 2, "keys:"),
    Typed("query hotel --filter 'path=nosuch/**'", 4, "Nothing found"),
    Typed("query hotel --top 3", 2, "--top-k"),
    Typed("ask How many days of annual leave does an employee have", 0, "28 days"),
    Typed("ask", 0, "28 days", "How many days of annual leave does an employee have?\n"),
    Typed("ask -", 0, "28 days", "How many days of annual leave does an employee have?\n"),
    Typed("--json ask How many days of annual leave does an employee have", 0, '"schema": "rag.ask/1"'),
    Typed("ask what is the capital of Mongolia", 4, "The documents do not clearly answer this"),
    Typed("ask hotel limit --model nope.gguf", 6, "no answer model 'nope.gguf'"),
    Typed("ask hotel limit --file questions.txt", 2, "give a question, or --file FILE"),
    Typed("ask --again 6", 0, "28 days"),
    Typed("ask --again 999", 2, "fix: rag history lists them"),
    Typed("history", 0, "annual leave"),
    Typed("history zanzibar", 4, "Nothing"),
    Typed("export 1", 0, "# "),
    Typed("export 1 --md answer.md --html answer.html", 0),
    Typed("get 1", 0),
    Typed("get docs/travel-policy-2025.md:12", 0, "135 euros"),
    Typed("get docs/annual-report-2024.pdf#page=1", 0, ""),
    Typed("get docs/annual-report-2024.pdf#page=99", 2, "its pages are"),
    Typed("open 1 --print", 0, "docs/"),
    Typed("open 99", 2, "its numbers"),
    Typed("why annual leave --expect docs/employee-handbook.md", 2, "rag why"),
    Typed('why "annual leave" --expect "docs/employee-handbook.md:28 days of annual leave"', 0, "ingest"),
    Typed("chunks docs/travel-policy-2025.md", 0, "token"),
    Typed("gold add gold.jsonl --last", 0, "added"),
    Typed("gold", 2, "Commands:"),
    Typed("config show", 0, "history"),
    Typed("doctor", 0, "sound"),
    Typed("rm docs/minutes-2025-03-18.txt", 0, "removed"),
    Typed("rm docs/minutes-2025-03-18.txt", 2, "rag ls lists"),
    Typed("history --clear", 0, "forgot"),
]


def _amiss(typed: Typed, words: list[str], code: int, told: str, width: int) -> str:
    """What a newcomer would be annoyed by."""
    if code != typed.code:
        return f"exit {code} instead of {typed.code}"
    if typed.shown not in told and typed.shown not in " ".join(told.split()):
        return f"{typed.shown!r} is not said"
    if "Traceback" in told:
        return "a traceback"
    long = [line for line in told.splitlines() if len(line.rstrip()) > width]
    if long and not set(words) & WHOLE:
        return f"longer than {width}: {long}"
    plain = code in (1, 2, 5, 6) and "--json" not in words and typed.line != "gold"
    return "no error with its fix" if plain and not re.match(r"error: .*\n(.*\n)*  fix: ", told) else ""


@pytest.mark.parametrize("width", [80, 200])
def test_sixty_commands_of_a_newcomer(
    rag, work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int
) -> None:
    shutil.copytree(EXAMPLES / "documents", work / "docs")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert len(DAY) >= 60
    amiss = []
    for typed in DAY:
        words = shlex.split(typed.line)
        done = rag(*words, code=None, stdin=typed.stdin.encode())
        told = ANSI.sub("", done.stdout + done.stderr)
        if problem := _amiss(typed, words, done.exit_code, told, width):
            amiss.append(f"rag {typed.line}: {problem}\n{told}")
    assert not amiss, "\n".join(amiss)
    assert "annual leave" in (work / "answer.md").read_text() or "hotel" in (work / "answer.md").read_text()
    assert "<script" not in (work / "answer.html").read_text()


@pytest.mark.parametrize("width", [80, 200])
def test_no_summary_is_cut(rag, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (["--help"], ["gold", "--help"], ["models", "--help"], ["audit", "--help"], ["config", "--help"]):
        told = rag(*words).stdout
        assert "..." not in told.replace("[ARGS]...", "")
        assert max(map(len, told.splitlines())) <= 80
