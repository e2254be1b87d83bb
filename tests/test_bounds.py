"""What one line of a file can cost or do: patterns, nested and self-referring data, pipes, workflow commands, Markdown."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TextIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ragcli.cli.history import last
from ragcli.errors import GoldError, RagError, UsageError
from ragcli.evaluation.beir import read_corpus
from ragcli.evaluation.gating import load_baseline
from ragcli.evaluation.importing import read_rows
from ragcli.files import read_text
from ragcli.places import state_directory
from ragcli.render.files import _cell
from ragcli.render.workflow import WithoutCommands, guarded, without_commands
from ragcli.sources.ignoring import IgnoreFiles, matches_any
from ragcli.text.globs import glob, path_matches

Write = Callable[[str, str | bytes], Path]

# ---- patterns -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [12, 5_000])
def test_a_pattern_of_many_stars_is_matched_within_the_time_limit_of_a_test(rag, write: Write, count: int) -> None:
    pattern, name = "*a" * count + "*b", "a" * 40
    write("docs/.gitignore", pattern + "\n" + "**/" * count + "b\n")
    write(f"docs/{name}", f"# {name}\n\nText.\n")
    assert not path_matches(pattern, f"docs/{name}", "docs")
    assert not path_matches("**/a/" * count + "b", "/".join("a" * 200), "")
    assert not matches_any([pattern], name)
    assert json.loads(rag("ingest", "docs", "--exclude", pattern, "--json").stdout)["added"] == 1
    rag("query", "text", "--filter", f"path={pattern}", code=4)
    rag("query", "text", "--filter", f"title={pattern}", code=4)


PATTERNS = """*.log !keep.log build/ /top.md docs/*.txt docs/**/deep.md **/any a/**/z a/** sub[0-9] [!a]x ?.md \\#hash ab*cd*ef
**.tmp foo/ /foo/bar/ *.[ch] with\\ space""".split("\n")
PATHS = """a.log keep.log build build/x sub/build/x top.md sub/top.md docs/n.txt docs/m/n.txt docs/deep.md docs/a/b/deep.md any q/any/w a/z
a/b/c/z a/q sub1 sub1/x subx bx ax a.md ab.md #hash abXcdYef abcdXf x.tmp d/x.tmp foo foo/bar foo/bar/z x.c x.h x.d""".split()


def ignored_by_rag(root: Path, path: str) -> bool:
    """Whether a walk that goes down to `path` leaves it or a folder above it out."""
    ignored = IgnoreFiles(root, True)
    current = root
    parts = path.split("/")
    for number, part in enumerate(parts, start=1):
        ignored.enter(current)
        current = current / part
        if ignored.rule(current, folder=number < len(parts)):
            return True
    return False


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the reference")
@pytest.mark.parametrize("pattern", [*" ".join(PATTERNS).replace("with\\ space", "").split(), "*.md\n!a.md\n/docs/"])
def test_ignore_files_are_read_as_git_reads_them(write: Write, work: Path, pattern: str) -> None:
    subprocess.run(["git", "init", "-q", "."], check=True)
    write(".gitignore", pattern + "\n")
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        input="\n".join(PATHS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert {path for path in PATHS if ignored_by_rag(work, path)} == set(done.stdout.splitlines())


def test_one_dialect_matches_paths_in_filters_and_listings(rag, write: Write) -> None:
    write("docs/a/x.md", "# X\n\nText of x.\n")
    write("docs/b.md", "# B\n\nText of b.\n")
    rag("ingest", "docs")

    def found(*filters: str) -> set[str]:
        arguments = [part for text in filters for part in ("--filter", text)]
        return {hit["path"] for hit in json.loads(rag("query", "text", *arguments, "--json", code=None).stdout)["hits"]}

    assert found("path=docs/*.md") == {"docs/b.md"}
    assert found("path!=docs/*.md") == {"docs/a/x.md"}
    assert found("path=docs/**/[x-z].md") == {"docs/a/x.md"}
    assert "docs/a/x.md" not in rag("ls", "docs/*.md").stdout


def test_sets_and_escapes_of_patterns() -> None:
    assert glob("[]x]").matches(["]"])
    assert glob("[!a-c]").matches(["d"])
    assert not glob("[!a-c]").matches(["b"])
    assert not glob("[z-a]").matches(["m"])
    assert glob(r"\*").matches(["*"])
    assert not glob(r"\*").matches(["x"])
    assert glob("a[b").matches(["a[b"])


# ---- nested and self-referring data -----------------------------------------------------------------------------------------

DEEP = "[" * 100_000 + "]" * 100_000


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([*lines, "tests:", f"  - vars: {{question: *a{levels - 1}}}"])


@pytest.mark.parametrize("text", [bomb(12), "tests: &t [*t]", "tests: " + DEEP])
def test_yaml_that_stands_for_too_much_is_an_error_that_names_the_file(write: Write, text: str) -> None:
    path = write("gold.yaml", text)
    with pytest.raises(GoldError, match=r"gold\.yaml"):
        list(read_rows(path))


def test_aliases_of_yaml_are_followed_where_they_stay_small(write: Write) -> None:
    path = write("gold.yaml", "shared: &q How many?\ntests:\n- vars: {question: *q}\n- vars: {question: *q}\n")
    assert [row["question"] for _, row in read_rows(path)] == ["How many?", "How many?"]


