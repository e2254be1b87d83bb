"""What a key sees of a served index, by the file of grants."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ragcli import Rag
from ragcli.serving.http.server import Site
from ragcli.serving.keys import KeyFile
from tests.helpers.serving import client_of, served

GRANTS = """[principals.anna]
tags = ["hr"]

[principals.otto]
tags = ["shop"]
"""
CANARY = "zanzibarium"
QUESTION = "What is the bonus of the board?"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("rights")
    for name, text in (
        ("hr/bonus.md", f"# Bonus\n\nThe bonus of the board is four thousand {CANARY}.\n"),
        ("shop/hours.md", "# Hours\n\nThe shop is open from nine to five, and the board meets above it.\n"),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    with Rag.create(
        folder / ".rag", embedding_model="hashing", ingest_chroma=False, access_rules=("hr/**=hr", "shop/**=shop")
    ) as rag:
        rag.ingest(folder / "hr", folder / "shop")
    (folder / "grants.toml").write_text(GRANTS)
    with served(folder / ".rag", access_grants=str(folder / "grants.toml")) as site:
        yield site


@pytest.fixture
def secrets(site: Site) -> Iterator[dict[str, str]]:
    """A key for each of four people; nothing is granted to the last two, the last one administers."""
    keys = KeyFile(site.service.shelf.directory.parent / "keys.json")
    yield {
        name: keys.add(name, ["admin"] if name == "root" else ["read", "ask"])[1]
        for name in ("anna", "otto", "nobody", "root")
    }
    keys.path.unlink()


def as_(client: httpx.Client, secret: str, method: str, path: str, **body: Any) -> httpx.Response:
    return client.request(method, path, headers={"Authorization": f"Bearer {secret}"}, json=body or None)


ROUTES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/query", {"question": QUESTION}),
    ("POST", "/query", {"question": QUESTION, "mode": "lexical"}),
    ("POST", "/query", {"question": f"{CANARY[:-1]}n"}),
    ("POST", "/query/batch", {"queries": [{"question": QUESTION}]}),
    ("POST", "/ask", {"question": QUESTION}),
    ("POST", "/ask", {"question": QUESTION, "deadline_ms": 20_000}),
    ("GET", "/documents", {}),
    ("GET", "/documents?filter=path%3Dhr/**", {}),
    ("POST", "/v1/chat/completions", {"model": "rag", "messages": [{"role": "user", "content": QUESTION}]}),
    ("POST", "/v1/responses", {"model": "rag", "input": QUESTION}),
    ("GET", "/v1/models", {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_no_route_shows_a_document_to_somebody_who_may_not_see_it(
    site: Site, secrets: dict[str, str], method: str, path: str, body: dict[str, Any]
) -> None:
    with client_of(site) as client:
        whole = as_(client, secrets["root"], method, path, **body)
        assert whole.status_code == 200, whole.text
        for _ in range(2):  # the second reply may be a kept one
            seen = as_(client, secrets["otto"], method, path, **body)
            assert seen.status_code == 200
            said = seen.text + str(seen.headers)
            assert CANARY not in said
            assert "hr/bonus.md" not in said
            assert "thousand" not in said
        assert as_(client, secrets["nobody"], method, path, **body).status_code == 403


def test_a_stream_of_events_shows_what_the_key_may_see(site: Site, secrets: dict[str, str]) -> None:
    with client_of(site) as client:
        for name, shown in (("anna", True), ("otto", False)):
            headers = {"Authorization": f"Bearer {secrets[name]}", "Accept": "text/event-stream"}
            reply = client.post("/ask", json={"question": QUESTION}, headers=headers)
            assert (CANARY in reply.text) is shown


def test_a_document_that_somebody_may_not_see_is_as_if_it_were_not_there(site: Site, secrets: dict[str, str]) -> None:
    with client_of(site) as client:
        listed = as_(client, secrets["anna"], "GET", "/documents").json()["documents"]
        (hidden,) = (entry["id"] for entry in listed)
        for path in (f"/documents/{hidden}", f"/documents/{hidden}/text"):
            assert as_(client, secrets["anna"], "GET", path).status_code == 200
            refused, unknown = (
                as_(client, secrets["otto"], "GET", path.replace(hidden, identity))
                for identity in (hidden, "0" * len(hidden))
            )
            assert refused.status_code == unknown.status_code == 404
            assert refused.text.replace(hidden, "").replace(
                refused.headers["x-request-id"], ""
            ) == unknown.text.replace("0" * len(hidden), "").replace(unknown.headers["x-request-id"], "")


def test_what_is_granted_counts_from_the_next_request_on(site: Site, secrets: dict[str, str]) -> None:
    grants = site.service.shelf.directory.parent / "grants.toml"
    with client_of(site) as client:
        assert CANARY in as_(client, secrets["anna"], "POST", "/query", question=QUESTION).text
        grants.write_text(GRANTS.replace('"hr"', '"none"'))
        try:
            assert CANARY not in as_(client, secrets["anna"], "POST", "/query", question=QUESTION).text
        finally:
            grants.write_text(GRANTS)
        os.utime(grants)
        assert CANARY in as_(client, secrets["anna"], "POST", "/query", question=QUESTION).text


def test_a_file_of_grants_that_is_gone_lets_nobody_in(site: Site, secrets: dict[str, str]) -> None:
    grants = Path(site.service.shelf.directory.parent / "grants.toml")
    grants.rename(grants.with_suffix(".away"))
    try:
        with client_of(site) as client:
            refused = as_(client, secrets["anna"], "POST", "/query", question=QUESTION)
            assert refused.status_code >= 400
            assert CANARY not in refused.text
            assert as_(client, secrets["root"], "POST", "/query", question=QUESTION).status_code == 200
    finally:
        grants.with_suffix(".away").rename(grants)
