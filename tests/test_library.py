"""Getting documents in and out, as people do it on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ragcli.app import App
from ragcli.app.ingestion import IngestRequest
from ragcli.errors import UsageError
from ragcli.index.conditions import all_hold, parse_condition
from ragcli.index.pages import documents
from ragcli.ingest import Options
from ragcli.settings import resolve
from tests.conftest import heed_interrupts
from tests.documents import make_docx, make_eml, make_pdf, pdf_of
from tests.helpers.programs import PATIENCE, Lines
from tests.helpers.web import web_site

Write = Callable[[str, str | bytes], Path]


def ingest(rag, *arguments: str, code: int | None = 0) -> dict[str, Any]:
    return json.loads(rag("ingest", *arguments, "--json", code=code).stdout)


def paths(rag, *arguments: str) -> dict[str, str]:
    """Path → state, as `rag ls` lists them."""
    return {
        entry["path"]: entry["state"]
        for entry in json.loads(rag("ls", *arguments, "--json", code=None).stdout)["documents"]
    }


# ---- copies -----------------------------------------------------------------------------------------------------------


def test_the_same_file_twice_is_stored_once_and_cited_with_both_places(rag, write: Write) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days.\n")
    write("docs/sub/b.md", "# Leave\n\nEmployees have 28 days.\n")
    report = ingest(rag, "docs")
    assert (report["added"], report["copies"], report["documents"], report["chunks"]) == (1, 1, 1, 1)
    hit = json.loads(rag("query", "days of leave", "--json").stdout)["hits"][0]
    assert (hit["path"], [place["path"] for place in hit["also_at"]]) == ("docs/a.md", ["docs/sub/b.md"])
    assert paths(rag) == {"docs/a.md": "ok", "docs/sub/b.md": "copy"}
    assert ingest(rag, "docs")["unchanged"] == 2
    assert json.loads(rag("query", "leave", "--filter", "path=docs/sub/**", "--json").stdout)["hits"]


def test_a_copy_takes_the_place_of_a_document_that_goes(rag, write: Write) -> None:
    for name in "abc":
        write(f"docs/{name}.md", "# Leave\n\nEmployees have 28 days.\n")
    ingest(rag, "docs")
    Path("docs/a.md").unlink()
    report = ingest(rag, "docs", "--prune")
    assert (report["removed"], report["documents"], report["chunks_embedded"]) == (1, 1, 0)
    assert paths(rag) == {"docs/b.md": "ok", "docs/c.md": "copy"}
    assert json.loads(rag("query", "leave", "--json").stdout)["hits"][0]["path"] == "docs/b.md"
    assert json.loads(rag("doctor", "--json").stdout)["sound"]


def test_an_edited_document_leaves_its_old_text_to_its_copy(rag, write: Write) -> None:
    write("docs/a.md", "Employees have 28 days.\n")
    write("docs/b.md", "Employees have 28 days.\n")
    ingest(rag, "docs")
    write("docs/a.md", "Contractors have none.\n")
    report = ingest(rag, "docs")
    assert (report["updated"], report["documents"]) == (1, 2)
    found = json.loads(rag("query", "employees contractors", "--json").stdout)["hits"]
    assert {(hit["path"], hit["text"]) for hit in found} == {
        ("docs/a.md", "Contractors have none."),
        ("docs/b.md", "Employees have 28 days."),
    }
    write("docs/b.md", "Contractors have none.\n")
    assert ingest(rag, "docs")["documents"] == 1
    assert json.loads(rag("doctor", "--json").stdout)["sound"]


def test_a_file_that_moved_is_not_a_copy_of_what_it_was(rag, write: Write) -> None:
    write("docs/a.md", "Employees have 28 days.\n")
    ingest(rag, "docs")
    os.rename("docs/a.md", "docs/b.md")
    assert ingest(rag, "docs")["missing"] == 1
    assert paths(rag) == {"docs/a.md": "gone", "docs/b.md": "ok"}


# ---- what is taken ----------------------------------------------------------------------------------------------------


def test_ignore_files_are_obeyed_as_git_does(rag, write: Write) -> None:
    write("docs/.gitignore", "*.log.md\nbuild/\n/top.md\n!keep.log.md\n")
    write("docs/sub/.ragignore", "draft*\n")
    for name in (
        "a.md",
        "b.log.md",
        "keep.log.md",
        "build/x.md",
        "top.md",
        "sub/top.md",
        "sub/draft-1.md",
        "sub/final.md",
    ):
        write(f"docs/{name}", f"Text of {name}.\n")
    ingest(rag, "docs")
    assert set(paths(rag)) == {"docs/a.md", "docs/keep.log.md", "docs/sub/top.md", "docs/sub/final.md"}
    ingest(rag, "docs", "--no-ignore")
    assert "docs/sub/draft-1.md" in paths(rag)


def test_ignore_files_above_the_folder_count_up_to_the_top_of_the_repository(rag, write: Write, work: Path) -> None:
    (work / ".git").mkdir()
    write(".gitignore", "secret.md\n")
    write("docs/secret.md", "Hidden.\n")
    write("docs/open.md", "Shown.\n")
    ingest(rag, "docs")
    assert set(paths(rag)) == {"docs/open.md"}


def test_include_and_exclude_choose_files(rag, write: Write) -> None:
    for name in ("a.md", "b.txt", "old/c.md", "new/d.md"):
        write(f"docs/{name}", f"Text of {name}.\n")
    ingest(rag, "docs", "--include", "*.md", "--exclude", "old/")
    assert set(paths(rag)) == {"docs/a.md", "docs/new/d.md"}


def test_hidden_files_links_and_pipes_stay_out_unless_asked_for(rag, write: Write, work: Path) -> None:
    write("outside.md", "Outside.\n")
    write("docs/.hidden.md", "Hidden.\n")
    write("docs/real/a.md", "Real.\n")
    (work / "docs/inside").symlink_to("real")
    (work / "docs/out.md").symlink_to("../outside.md")
    (work / "docs/real/loop").symlink_to("..")
    os.mkfifo(work / "docs/pipe.md")
    report = ingest(rag, "docs")
    assert set(paths(rag)) == {"docs/real/a.md"}
    assert report["skipped"] == {"not a regular file": 1, "symbolic link": 3}
    report = ingest(rag, "docs", "--hidden", "--follow-symlinks")
    assert set(paths(rag)) == {"docs/.hidden.md", "docs/inside/a.md", "docs/real/a.md"}
    assert paths(rag)["docs/real/a.md"] != paths(rag)["docs/inside/a.md"], "one of them is a copy"
    assert "symbolic link out of the folder" in report["skipped"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(rag, write: Write) -> None:
    write("docs/a.md", "Kept.\n")
    write("docs/b.md", "Changed.\n")
    write("docs/c.md", "Goes.\n")
    ingest(rag, "docs")
    write("docs/b.md", "Changed now.\n")
    write("docs/new.pdf", make_pdf())
    write("docs/.gitignore", "*.tmp.md\n")
    write("docs/x.tmp.md", "Ignored.\n")
    write("docs/photo.png", b"\x89PNG\r\n\x1a\n" + bytes(50))
    Path("docs/c.md").unlink()
    before = json.loads(rag("stats", "--json").stdout)["fingerprint"]
    planned = {
        f["path"]: (f["action"], f["detail"])
        for f in json.loads(rag("ingest", "docs", "--dry-run", "--prune", "--json").stdout)["files"]
    }
    assert planned["docs/a.md"] == ("unchanged", "")
    assert planned["docs/b.md"] == ("update", "markdown")
    assert planned["docs/c.md"] == ("remove", "its file is gone")
    assert planned["docs/new.pdf"] == ("add", "pdf")
    assert planned["docs/x.tmp.md"] == ("skip", "ignored: *.tmp.md in .gitignore")
    assert planned["docs/photo.png"][0] == "skip"
    assert json.loads(rag("stats", "--json").stdout)["fingerprint"] == before


# ---- failures ---------------------------------------------------------------------------------------------------------


def test_failed_and_partial_files_are_listed_with_their_reasons(rag, write: Write) -> None:
    write("docs/bad.pdf", b"%PDF-1.4 nothing")
    write("docs/half.pdf", pdf_of([[("Some text on the first page.", 11)], []]))
    report = ingest(rag, "docs")
    assert [f["path"] for f in report["failed"]] == ["docs/bad.pdf"]
    assert report["partial"] == [{"path": "docs/half.pdf", "reason": "1 of 2 pages have no text (scanned?): 2"}]
    assert paths(rag, "--failed") == {"docs/bad.pdf": "failed", "docs/half.pdf": "partial"}
    stats = json.loads(rag("stats", "--json").stdout)
    assert (len(stats["failed"]), len(stats["partial"])) == (1, 1)
    assert "1 of 2 pages" in rag("stats").stdout


def test_a_failed_file_is_read_again_only_when_it_changes_or_somebody_asks(rag, write: Write) -> None:
    path = write("docs/bad.pdf", b"%PDF-1.4 nothing")
    write("docs/good.md", "Good.\n")
    ingest(rag, "docs")
    path.chmod(0o600)
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    assert ingest(rag, "docs")["failed"]
    path.write_bytes(make_pdf())
    os.utime(path, ns=times)
    assert ingest(rag, "docs", "--retry-failed")["added"] == 1


# ---- metadata ---------------------------------------------------------------------------------------------------------


def test_metadata_of_files_and_tags_of_people_can_be_filtered(rag, write: Write) -> None:
    write("docs/mail.eml", make_eml())
    write("docs/guide.docx", make_docx())
    ingest(rag, "docs/mail.eml", "--tag", "team=legal")
    ingest(rag, "docs")

    def found(*filters: str) -> set[str]:
        options = [part for text in filters for part in ("--filter", text)]
        hits = json.loads(rag("query", "days of leave", *options, "--json", code=None).stdout)["hits"]
        return {hit["path"] for hit in hits}

    assert found() == {"docs/mail.eml", "docs/guide.docx"}
    assert found("tag.team=legal") == {"docs/mail.eml"}
    assert found("tag.team!=legal") == {"docs/guide.docx"}
    assert found("author=*ada*") == {"docs/mail.eml"}
    assert found("created>2024-01", "created<2024-03") == {"docs/mail.eml"}
    assert found("type=docx", "headings=leave") == {"docs/guide.docx"}
    assert found("words>100000") == set()
    write("docs/mail.eml", make_eml(attachments=[("note.txt", b"More leave.")]))
    ingest(rag, "docs")
    assert found("tag.team=legal") == {"docs/mail.eml"}, "a changed file keeps its tags"
    assert "unknown key" in rag("query", "x", "--filter", "colour=red", code=2).stderr


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("modified>2024-01-01", {"modified": "2024-01-01T10:00:00"}, False),
        ("modified>=2024-01-01", {"modified": "2024-01-01T10:00:00"}, True),
        ("modified=2024", {"modified": "2024-05-01"}, True),
        ("modified>2024-01-01", {}, False),
        ("size<=1000", {"size": "1000"}, True),
        ("size>1e3", {"size": "1001"}, True),
        ("title=annual*", {"title": "Annual report"}, True),
        ("headings=leave", {"headings": "Intro\nLeave"}, True),
        ("language!=en", {"language": "de"}, True),
        ("tag.a!=x", {}, True),
    ],
)
def test_conditions_hold_or_do_not(text: str, values: dict[str, str], expected: bool) -> None:
    assert all_hold([parse_condition(text)], values) is expected


def test_several_values_of_one_key_are_alternatives_and_everything_else_must_hold_together() -> None:
    def holds(*texts: str, **values: str) -> bool:
        return all_hold([parse_condition(text) for text in texts], values)

    assert holds("title=a", "title=b", title="b")
    assert not holds("title=a", "title=b", title="c")
    assert not holds("title=a", "author=x", title="a", author="y"), "other keys are no alternatives"
    assert not holds("title!=a", "title!=b", title="b"), "none of the excluded values may be there"
    assert not holds("size>10", "size<20", size="30"), "both ends of a range must hold"


@pytest.mark.parametrize("text", ["", "colour=red", "size=large", "modified=yesterday", "title>a", "modified"])
def test_conditions_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_condition(text)


# ---- rm, chunks, standard input ---------------------------------------------------------------------------------------


def test_documents_can_be_taken_out(rag, write: Write) -> None:
    for name in ("a.md", "old/b.md", "old/c.md"):
        write(f"docs/{name}", f"Text of {name}.\n")
    ingest(rag, "docs")
    assert json.loads(rag("rm", "docs/old", "--json").stdout)["removed"] == ["docs/old/b.md", "docs/old/c.md"]
    assert set(paths(rag)) == {"docs/a.md"}
    assert Path("docs/old/b.md").exists()
    assert "rag ls" in rag("rm", "docs/nothing.md", code=2).stderr


def test_chunks_shows_how_a_file_is_cut(rag, write: Write) -> None:
    write("a.md", "# Guide\n\n" + "A sentence of seven words is here. " * 30)
    shown = json.loads(rag("chunks", "a.md", "--chunker", "sentence", "--max-tokens", "40", "--json").stdout)
    assert len(shown["chunks"]) > 3
    assert all(chunk["tokens"] <= 40 and chunk["headings"] == ["Guide"] for chunk in shown["chunks"])
    text = rag("chunks", "a.md").stdout
    assert "#1  " in text
    assert "lines 1-3" in text
    assert "no such file" in rag("chunks", "b.md", code=2).stderr
    write("bad.pdf", b"%PDF-1.4 nothing")
    assert "not a readable PDF" in rag("chunks", "bad.pdf", code=1).stderr


def test_standard_input_is_a_document_with_the_name_it_is_given(rag, write: Write) -> None:
    shown = rag("ingest", "-", "--name", "notes.md", "--json", stdin=b"# Notes\n\nThe pump leaks.\n")
    assert json.loads(shown.stdout)["added"] == 1
    assert json.loads(rag("query", "pump", "--json").stdout)["hits"][0]["path"] == "notes.md"
    write("docs/a.md", "Other.\n")
    assert ingest(rag, "docs", "--prune")["documents"] == 2, "pruning leaves what is no file alone"
    assert "needs a name" in rag("ingest", "-", code=2).stderr


# ---- web pages --------------------------------------------------------------------------------------------------------

SITE = {
    "/robots.txt": "User-agent: *\nDisallow: /private\n",
    "/a.html": "<html><title>Pumps</title><body><h1>Pumps</h1><p>The pump P-7 leaks.</p></body></html>",
    "/b": "<html><title>Valves</title><body><p>The valve V-2 sticks.</p></body></html>",
    "/private.html": "<html><body>Secret.</body></html>",
    "/sitemap.xml": '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{origin}/a.html</loc></url>'
    "<url><loc>{origin}/b</loc></url><url><loc>{origin}/private.html</loc></url>"
    "<url><loc>http://elsewhere.example/x</loc></url></urlset>",
    "/large": "x" * 200_000,
}


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a server of the pages above."""
    with web_site(SITE) as address:
        yield address


