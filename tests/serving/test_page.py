"""The page of `rag serve`: what the server sends of it, and what it may load."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.helpers.serving import QUESTION, client_of, index_of, served


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
    for name in ("page.css", "page.js"):
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
