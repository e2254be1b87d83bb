"""An index as one file."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ragcli.errors import IndexDamaged
from ragcli.packs import checked, kept, unpack, write
from ragcli.places import pack_cache
from tests.conftest import Rag
from tests.helpers.indexes import build

LEAVE = "# Leave\n\nEvery employee has 28 days of annual leave.\n"
ASKED = ("ask", "How many days of annual leave?", "--threshold", "0")


@pytest.fixture
def packed(rag: Rag, write: Callable[[str, str | bytes], Path]) -> Path:
    """A pack of an index, which is gone like its document."""
    folder = write("docs/leave.md", LEAVE).parent
    rag("ingest", "docs", "-q")
    made = json.loads(rag("pack", "docs.ragpack", "--json").stdout)
    assert made["documents"] == 1
    shutil.rmtree(".rag")
    shutil.rmtree(folder)
    return Path("docs.ragpack").absolute()


def test_a_pack_is_asked_without_its_documents_and_unpacked_once(rag: Rag, packed: Path) -> None:
    for _ in range(2):
        told = rag(*ASKED, "-i", "docs.ragpack")
        assert "28 days" in told.stdout
        assert "docs/leave.md:3" in told.stdout
        assert "gone" not in told.stderr
    assert len(list(pack_cache().iterdir())) == 1
    assert "docs/leave.md" in rag("query", "annual leave", "--index", str(packed)).stdout
    assert json.loads(rag("stats", "-i", "docs.ragpack", "--json").stdout)["documents"] == 1


def test_a_pack_is_not_changed_and_an_index_out_of_it_is(rag: Rag, packed: Path, write: Callable[..., Path]) -> None:
    before = packed.read_bytes()
    write("more.md", "# More")
    for command in (("ingest", "more.md"), ("rm", "docs/leave.md"), ("forget", "docs/leave.md"), (*ASKED, "--fresh")):
        assert "not changed" in rag(*command, "-i", "docs.ragpack", code=2).stderr
    assert packed.read_bytes() == before
    rag("unpack", "docs.ragpack", "new")
    rag("ingest", "more.md", "-i", "new/.rag", "-q")
    assert json.loads(rag("stats", "-i", "new/.rag", "--json").stdout)["documents"] == 2
    assert "there is an index at" in rag("unpack", "docs.ragpack", "new", code=2).stderr


def test_every_changed_bit_and_every_cut_is_found(rag: Rag, packed: Path) -> None:
    whole = packed.read_bytes()
    for place in (0, 5, 40, len(whole) // 2, len(whole) - 90, len(whole) - 1):
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        rag("query", "leave", "-i", "docs.ragpack", code=5)
    for length in (0, 3, 50, len(whole) // 2, len(whole) - 1):
        packed.write_bytes(whole[:length])
        rag("query", "leave", "-i", "docs.ragpack", code=5)
    packed.write_bytes(whole + b"x")
    assert "no whole pack" in rag("unpack", "docs.ragpack", "new", code=5).stderr
    packed.write_bytes(b"%PDF-1.7")
    assert "is no pack of rag" in rag("query", "leave", "-i", "docs.ragpack", code=5).stderr
    assert "there is no pack" in rag("query", "leave", "-i", "none.ragpack", code=2).stderr
    assert not Path("new/.rag").exists()


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "chroma/x", "catalog.sqlite3"])
def test_a_pack_names_no_file_but_those_of_an_index_each_once(work: Path, name: str) -> None:
    build(work / "index", {"leave.md": LEAVE})
    made = write(work / "good.ragpack", work / "index", {"documents": 1, "fingerprint": "x"})
    with zipfile.ZipFile(made.path) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    listed = json.loads(members.pop("manifest.json"))
    listed["files"].append({**listed["files"][0], "name": name})
    forged(work / "bad.ragpack", listed, [*members.items(), (name, members["catalog.sqlite3"])])
    with pytest.raises(IndexDamaged, match="other files than its manifest says"):
        kept(work / "bad.ragpack", work / "cache")
    listed["files"] = [{**entry, "sha256": "0" * 64} for entry in listed["files"][:-1]]
    forged(work / "bad.ragpack", listed, list(members.items()))
    with pytest.raises(IndexDamaged, match="is not what its manifest says"):
        unpack(checked(work / "bad.ragpack"), work / "new" / ".rag")
    assert list((work / "new").iterdir()) == []


def forged(path: Path, listed: object, members: list[tuple[str, bytes]]) -> None:
    """A pack whose own checksum is right."""
    import hashlib
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two members with one name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.json", json.dumps(listed))
            for name, content in members:
                archive.writestr(name, content)
            archive.comment = b"0" * 64
    content = path.read_bytes()[:-64]
    path.write_bytes(content + hashlib.sha256(content).hexdigest().encode())


def test_what_cannot_be_packed_is_said(rag: Rag, packed: Path) -> None:
    assert "rag ingest PATH" in rag("pack", "x.ragpack", code=5).stderr
    assert "rag pack x.ragpack" in rag("pack", "x.zip", "-i", "docs.ragpack", code=2).stderr
    assert "no folder with an index" in rag("pack", "x.ragpack", "-i", "docs.ragpack", code=2).stderr
    assert "needs the whole index" in rag("pack", "x.ragpack", "--as", "anna", code=2).stderr