def test_web_pages_are_fetched_when_asked_for_and_cited_by_their_address(rag, site: str) -> None:
    assert ingest(rag, "--url", f"{site}/a.html#part")["added"] == 1
    hit = json.loads(rag("query", "pump leaks", "--json").stdout)["hits"][0]
    assert (hit["path"], hit["title"]) == (f"{site}/a.html", "Pumps")
    assert ingest(rag, "--url", f"{site}/a.html")["unchanged"] == 1


def test_a_sitemap_gives_its_own_pages_and_robots_are_obeyed(rag, site: str) -> None:
    shown = rag("ingest", "--sitemap", f"{site}/sitemap.xml")
    assert set(paths(rag)) == {f"{site}/a.html", f"{site}/b"}
    assert f"{site}/private.html: cannot fetch: forbidden by robots.txt" in shown.stderr


def test_web_pages_have_limits_and_reasons(rag, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCLI_LIMITS_FILE_MB", "0.1")
    shown = rag("ingest", "--url", f"{site}/large", "--url", f"{site}/missing", code=2).stderr
    assert "limit: larger than 0.1 MB" in shown
    assert "status 404" in shown
    assert "not an http" in rag("ingest", "--url", "file:///etc/passwd", code=1).stderr
    monkeypatch.setenv("RAGCLI_OFFLINE", "1")
    assert "offline" in rag("ingest", "--url", f"{site}/a.html", code=2).stderr


# ---- watching ---------------------------------------------------------------------------------------------------------


def test_watching_takes_in_what_changes_and_stops_on_control_c(write: Write, work: Path) -> None:
    write("docs/a.md", "The first file.\n")
    environment = {**os.environ, "RAGCLI_EMBEDDING_MODEL": "hashing"}
    command = [sys.executable, "-m", "ragcli", "ingest", "docs", "--watch"]
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - no thread runs yet
    )
    shown, noted = Lines(process.stdout), Lines(process.stderr)
    try:
        assert "1 added" in shown.next()
        assert "watching" in noted.next()
        write("docs/.b.md.swp", "as editors do")
        for _ in range(20):  # it begins to look a moment after it says so
            write("docs/b.tmp", "The second file.\n")
            os.rename("docs/b.tmp", "docs/b.md")
            line = shown.next(3.0)
            if line:
                break
        assert "1 added" in line
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) in (0, 130)
    finally:
        process.kill()
        process.wait()
        shown.close()
        noted.close()


