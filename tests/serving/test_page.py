"""The page of `rag serve`: what the server sends of it, and what it may load."""

from __future__ import annotations

import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ragcli import Rag
from ragcli.errors import LoadError
from ragcli.loaders.pageimage import page_image
from tests.helpers.serving import QUESTION, client_of, index_of, served

REPORT = Path(__file__).resolve().parents[2] / "examples" / "documents" / "annual-report-2024.pdf"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(index_of(tmp_path_factory.mktemp("served"))) as site, client_of(site) as client:
        yield client


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_script_or_style_of_its_own(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r'(?:src|href)="([^"]*)"', page.text) == ["data:,", "/assets/page.css", "/assets/page.js"]
    assert re.findall(r"<script[^>]*>[^<]|<style|\son\w+=|\sstyle=", page.text) == []
    for name in ("page.css", "page.js", "documents.js", "talking.js"):
        asset = client.get(f"/assets/{name}")
        assert asset.status_code == 200
        assert re.search(r"https?://|innerHTML|insertAdjacentHTML|eval\(|document\.write", asset.text) is None
    assert client.get("/assets/..%2fapp.py").status_code in (404, 422)


def test_what_the_page_opens_is_the_quoted_passage(client: httpx.Client) -> None:
    cited = client.post("/ask", json={"question": QUESTION}).json()["citations"][0]
    part = client.get(
        f"/documents/{cited['document_id']}/text", params={"start": 0, "end": cited["end"] + 2_500}
    ).json()
    assert part["text"][cited["start"] - part["start"] : cited["end"] - part["start"]] == cited["quote"]


def test_a_question_is_completed_from_those_before_it(client: httpx.Client) -> None:
    asked = {"question": "and for trainees?", "before": [QUESTION]}
    assert client.post("/ask", json=asked).json()["question"] == f"{QUESTION.rstrip('?')} for trainees?"
    assert client.post("/ask", json={**asked, "question": QUESTION}).json()["question"] == QUESTION
    assert client.post("/ask", json={**asked, "before": ["x"] * 5}).status_code == 422


def pixels(picture: bytes) -> tuple[int, int, set[bytes]]:
    """Width, height and colours of a PNG of three channels without filters."""
    width, height = struct.unpack(">II", picture[16:24])
    length = struct.unpack(">I", picture[33:37])[0]
    rows = zlib.decompress(picture[41 : 41 + length])
    assert len(rows) == height * (3 * width + 1)
    line = 3 * width + 1
    return (
        width,
        height,
        {rows[y * line + 1 + x : y * line + 4 + x] for y in range(height) for x in range(0, line - 1, 3)},
    )


YELLOW = bytes((255, 255, 255 * 2 // 5))


def test_a_page_of_a_pdf_is_shown_with_the_quoted_words_marked(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(REPORT, tmp_path / "docs" / "report.pdf")
    index = index_of(tmp_path)
    with served(index) as site, client_of(site) as client:
        (record,) = client.get("/documents", params={"filter": "type=pdf"}).json()["documents"]
        address = f"/documents/{record['id']}/pages/1.png"
        text = client.get(f"/documents/{record['id']}/text").json()["text"]
        at = text.index("Revenue was")
        marked = client.get(address, params={"start": at, "end": at + 30})
        assert marked.headers["content-type"] == "image/png"
        width, height, colours = pixels(marked.content)
        assert width <= 1_200
        assert height < 3_000
        assert YELLOW in colours
        assert YELLOW not in pixels(client.get(address).content)[2]
        assert client.get(f"/documents/{record['id']}/pages/99.png").status_code == 422
        (other,) = client.get("/documents", params={"filter": "path=docs/pay.md"}).json()["documents"]
        assert client.get(f"/documents/{other['id']}/pages/1.png").status_code == 404
        file = tmp_path / "docs" / "report.pdf"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        assert client.get(address).status_code == 409
        file.unlink()
        assert client.get(address).status_code == 409


def test_no_picture_is_made_of_a_file_that_an_index_from_elsewhere_names(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(REPORT, tmp_path / "elsewhere" / "report.pdf")
    with Rag.create(tmp_path / "site" / ".rag", embedding_model="hashing", ingest_chroma=False) as rag:
        rag.ingest(tmp_path / "elsewhere")
        (record,) = rag.documents()
    address = f"/documents/{record.document_id}/pages/1.png"
    with served(tmp_path / "site" / ".rag") as site, client_of(site) as client:
        assert client.get(address).status_code == 404
    with (
        served(tmp_path / "site" / ".rag", serve_roots=[str(tmp_path / "elsewhere")]) as site,
        client_of(site) as client,
    ):
        assert client.get(address).status_code == 200


def test_what_is_no_pdf_is_an_error_that_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing else")
    with broken.open("rb") as file, pytest.raises(LoadError, match="page 1 cannot be drawn: pdfium cannot read it"):
        page_image(file.fileno(), 1, "")