def test_deeply_nested_files_are_clear_errors_and_no_tracebacks(rag, write: Write, work: Path) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days.\n")
    rag("ingest", "docs")
    write("run.json", DEEP)
    write("schema.json", DEEP)
    for arguments in (
        ["replay", "run.json"],
        ["diff", "run.json", "run.json"],
        ["ask", "Leave?", "--schema", "schema.json"],
    ):
        assert "nested too deeply" in rag(*arguments, code=2).stderr
    write(".rag/calibration.json", DEEP)
    rag("stats")
    state_directory().mkdir(parents=True, exist_ok=True)
    (state_directory() / "last.json").write_text(DEEP)
    with pytest.raises(UsageError):
        last()
    write("rag.toml", f"index = {DEEP}")
    assert "nested too deeply" in rag("stats", code=2).stderr


@pytest.mark.parametrize(
    "missing", ["question", "settings", "index", "filters", "answer", "answer.model", "answer.hits", "answer.citations"]
)
def test_a_run_that_lacks_a_field_is_an_error_that_names_it(rag, write: Write, missing: str) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag("ingest", "docs")
    rag("ask", "How many days of annual leave?", "--threshold", "0", "--save", "run.json")
    run = json.loads(Path("run.json").read_text())
    *above, name = missing.split(".")
    holder = run[above[0]] if above else run
    kept = holder.pop(name)
    write("cut.json", json.dumps(run))
    holder[name] = 5
    write("wrong.json", json.dumps(run))
    assert f"lacks '{name}'" in rag("diff", "cut.json", "run.json", code=2).stderr.replace("\n", " ")
    assert f"lacks '{name}'" in rag("replay", "cut.json", code=2).stderr.replace("\n", " ")
    assert f"{name} is 5" in rag("diff", "run.json", "wrong.json", code=2).stderr.replace("\n", " ")
    assert kept is not None


# ---- pipes ------------------------------------------------------------------------------------------------------------------


def test_no_file_that_somebody_names_is_waited_for_when_it_is_a_pipe(rag, write: Write, work: Path) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days.\n")
    rag("ingest", "docs")
    pipe = work / "pipe"
    os.mkfifo(pipe)
    os.mkfifo(work / "docs" / ".gitignore")
    os.mkfifo(work / "docs" / "b.md")
    os.mkfifo(work / "corpus.jsonl")
    with pytest.raises(OSError, match="not a regular file"):
        read_text(pipe)
    with pytest.raises(RagError, match="not a regular file"):
        list(read_corpus(work))
    with pytest.raises(GoldError, match="not a regular file"):
        load_baseline(pipe)
    for arguments in (
        ["query", "leave", "--synonyms", "pipe"],
        ["eval", "pipe"],
        ["replay", "pipe"],
        ["diff", "pipe", "pipe"],
        ["ask", "Leave?", "--schema", "pipe"],
    ):
        assert rag(*arguments, code=None).exit_code in (1, 2), arguments
    assert json.loads(rag("ingest", "docs", "--json").stdout)["unchanged"] == 1


# ---- what others read in the output -----------------------------------------------------------------------------------------


def written(pieces: list[str]) -> str:
    buffer = io.StringIO()
    stream = WithoutCommands(buffer)
    for piece in pieces:
        assert stream.write(piece) == len(piece)
    return buffer.getvalue()


@given(st.lists(st.sampled_from([":", "::", " ", "\n", "#", "##", "[", "error", "\t", "a", "::error::x"]), max_size=12))
def test_no_command_gets_through_however_the_text_is_cut_and_nothing_but_spaces_is_added(pieces: list[str]) -> None:
    shown = written(pieces)
    assert shown.replace(" ", "") == "".join(pieces).replace(" ", "")
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in shown.split("\n"))


def test_commands_are_only_looked_for_in_a_step_of_github_actions() -> None:
    stream = cast(TextIO, io.StringIO())
    assert guarded(stream, {}) is stream
    assert isinstance(guarded(stream, {"GITHUB_ACTIONS": "true"}), WithoutCommands)
    assert json.loads(without_commands(json.dumps({"text": "##[error]x"}))) == {"text": "##[error]x"}
    assert "##[" not in without_commands(json.dumps({"text": "##[error]x"}))


def test_a_document_gives_no_workflow_command(rag, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        "docs/a.txt",
        "::error file=a::Annual leave is wrong.\n##[warning]Annual leave\n::stop-commands::x annual leave\n",
    )
    rag("ingest", "docs")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for arguments in (["ask", "annual leave", "--threshold", "0"], ["query", "annual leave"], ["chunks", "docs/a.txt"]):
        shown = rag(*arguments, code=None).stdout
        assert "error" in shown
        assert not any(line.lstrip().startswith("::") or "##[" in line for line in shown.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://evil.example/p.png)",
        "[click](https://evil.example)",
        "<img src=https://evil.example/p.png>",
        "<https://evil.example>",
        "[x]: https://evil.example",
        "`code` **bold** | cell",
        "\\![x](y)",
        "\\",
        "&lt;img&gt;",
    ],
)
def test_a_cell_of_a_markdown_report_is_text_and_nothing_else(text: str) -> None:
    rendered = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(f"| a |\n|---|\n| {_cell(text)} |\n\n[x]: https://evil.example\n")
    )
    assert not any(tag in rendered for tag in ("<img", "<a ", "<code", "<strong"))
    cell = rendered.partition("<td>")[2].partition("</td>")[0]
    assert cell.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&") == text


@pytest.mark.parametrize(
    "text", ["see https://evil.example", "www.evil.example", "write to @everyone or a@evil.example"]
)
def test_an_address_in_a_markdown_report_does_not_become_a_link_by_itself(text: str) -> None:
    assert not any(sign in _cell(text) for sign in ("://", "www.", "@"))
