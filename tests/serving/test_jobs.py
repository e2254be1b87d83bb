"""`rag serve`: files that are sent, ingests as jobs, and taking documents out."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from ragcli import Rag
from ragcli.errors import RagError, UsageError
from ragcli.ingest import Progress
from ragcli.reports import IngestReport, Job
from ragcli.serving.http.server import Site
from ragcli.serving.jobs import Jobs, Outcome, QueueFull, Tell
from ragcli.serving.keys import KeyFile
from ragcli.serving.uploads import TooMuch, Uploads, file_name, folder_of
from tests.helpers.programs import PATIENCE
from tests.helpers.serving import client_of, events_of, index_of, served, state_of
from tests.schema_check import checked

MENU = b"# Menu\n\nThe canteen serves zurbolade on Fridays.\n"


def ended(client: httpx.Client, reply: httpx.Response, **options: Any) -> dict[str, Any]:
    """The job that a reply tells of, when it has ended."""
    assert reply.status_code == 202, reply.text
    job = checked(reply.text)
    assert reply.headers["location"] == f"/jobs/{job['id']}"
    deadline = time.monotonic() + PATIENCE
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
        job = checked(client.get(f"/jobs/{job['id']}", **options).text)
    return job


def send(client: httpx.Client, *files: tuple[str, bytes], **fields: Any) -> httpx.Response:
    return client.post("/ingest", files=[("files", each) for each in files], **fields)


def paths(client: httpx.Client, **options: Any) -> list[str]:
    return [each["path"] for each in client.get("/documents", **options).json()["documents"]]


def test_a_file_that_is_sent_is_answered_from(client: httpx.Client, site: Site) -> None:
    job = ended(client, send(client, ("menu.md", MENU)))
    assert (job["state"], job["kind"], job["by"]) == ("done", "upload", "local")
    assert job["report"]["added"] == 1
    assert job["refused"] == []
    answer = client.post("/ask", json={"question": "What does the canteen serve on Fridays?"}).json()
    assert answer["citations"][0]["path"] == "uploads/local/menu.md"
    file = site.service.uploads.folder / "local" / "menu.md"
    assert file.read_bytes() == MENU
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_of_the_same_name_takes_the_place_of_the_one_before(client: httpx.Client) -> None:
    ended(client, send(client, ("place.md", MENU.replace(b"zurbolade", b"quimbombo"))))
    job = ended(client, send(client, ("place.md", MENU.replace(b"zurbolade", b"plov"))))
    assert (job["report"]["added"], job["report"]["updated"]) == (0, 1)
    assert not client.post("/query", json={"question": "quimbombo", "mode": "lexical"}).json()["hits"]


def test_what_a_file_is_says_its_content_and_what_is_no_document_is_deleted_again(
    client: httpx.Client, site: Site
) -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 8
    broken = b"%PDF-1.7\n" + b"nothing of a document follows" * 20
    job = ended(
        client, send(client, ("notes.txt", program), ("scan.pdf", broken), ("page", b"<html><p>Hello.</p></html>"))
    )
    assert job["state"] == "done"
    assert sorted(each["path"] for each in job["refused"]) == ["uploads/local/notes.txt", "uploads/local/scan.pdf"]
    assert all(each["reason"] for each in job["refused"])
    left = {path.name for path in (site.service.uploads.folder / "local").iterdir()}
    assert left & {"notes.txt", "scan.pdf", "page"} == {"page"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.docx", "plan.docx"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.md", "ab.md"),
        ("gpj.\u202etxt", "gpj.txt"),
        ("  two   words .txt. ", "two words .txt"),
        ("cafe\u0301.md", "caf\u00e9.md"),
        ("what?*.md", "what.md"),
        ("\ud800a.md", "a.md"),
    ],
)
def test_a_name_stays_in_its_folder_and_reads_as_it_is(given: str, name: str) -> None:
    assert file_name(given) == name


@pytest.mark.parametrize("given", ["", "..", "/", "\u200b", "x" * 151])
def test_what_is_no_name_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        file_name(given)


def test_two_keys_never_share_a_folder() -> None:
    names = ["anna", "Anna", "an na", "an-na", ".anna", "..", "a/b", "a.b", "ünna", "x" * 64]
    folders = {folder_of(name) for name in names}
    assert len(folders) == len(names)
    assert all("/" not in folder and not folder.startswith(".") for folder in folders)


def test_uploads_have_limits_of_count_size_and_room(tmp_path: Path) -> None:
    with served(index_of(tmp_path), serve_upload_mb=0.01, serve_uploads_mb=0.005) as site, client_of(site) as client:
        assert send(client, ("a.txt", b"x" * 20_000)).status_code == 413
        full = send(client, ("a.txt", b"x" * 7_000))
        assert full.status_code == 413
        assert "may take" in full.json()["detail"]
        many = send(client, *[(f"{i}.txt", b"x") for i in range(101)])
        assert many.status_code in (400, 413)
        assert send(client, ("a.txt", b"x"), ("A.TXT", b"y")).status_code == 400
        assert client.post("/ingest", files=[("other", ("a.txt", b"x"))]).status_code == 400
        assert client.post("/ingest", data={"files": "text"}, files=[("files", ("a", b"x"))]).status_code == 400
        assert client.post("/ingest", content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
        assert client.post("/query", files=[("files", ("a.txt", b"x"))]).status_code == 415
        assert [path for path in site.service.uploads.folder.rglob("*") if path.is_file()] == []


def test_a_web_page_of_another_origin_cannot_send_files(client: httpx.Client) -> None:
    assert send(client, ("menu.md", MENU), headers={"Origin": "https://evil.example"}).status_code == 403


def test_the_folders_of_the_index_are_read_again(client: httpx.Client, site: Site) -> None:
    file = site.service.shelf.directory.parent / "docs" / "wine.md"
    file.write_text("# Wine\n\nThe cellar holds wine.\n")
    job = ended(client, client.post("/ingest", json={}))
    assert (job["kind"], job["files"], job["report"]["added"]) == ("ingest", [], 1)
    file.unlink()
    job = ended(client, client.post("/ingest", json={"paths": ["docs"], "prune": True}))
    assert (job["files"], job["report"]["removed"]) == (["docs"], 1)


def test_only_folders_that_the_index_or_the_settings_name_are_read(tmp_path: Path) -> None:
    outside, named = tmp_path / "outside", tmp_path / "named"
    for folder in (outside, named):
        folder.mkdir()
        (folder / "menu.md").write_bytes(MENU)
    index = index_of(tmp_path / "site")
    (tmp_path / "site" / "docs" / "link").symlink_to(outside)
    with served(index, serve_roots=[str(named)]) as site, client_of(site) as client:
        for path in (str(outside), "../outside", "docs/../../outside", "docs/link/menu.md", "/etc/passwd", "nowhere"):
            refused = client.post("/ingest", json={"paths": [path]})
            assert refused.status_code == 403, path
        assert client.post("/ingest", json={"paths": ["docs/none.md"]}).status_code == 400
        assert client.post("/ingest", json={"paths": 3}).status_code == 422
        assert client.post("/ingest", json={"paths": ["a\0b"]}).status_code in (400, 403)
        assert ended(client, client.post("/ingest", json={"paths": [str(named)]}))["report"]["added"] == 1


def test_an_index_is_made_by_the_first_file(tmp_path: Path) -> None:
    with served(tmp_path / "new" / ".rag", embedding_model="hashing") as site, client_of(site) as client:
        (tmp_path / "new").mkdir()
        assert ended(client, send(client, ("menu.md", MENU)))["report"]["documents"] == 1
        assert paths(client) == ["uploads/local/menu.md"]


def test_a_job_is_followed_to_its_end(client: httpx.Client) -> None:
    job = send(client, ("menu.md", MENU)).json()
    reply = client.get(f"/jobs/{job['id']}", headers={"Accept": "text/event-stream"})
    events = events_of(reply.text)
    assert [event.name for event in events[:-1]] == ["progress"] * (len(events) - 1)
    assert events[-1].name == "done"
    assert events[-1].document["state"] == "done"


def test_jobs_are_listed_the_newest_first_and_unknown_ones_are_not_found(client: httpx.Client) -> None:
    first, second = (ended(client, send(client, (f"{name}.md", name.encode()))) for name in "ab")
    assert [job["id"] for job in checked(client.get("/jobs").text)["jobs"]][:2] == [second["id"], first["id"]]
    assert client.get("/jobs/0123456789abcdef").status_code == 404
    assert client.delete("/jobs/0123456789abcdef").status_code == 404
    assert client.delete(f"/jobs/{first['id']}").status_code == 400


def test_an_uploaded_document_is_deleted_with_its_file_and_another_one_without(
    client: httpx.Client, site: Site
) -> None:
    ended(client, send(client, ("gone.md", b"# Gone\n\nThis goes again.\n")))
    for path, stays in (("uploads/local/gone.md", False), ("docs/pay.md", True)):
        (listed,) = client.get("/documents", params={"filter": f"path={path}"}).json()["documents"]
        assert checked(client.delete(f"/documents/{listed['id']}").text)["removed"] == [path]
        assert path not in paths(client)
        assert (site.service.shelf.directory.parent / path).exists() is stays
        assert client.delete(f"/documents/{listed['id']}").status_code == 404


GRANTS = """[principals.anna]
tags = ["hr", "board"]

