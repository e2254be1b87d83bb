"""Encrypted documents: what is said of them, and passwords that open them and are kept nowhere."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import olefile
import pytest
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method.rc4 import DocumentRC4
from pypdf import PdfReader, PdfWriter

from ragcli.cli.passwords import read_passwords
from ragcli.errors import LoadError, UsageError
from ragcli.loaders.reading import Options, load_bytes
from tests.documents import make_docx, make_html, make_odt, make_pdf, make_pptx, make_xlsx

SECRET = "correct-horse-Battery"


def locked_pdf() -> bytes:
    writer, buffer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf()))), io.BytesIO()
    writer.encrypt(user_password=SECRET, owner_password="owner", algorithm="AES-256")
    writer.write(buffer)
    return buffer.getvalue()


def locked_office(data: bytes, password: str = SECRET) -> bytes:
    buffer = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt(password, buffer)
    return buffer.getvalue()


def records(stream: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """Place, kind and size of each record of a workbook."""
    position = 0
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        if (kind, size) == (0, 0):
            return
        yield position, kind, size
        position += 4 + size


def locked_xls(password: str = SECRET) -> bytes:
    """A workbook of Excel 97 under RC4. Its FILEPASS record takes the place of the record that names the user."""
    book, buffer = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("Leave")
    for i in range(200):  # streams of less than 4,096 bytes lie elsewhere in the container
        sheet.write(i, 0, f"Employees have {i} days")
    book.save(buffer)
    ole = olefile.OleFileIO(buffer, write_mode=True)
    plain = bytearray(ole.openstream("Workbook").read())

    def sealed(data: bytes) -> bytes:
        return bytes(DocumentRC4.decrypt(password, salt, io.BytesIO(data), 0x400).read())

    salt, verifier = bytes(range(16)), b"\x07" * 16
    body = struct.pack("<HHH", 1, 1, 1) + salt + sealed(verifier + hashlib.md5(verifier).digest())
    place, size = next((place, size) for place, kind, size in records(plain) if kind == 0x5C)
    rest = size - len(body) - 4
    plain[place : place + 4 + size] = (
        struct.pack("<HH", 0x2F, len(body)) + body + struct.pack("<HH", 0xE2, rest) + bytes(rest)
    )
    encrypted = bytearray(sealed(bytes(plain)))
    for place, kind, size in records(plain):
        clear = 4 + size if kind in (0x809, 0x2F, 0xE1) else 8 if kind == 0x85 else 4
        encrypted[place : place + clear] = plain[place : place + clear]
    ole.write_stream("Workbook", bytes(encrypted))
    return buffer.getvalue()


LOCKED: dict[str, Callable[[], bytes]] = {
    "guide.pdf": locked_pdf,
    "guide.docx": lambda: locked_office(make_docx()),
    "guide.xlsx": lambda: locked_office(make_xlsx()),
    "guide.pptx": lambda: locked_office(make_pptx()),
    "guide.xls": locked_xls,
}


@pytest.mark.parametrize("name", LOCKED)
def test_an_encrypted_file_opens_with_its_password_and_says_what_it_needs_without(name: str) -> None:
    data = LOCKED[name]()
    with pytest.raises(LoadError, match="encrypted: --password-file FILE opens it"):
        load_bytes(data, Path(name))
    with pytest.raises(LoadError, match="encrypted: none of the given passwords opens it"):
        load_bytes(data, Path(name), Options(passwords=("wrong", "Correct-Horse")))
    assert "28 days" in load_bytes(data, Path(name), Options(passwords=("wrong", SECRET))).text


@pytest.mark.parametrize(
    "make", [lambda: locked_office(make_xlsx(), "VelvetSweatshop"), lambda: locked_xls("VelvetSweatshop")]
)
def test_a_workbook_that_is_only_protected_against_changes_is_read(make: Callable[[], bytes]) -> None:
    assert "28 days" in load_bytes(make(), Path("guide.xls")).text


def test_the_name_of_a_file_does_not_hide_that_it_is_encrypted() -> None:
    for name in ("guide.doc", "guide.txt", "guide"):
        with pytest.raises(LoadError, match=r"^encrypted"):
            load_bytes(locked_office(make_docx()), Path(name))


def test_an_opendocument_file_with_a_password_says_so() -> None:
    with zipfile.ZipFile(io.BytesIO(make_odt())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {**parts, "META-INF/manifest.xml": b"<manifest:encryption-data/>"}.items():
            archive.writestr(name, data)
    with pytest.raises(LoadError, match=r"^encrypted; .*without a password"):
        load_bytes(buffer.getvalue(), Path("guide.odt"))


@pytest.mark.parametrize("name", ["page.html", "page.html.br", "page"])
@pytest.mark.parametrize("times", [1, 20_000])
def test_what_a_server_compressed_with_brotli_is_named(name: str, times: int) -> None:
    with pytest.raises(LoadError, match="compressed with Brotli, brotli -d"):
        load_bytes(brotli.compress(make_html() * times), Path(name))


def test_a_file_of_passwords_has_one_a_line_and_lies_outside_of_what_is_indexed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for place in (tmp_path, docs):
        (place / "words.txt").write_text("one\r\ntwo words\n\none\n")
    assert read_passwords(tmp_path / "words.txt", [docs]) == ("one", "two words")
    with pytest.raises(UsageError, match="would be indexed"):
        read_passwords(docs / "words.txt", [docs])
    with pytest.raises(UsageError, match="no such file"):
        read_passwords(tmp_path / "none.txt")
    assert read_passwords(None) == ()


def test_a_password_opens_what_failed_before_and_stands_in_no_file(rag, write, tmp_path: Path) -> None:
    docs = write("docs/plain.md", "# Plain\n\nThe office opens at nine.\n").parent
    for name in ("guide.pdf", "guide.xls"):
        (docs / name).write_bytes(LOCKED[name]())
    assert "--password-file" in rag("ingest", "docs").stdout
    words = tmp_path / "words.txt"
    words.write_text(f"wrong\n{SECRET}\n")
    assert rag("ingest", "docs", "--password-file", str(words)).exit_code == 0
    assert rag("ls", "--failed").stdout.count("guide") == 0
    words.unlink()
    places = {tmp_path, docs.parent}
    files = {path for place in places for path in place.rglob("*") if path.is_file()}
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert rag("ingest", "docs").exit_code == 0
    assert "28 days" in rag("query", "how many days do employees have").stdout