class Folder(RuleBasedStateMachine):
    """Files come, change, move, are copied and go, with ingests in between: the index holds what the folder holds."""

    names = st.sampled_from([f"{folder}{letter}.md" for folder in ("", "sub/") for letter in "abcd"])
    texts = st.sampled_from(["Alpha text one.", "Beta text two.", "Gamma text three.", ""])

    def __init__(self) -> None:
        super().__init__()
        self._scratch = tempfile.TemporaryDirectory()
        self._root = Path(self._scratch.name)
        (self._root / "docs/sub").mkdir(parents=True)
        self._files: dict[str, str] = {}
        self._clock = 1_700_000_000

    @rule(name=names, text=texts)
    def write(self, name: str, text: str) -> None:
        path = self._root / "docs" / name
        path.write_text(text)
        self._clock += 1
        os.utime(path, (self._clock, self._clock))
        self._files[name] = text

    @rule(one=names, other=names)
    def move(self, one: str, other: str) -> None:
        if one in self._files and one != other:
            os.rename(self._root / "docs" / one, self._root / "docs" / other)
            self._files[other] = self._files.pop(one)

    @rule(name=names)
    def delete(self, name: str) -> None:
        if name in self._files:
            (self._root / "docs" / name).unlink()
            del self._files[name]

    @rule(tag=st.booleans())
    def ingest(self, tag: bool) -> None:
        flags = {"embedding_model": "hashing", "index": str(self._root / ".rag")}
        resolved = resolve(flags, environment={}, directory=self._root, user_file=Path("none"))
        app = App(resolved, self._root)
        options = Options(prune=True, tags={"kind": "model"} if tag else {})
        try:
            app.ingest(IngestRequest([self._root / "docs"], options=options))
            with_text = {f"docs/{name}": text for name, text in self._files.items() if text}
            held = {path: document for document in documents(app.reader) for path in (document.path, *document.copies)}
            assert held.keys() == with_text.keys()
            assert len({document.document_id for document in held.values()}) == len(set(with_text.values()))
            for path, text in with_text.items():
                chunks = app.reader.document_chunks(held[path].document_id)
                assert "".join(chunk.text for chunk in chunks) == text
            assert app.check() == []
        finally:
            app.close()

    def teardown(self) -> None:
        self._scratch.cleanup()


TestFolder = pytest.mark.slow(Folder.TestCase)
TestFolder.settings = settings(
    max_examples=int(os.environ.get("FOLDER_EXAMPLES", "25")), stateful_step_count=15, deadline=None
)
