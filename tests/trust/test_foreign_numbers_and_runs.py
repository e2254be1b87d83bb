"""What an index or a saved run says is data: its numbers are numbers, its files are those that were ingested, its settings are
those of a question."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from pathlib import Path

import pytest

import ragcli.trust.foreign
from ragcli.cli.history import Shown
from ragcli.cli.opening import check_place, open_command
from ragcli.errors import UsageError
from ragcli.places import state_directory
from ragcli.trust.store import TrustStore
from tests.conftest import Rag
from tests.helpers.indexes import altered


@pytest.fixture
def indexed(rag: Rag, work: Path) -> Rag:
    (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of annual leave.\n")
    rag("ingest", "a.md")
    return rag


def changed(work: Path, statement: str, *values: object) -> None:
    with altered(work / ".rag") as catalog:
        catalog.execute(statement, values)


def test_a_line_that_is_a_command_is_refused_before_any_editor_sees_it(
    indexed: Rag, work: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "ran"
    changed(work, "UPDATE chunks SET line_start = ?", f"call system('touch {trace}')|q")
    shown = indexed("query", "leave", code=5)
    assert "where a number belongs" in shown.stderr
    indexed.monkeypatch.setenv("EDITOR", "vim -es")
    indexed("open", "1", code=2)
    assert not trace.exists()


@pytest.mark.parametrize("column", ["start", "page_start", "line_end", "tokens", "ordinal"])
def test_every_number_of_a_passage_is_checked(indexed: Rag, work: Path, column: str) -> None:
    changed(work, f'UPDATE chunks SET "{column}" = ?', "1|q")
    assert "where a number belongs" in indexed("query", "leave", code=5).stderr


def test_an_editor_gets_the_file_after_dashes_and_a_number_before(work: Path) -> None:
    (work / "-c quit.md").write_text("x")
    place = Shown(1, "-c quit.md", str(work / "-c quit.md"), True, None, 3, "x")
    assert open_command(place, {"EDITOR": "vim -R"}) == ["vim", "-R", "+3", "--", str(work / "-c quit.md")]
    with pytest.raises(ValueError, match="format code"):
        open_command(Shown(1, "a", place.file, True, None, "1|q", "x"), {"EDITOR": "vim"})  # type: ignore[arg-type]


def test_only_files_that_were_ingested_are_opened(indexed: Rag, work: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("x")
    changed(work, "UPDATE documents SET path = ?", "../secret.md")
    indexed.monkeypatch.setenv("EDITOR", "true")
    indexed("query", "leave")
    shown = indexed("open", "1", code=2)
    assert f"{secret} is outside" in shown.stderr
    assert f"rag ingest {shlex.quote(str(secret))}" in shown.stderr


def test_an_ingest_without_paths_follows_an_index_to_no_place_where_the_user_did_not_send_it(
    rag: Rag, work: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    private = tmp_path / "elsewhere" / "private.md"
    private.write_text("The private notes.\n")
    (work / "own.md").write_text("The own notes.\n")
    rag("ingest", "own.md", str(private))
    store = TrustStore(state_directory())
    assert store.drop_roots(work / ".rag", [private]) == 1, "as in the state of somebody who was given this index"
    private.write_text("The private notes, changed.\n")
    for command in (["ingest"], ["ingest", "--rebuild"], ["ingest", "--dry-run"]):
        error = json.loads(rag(*command, "--json", code=2).stdout)
        assert str(private) in error["error"]
    assert "changed" not in rag("query", "private notes", "--json").stdout
    rag(*shlex.split(error["hint"].partition(" if ")[0])[1:])
    assert "changed" in rag("query", "private notes", "--json").stdout
    assert json.loads(rag("ingest", "--json").stdout)["unchanged"] == 2


@pytest.fixture
def foreign(rag: Rag, work: Path, tmp_path: Path) -> Path:
    """A file outside of the folder of an index that names it, changed since, as for somebody who was given the index."""
    (tmp_path / "elsewhere").mkdir()
    private = tmp_path / "elsewhere" / "private.md"
    private.write_text("The private notes are about annual leave.\n")
    rag("ingest", str(private))
    assert TrustStore(state_directory()).drop_roots(work / ".rag", [private]) == 1
    private.write_text("The private notes are about annual leave and the changed SECRET.\n")
    return private


def test_a_question_that_wants_fresh_files_reads_none_that_only_the_index_names(rag: Rag, foreign: Path) -> None:
    refused = rag("ask", "private notes", "--fresh", code=2).stderr
    assert f"the index names {foreign}" in refused
    assert "SECRET" not in rag("query", "private notes").stdout
    rag("ingest", str(foreign))
    foreign.write_text("The private notes are about annual leave, changed again.\n")
    assert "changed again" in rag("ask", "private notes", "--fresh").stdout


def test_no_other_command_follows_the_roots_of_an_index_from_elsewhere(rag: Rag, foreign: Path, work: Path) -> None:
    (work / "gold.jsonl").write_text(
        json.dumps({"question": "private notes", "evidence": [{"path": str(foreign)}], "answerable": True}) + "\n"
    )
    assert f"made from {foreign}" in rag("tune", "gold.jsonl", "--sizes", "60", code=2).stderr
    changed(work, "UPDATE documents SET root = ?", str(foreign.parent))
    (foreign.parent / ".ragignore").write_text("hidden.md\n")
    (foreign.parent / "hidden.md").write_text("x")
    told = rag("why", "private notes", "--expect", str(foreign.parent / "hidden.md"), code=4).stdout
    assert "outside of what was ingested" in told
    assert "SECRET" not in rag("get", str(foreign)).stdout


def test_every_module_that_follows_a_path_of_an_index_is_in_the_list() -> None:
    listed = set(re.findall(r"`([\w/]+/\w+\.py)`", inspect.getdoc(ragcli.trust.foreign) or ""))
    package = Path(ragcli.trust.foreign.__file__).parent.parent
    following = re.compile(r"real_path\(|project / (root|source\.path|entry\.path)\b")
    found = {str(file.relative_to(package)) for file in package.rglob("*.py") if following.search(file.read_text())}
    only_looked_for = {"sources/scanning.py", "sources/changes.py", "usecases/forgetting.py"}
    asked_before = {"usecases/tuning.py", "usecases/ingestion.py"}  # by the commands, which the list names
    assert found - listed == only_looked_for | asked_before
    for name in listed:
        assert re.search(r"is_known|check_(files|roots)|lies_below", (package / name).read_text()), name


def test_what_the_user_ingested_from_elsewhere_is_opened(rag: Rag, tmp_path: Path) -> None:
    rag.monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.md").write_text("# Leave\n\nEverybody has 28 days of annual leave.\n")
    rag("ingest", str(tmp_path / "other"))
    rag.monkeypatch.setenv("EDITOR", "true")
    rag("query", "leave")
    assert rag("open", "1", code=0).stderr == ""


def test_a_link_in_the_folder_does_not_lead_out_of_it(work: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("x")
    (work / "a.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(UsageError, match="outside"):
        check_place(Shown(1, "a.md", str(work / "a.md"), True, None, 1, ""), work / ".rag", ())


@pytest.mark.parametrize("address", ["file:///etc/passwd", "/usr/bin/true", "javascript:alert(1)", "notes.md"])
def test_what_is_no_file_is_opened_only_when_it_is_a_web_page(work: Path, address: str) -> None:
    with pytest.raises(UsageError, match="no web page"):
        check_place(Shown(1, address, address, False, None, None, ""), work / ".rag", ())
    check_place(Shown(1, "p", "https://example.com/p", False, None, None, ""), work / ".rag", ())


def test_a_saved_run_chooses_how_a_question_is_searched_and_nothing_else(
    indexed: Rag, work: Path, tmp_path: Path
) -> None:
    indexed("ask", "How many days of annual leave?", "-k", "3", "--save", "run.json", code=None)
    run = json.loads((work / "run.json").read_text())
    trace = tmp_path / "ran"
    run["settings"] |= {
        "answer_model": "openai:gpt-4o@http://127.0.0.1:9/v1", "offline": False, "index": str(tmp_path), "retrieval_rerank": "m",
        "retrieval_synonyms": "/etc/passwd", "answer_templates": "/etc", "embedding_model": "m", "trust_code": "m",
        "ingest_ocr": "eng", "answer_threshold": 0.0,
    }  # fmt: skip
    (work / "run.json").write_text(json.dumps(run))
    indexed.monkeypatch.setenv("RAGCLI_OFFLINE", "1")
    shown = indexed("replay", "run.json", code=None)
    assert shown.exit_code in (0, 3), shown.stderr
    for name in ("answer.model", "retrieval.rerank", "retrieval.synonyms", "answer.templates"):
        assert f"another {name}" in shown.stderr
    assert "--model" in shown.stderr
    assert not trace.exists()
    run["settings"] = []
    (work / "run.json").write_text(json.dumps(run))
    assert "no saved run" in indexed("replay", "run.json", code=2).stderr