[principals.otto]
tags = ["shop"]
"""


def test_rights_of_a_key_limit_what_it_sends_sees_and_takes_out(tmp_path: Path) -> None:
    (tmp_path / "grants.toml").write_text(GRANTS)
    index = index_of(tmp_path)
    keys = KeyFile(tmp_path / "keys.json")
    heads = {}
    for name, scopes in (("anna", "read,ask,ingest"), ("otto", "read,ingest"), ("reader", "read"), ("root", "admin")):
        heads[name] = {"Authorization": f"Bearer {keys.add(name, scopes.split(','))[1]}"}
    with (
        served(index, access_grants=str(tmp_path / "grants.toml"), access_untagged="nobody") as site,
        client_of(site) as client,
    ):
        assert send(client, ("menu.md", MENU), headers=heads["reader"]).status_code == 403
        untold = send(client, ("menu.md", MENU), headers=heads["anna"])
        assert untold.status_code == 400
        assert "board,hr" in untold.json()["hint"]
        assert send(client, ("menu.md", MENU), headers=heads["anna"], data={"access": "hr,shop"}).status_code == 403
        assert client.post("/ingest", json={}, headers=heads["anna"]).status_code == 403

        sent = send(client, ("menu.md", MENU), headers=heads["anna"], data={"access": "hr"})
        job = ended(client, sent, headers=heads["anna"])
        assert (job["state"], job["report"], job["progress"]["chunks"]) == ("done", None, None)
        assert paths(client, headers=heads["anna"]) == ["uploads/anna/menu.md"]
        assert paths(client, headers=heads["otto"]) == []
        assert client.get(f"/jobs/{job['id']}", headers=heads["otto"]).status_code == 404
        assert client.delete(f"/jobs/{job['id']}", headers=heads["otto"]).status_code == 404
        assert client.get("/jobs", headers=heads["otto"]).json()["jobs"] == []
        assert client.get("/jobs", headers=heads["root"]).json()["jobs"][0]["report"]["added"] == 1

        (listed,) = client.get("/documents", headers=heads["anna"]).json()["documents"]
        assert client.delete(f"/documents/{listed['id']}", headers=heads["otto"]).status_code == 404
        assert client.delete(f"/documents/{listed['id']}", headers=heads["anna"]).status_code == 200
        (other,) = client.get("/documents", params={"filter": "path=docs/pay.md"}, headers=heads["root"]).json()[
            "documents"
        ]
        assert client.delete(f"/documents/{other['id']}", headers=heads["root"]).status_code == 200


REPORT = IngestReport(1, 0, 0, 0, 0, (), {}, 1, 1, 1, 1, 0.1)


class Paced:
    """Work that goes on when it is told to, as an ingest does: it tells how far it is, and heeds what that raises."""

    def __init__(self) -> None:
        self.began, self.goes_on = threading.Event(), threading.Event()

    def __call__(self, tell: Tell) -> Outcome:
        self.began.set()
        assert self.goes_on.wait(PATIENCE)
        tell(Progress(1, 2, 3, "a.md"))
        return Outcome(REPORT, {"schema": "rag.ingest/1"})


def over(job: Job) -> Job:
    deadline = time.monotonic() + PATIENCE
    while not job.over:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return job


def test_one_job_runs_at_a_time_and_a_bounded_number_waits(tmp_path: Path) -> None:
    jobs, first, second = Jobs(tmp_path / "jobs.json", 1), Paced(), Paced()
    running = jobs.add("ingest", "anna", ["docs"], first)
    assert first.began.wait(PATIENCE)
    waiting = jobs.add("ingest", "anna", ["docs"], second)
    assert (running.state, waiting.state, second.began.is_set()) == ("running", "queued", False)
    with pytest.raises(QueueFull):
        jobs.add("ingest", "otto", [], Paced())
    first.goes_on.set()
    second.goes_on.set()
    assert (over(running).state, over(waiting).state) == ("done", "done")
    assert running.ended <= waiting.ended
    jobs.close(PATIENCE)


def test_a_job_is_cancelled_before_it_begins_and_while_it_runs(tmp_path: Path) -> None:
    jobs, first, second, undone = Jobs(tmp_path / "jobs.json", 4), Paced(), Paced(), []
    running = jobs.add("ingest", "anna", ["docs"], first)
    assert first.began.wait(PATIENCE)
    waiting = jobs.add("upload", "anna", ["a.md"], second, lambda: undone.append("a.md"))
    jobs.cancel(waiting)
    assert (waiting.state, undone) == ("cancelled", ["a.md"])
    jobs.cancel(running)
    first.goes_on.set()
    assert over(running).state == "cancelled"
    assert not second.began.is_set()
    with pytest.raises(UsageError, match="has ended"):
        jobs.cancel(running)
    jobs.close(PATIENCE)


def test_an_ingest_that_is_cancelled_keeps_what_it_committed(tmp_path: Path) -> None:
    index = index_of(tmp_path, {f"{i}.md": f"# Part {i}\n\nThis is part {i}.\n" for i in range(3)})
    (tmp_path / "more").mkdir()
    for i in range(8):
        (tmp_path / "more" / f"{i}.md").write_text(f"# More {i}\n\nMore of it: {i}.\n")
    jobs, seen = Jobs(tmp_path / "jobs.json", 1), threading.Event()
    made: list[Job] = []

    def work(tell: Tell) -> Outcome:
        def told(progress: Progress) -> None:
            if progress.done == 2:
                seen.wait(PATIENCE)
                jobs.cancel(made[0])
            tell(progress)

        with Rag(index) as rag:
            return Outcome(rag.ingest(tmp_path / "more", on_progress=told), {})

    made.append(jobs.add("ingest", "anna", ["more"], work))
    seen.set()
    assert over(made[0]).state == "cancelled"
    with Rag(index) as rag:
        assert 3 <= rag.stats().documents < 11
        assert rag.ingest(tmp_path / "more").documents == 11
    jobs.close(PATIENCE)


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.json", 4)

    def locked(tell: Tell) -> Outcome:
        raise RagError("another one writes", hint="wait")

    def broken(tell: Tell) -> Outcome:
        raise ValueError("secret of the server")

    failed, unforeseen = (over(jobs.add("ingest", "anna", [], work)) for work in (locked, broken))
    assert (failed.state, failed.problem, failed.hint) == ("failed", "another one writes", "wait")
    assert (unforeseen.state, unforeseen.problem) == ("failed", "internal error: ValueError")
    jobs.close(PATIENCE)


def test_jobs_outlast_the_server_and_one_that_was_cut_off_says_so(tmp_path: Path) -> None:
    file = tmp_path / "state" / "jobs.json"
    jobs, done, cut = Jobs(file, 4), Paced(), Paced()
    done.goes_on.set()
    first = over(jobs.add("ingest", "anna", ["docs"], done))
    second = jobs.add("upload", "anna", ["a.md"], cut)
    assert cut.began.wait(PATIENCE)
    assert file.stat().st_mode & 0o077 == 0
    again = Jobs(file, 4)  # as after a kill: nothing told the first one to end
    assert [(job.id, job.state) for job in again.listed(None)] == [(second.id, "interrupted"), (first.id, "done")]
    assert again.find(second.id, "anna").problem == "the server ended before this did"
    assert [job.id for job in again.cut_off] == [second.id]
    cut.goes_on.set()
    jobs.close(PATIENCE)
    file.write_text("{")
    assert Jobs(file, 4).listed(None) == []


def test_the_end_of_a_server_ends_its_jobs(tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    jobs, first, undone = Jobs(file, 4), Paced(), []
    running = jobs.add("ingest", "anna", ["docs"], first)
    assert first.began.wait(PATIENCE)
    waiting = jobs.add("upload", "anna", ["a.md"], Paced(), lambda: undone.append(1))
    threading.Timer(0.05, first.goes_on.set).start()
    jobs.close(PATIENCE)
    assert (running.state, waiting.state, undone) == ("interrupted", "interrupted", [1])
    with pytest.raises(QueueFull):
        jobs.add("ingest", "anna", [], Paced())
    assert [job.state for job in Jobs(file, 4).listed(None)] == ["interrupted", "interrupted"]


def test_uploads_that_a_killed_server_left_unindexed_are_deleted_by_the_next_one(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    folder = tmp_path / "uploads" / "anna"
    (folder / ".receiving-1").mkdir(parents=True)
    for file in (folder / "lost.md", folder / ".receiving-1" / "half.md"):
        file.write_bytes(MENU)
    jobs, cut = Jobs(state_of(index) / "jobs.json", 4), Paced()
    jobs.add("upload", "anna", ["uploads/anna/lost.md", "../../outside.md"], cut)
    assert cut.began.wait(PATIENCE)
    (tmp_path.parent / "outside.md").write_text("stays")
    with served(index):
        assert list(folder.iterdir()) == []
        assert (tmp_path.parent / "outside.md").exists()
    cut.goes_on.set()
    jobs.close(PATIENCE)


def test_records_that_somebody_deleted_are_not_brought_back(tmp_path: Path) -> None:
    file, work = tmp_path / "jobs.json", Paced()
    work.goes_on.set()
    jobs = Jobs(file, 4)
    over(jobs.add("upload", "anna", ["secret-name.md"], work))
    file.unlink()
    over(jobs.add("upload", "anna", ["other.md"], work))
    assert "secret-name" not in file.read_text()
    assert [job.files for job in jobs.listed(None)] == [["other.md"]]
    jobs.close(PATIENCE)


def test_no_link_leads_an_upload_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "anna").symlink_to(tmp_path / "elsewhere")
    with open(os.devnull, "rb") as empty, pytest.raises(RagError, match="is a link"):
        Uploads(tmp_path / "uploads", 1.0).receive("anna", [("a.md", empty)])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_uploads_that_do_not_fit_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 2_000)
    uploads = Uploads(tmp_path / "uploads", 0.001)
    with open(tmp_path / "big", "rb") as big, pytest.raises(TooMuch):
        uploads.receive("anna", [("a.md", big)])
    assert list((tmp_path / "uploads" / "anna").iterdir()) == []
