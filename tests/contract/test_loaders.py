"""What every loader promises, over real files made by real libraries."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders import detect, load_bytes
from ragcli.protocols import Loader
from ragcli.testing import LoaderContract
from tests.documents import FORMATS, make_html, make_pdf

each_format = pytest.mark.parametrize(("name", "make", "kind"), FORMATS, ids=[entry[2] for entry in FORMATS])


def load(name: str, data: bytes) -> Document:
    return load_bytes(data, Path(name))


@each_format
def test_the_type_is_detected_and_the_text_is_there(name: str, make: Callable[[], bytes], kind: str) -> None:
    document = load(name, make())
    assert document.type == kind
    assert "Intro text." in document.text
    assert "28 days" in document.text
    assert document.title


class AsTheProgramReads:
    """Every loader behind the detection of types, which also turns what parsers raise into LoadError."""

    def load(self, data: bytes, path: Path) -> Document:
        return load_bytes(data, path)


class TestEveryFormat(LoaderContract):
    expected = ("Intro text.", "28 days")

    @pytest.fixture(autouse=True, params=FORMATS, ids=[entry[2] for entry in FORMATS])
    def _format(self, request: pytest.FixtureRequest) -> None:
        self.name, make, _ = request.param
        self.data = make()

    def loader(self) -> Loader:
        return AsTheProgramReads()


@each_format
def test_an_empty_file_is_refused(name: str, make: Callable[[], bytes], kind: str) -> None:
    with pytest.raises(LoadError, match="empty"):
        load(name, b"")


@each_format
def test_the_bytes_of_another_format_are_an_error_with_a_reason_or_are_read(
    name: str, make: Callable[[], bytes], kind: str
) -> None:
    """Whatever a loader is handed, LoadError is the only thing that it may raise through `load_bytes`."""
    reasons = []
    for other_name, other_make, _ in FORMATS:
        try:
            document = load_bytes(other_make(), Path(name).with_suffix(Path(other_name).suffix))
        except LoadError as error:
            reasons.append(error.reason)
        else:
            assert document.text
    assert all(reasons)


@pytest.mark.parametrize(
    "kind", ["markdown", "html", "docx", "epub", "pdf", "pptx", "xlsx", "odt", "ipynb", "rst", "org", "asciidoc"]
)
def test_headings_lead_to_the_paragraph_below_them(kind: str) -> None:
    name, make, _ = next(entry for entry in FORMATS if entry[2] == kind)
    document = load(name, make())
    block = next(b for b in document.blocks if "28 days" in document.text[b.start : b.end])
    assert block.headings[-1] == "Leave"


@pytest.mark.parametrize("kind", ["pdf", "docx", "pptx", "xlsx", "epub", "odt"])
def test_a_truncated_container_is_an_error_with_a_reason(kind: str) -> None:
    name, make, _ = next(entry for entry in FORMATS if entry[2] == kind)
    data = make()
    with pytest.raises(LoadError) as caught:
        load(name, data[: len(data) // 3])
    assert caught.value.reason


def test_a_pdf_knows_its_pages() -> None:
    document = load("guide.pdf", make_pdf())
    assert len(document.page_starts) == 2
    assert document.text[document.page_starts[1] :].startswith("Leave")


def test_a_pdf_without_a_text_layer_says_so() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.rect(10, 10, 50, 50)
    canvas.save()
    with pytest.raises(LoadError, match="scanned"):
        load("scan.pdf", buffer.getvalue())


@pytest.mark.parametrize(("password", "readable"), [("", True), ("secret", False)])
def test_an_encrypted_pdf_opens_only_with_an_empty_password(password: str, readable: bool) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf())))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    if readable:
        assert "28 days" in load("locked.pdf", buffer.getvalue()).text
    else:
        with pytest.raises(LoadError, match="encrypted"):
            load("locked.pdf", buffer.getvalue())


def test_a_text_called_pdf_is_an_error_and_a_pdf_called_txt_is_read() -> None:
    with pytest.raises(LoadError, match=r"not a readable PDF: it holds text, .* fake\.txt"):
        load("fake.pdf", b"just text, no PDF")
    assert load("fake.txt", make_pdf()).type == "pdf"
    assert load("fake.docx", make_html()).type == "html"


def test_hidden_and_technical_parts_of_html_are_left_out() -> None:
    text = load("guide.html", make_html()).text
    assert not any(word in text for word in ("evil", "menu", "secret", "comment", "p{}"))


def test_tables_become_rows() -> None:
    html = b"<table><tr><th>Item</th><th>Price</th></tr><tr><td>Water</td><td>2.14</td></tr></table>"
    assert load("t.html", html).text == "Item | Price\nWater | 2.14"
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Item", "Price", "Water", "2.14"], strict=True):
        cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    assert load("t.docx", buffer.getvalue()).text == "Item | Price\nWater | 2.14"


def test_very_deep_html_is_read_without_recursion() -> None:
    assert "deep" in load("deep.html", b"<div>" * 5_000 + b"deep" + b"</div>" * 5_000).text


def test_a_bomb_in_a_container_is_refused_by_its_declared_size() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"A" * 60_000_000)
    with pytest.raises(LoadError, match="limit"):
        load("bomb.docx", buffer.getvalue())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9", "café"),
        ("café".encode("utf-16"), "café"),
        ("plain café text".encode("utf-16-le"), "plain café text"),
        ("café au lait".encode("cp1252"), "café au lait"),
        (b"a\r\nb\rc\x1b[31m\x07d", "a\nb\nc[31md"),
    ],
    ids=["bom", "utf-16", "utf-16 without mark", "cp1252", "controls"],
)
def test_text_in_other_encodings_is_read_and_cleaned(data: bytes, expected: str) -> None:
    assert load("x.txt", data).text == expected


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 100, b"text" * 200 + b"\x00\x01" * 50])
def test_binary_data_is_not_a_document(data: bytes) -> None:
    with pytest.raises(NotADocument, match="binary"):
        load("x.txt", data)


def test_another_container_is_named() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("classes.dex", "x")
    with pytest.raises(NotADocument, match="unsupported: zip archive"):
        detect(buffer.getvalue(), Path("a.xlsx"))


def test_front_matter_gives_the_title_and_stays_in_the_text() -> None:
    document = load("x.md", b"---\ntitle: The title\n---\n\n# Other\n\nText.\n")
    assert document.title == "The title"
    assert document.blocks[0].kind == "code"
