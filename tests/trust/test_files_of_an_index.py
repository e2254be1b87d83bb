"""Nothing outside of an index is touched through it, and nobody else can read what it and the user's own folders hold."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ragcli.errors import IndexDamaged
from ragcli.index.links import refuse_links
from ragcli.index.sqlite.lock import WriterLock
from ragcli.private import open_private, replace_private
from tests.conftest import Rag
from tests.helpers.indexes import build

PARTS = ("lock", "vectors.f32", ".gitignore", "calibration.json", "catalog.sqlite3-journal", "chroma/chroma.sqlite3")


@pytest.fixture
def indexed(rag: Rag, work: Path) -> Rag:
    (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of annual leave.\n")
    rag("ingest", "a.md")
    return rag


@pytest.mark.chroma
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("dangling", [False, True])
def test_an_index_that_holds_a_link_is_refused_by_every_command(
    rag: Rag, work: Path, tmp_path: Path, part: str, dangling: bool
) -> None:
    build(work / ".rag", {"a.md": "Everybody has 28 days of annual leave."})
    target = tmp_path / "precious"
    if not dangling:
        target.write_text("mine\n")
    (work / "a.md").write_text("Everybody has 28 days of annual leave.")
    (work / ".rag" / part).parent.mkdir(exist_ok=True)
    (work / ".rag" / part).unlink(missing_ok=True)
    (work / ".rag" / part).symlink_to(target)
    for command in (
        ["ingest", "a.md"],
        ["ingest"],
        ["query", "leave"],
        ["ask", "leave"],
        ["stats"],
        ["doctor"],
        ["rm", "a.md"],
    ):
        shown = rag(*command, code=5)
        assert f"the symbolic link {Path(part).name}" in shown.stderr
        assert f"rm {work / '.rag' / part}" in shown.stderr
    assert target.exists() is not dangling
    assert dangling or target.read_text() == "mine\n"


@pytest.mark.chroma
def test_a_linked_folder_inside_an_index_is_refused(indexed: Rag, work: Path, tmp_path: Path) -> None:
    (work / ".rag" / "chroma").rename(tmp_path / "chroma")
    (work / ".rag" / "chroma").symlink_to(tmp_path / "chroma")
    assert "the symbolic link chroma" in indexed("ingest", "a.md", code=5).stderr


def test_a_pipe_in_an_index_is_refused_and_nobody_waits_for_it(indexed: Rag, work: Path) -> None:
    (work / ".rag" / "vectors.f32").unlink()
    os.mkfifo(work / ".rag" / "vectors.f32")
    assert "vectors.f32, which is no file" in indexed("query", "leave", code=5).stderr


def test_an_index_that_is_a_link_is_used_only_when_it_is_named(indexed: Rag, work: Path, tmp_path: Path) -> None:
    (work / ".rag").rename(tmp_path / "elsewhere")
    (work / ".rag").symlink_to(tmp_path / "elsewhere")
    shown = indexed("query", "leave", code=5)
    assert f"--index {tmp_path / 'elsewhere'}" in shown.stderr
    indexed("query", "leave", "--index", ".rag")


def test_a_link_that_appears_after_the_look_is_not_followed_either(tmp_path: Path) -> None:
    index = tmp_path / ".rag"
    index.mkdir()
    (index / "lock").symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="lock"):
        open_private(index / "lock", os.O_RDWR | os.O_CREAT)
    with pytest.raises(Exception, match="cannot write"), WriterLock(index):
        pass
    assert not (tmp_path / "made").exists()
    with pytest.raises(IndexDamaged):
        refuse_links(index)


def test_what_rag_keeps_is_readable_by_its_owner_alone(rag: Rag, work: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of annual leave.\n")
        rag.monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        rag("ingest", "a.md")
        rag("ask", "How many days of annual leave?", code=None)
        (work / "a.md").write_text("# Leave\n\nEverybody has 29 days of annual leave.\n")
        rag("ingest")
        replace_private(tmp_path / "state" / "ragcli" / "other", "text")
    finally:
        os.umask(before)
    for folder in (work / ".rag", tmp_path / "state" / "ragcli"):
        kept = [folder, *folder.rglob("*")]
        assert len(kept) > 2
        modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in kept}
        assert {path: mode for path, mode in modes.items() if mode & 0o077} == {}
