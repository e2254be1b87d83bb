"""`rag keys` and what a server makes of keys."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ragcli.errors import RagError, UsageError
from ragcli.serving.http.server import Site
from ragcli.serving.keys import KeyFile
from ragcli.settings import Settings
from tests.conftest import Rag
from tests.helpers.serving import QUESTION, client_of, index_of, served

UNKNOWN = f"rk_{'0' * 8}_{'x' * 43}"


@pytest.fixture
def keys(site: Site) -> Iterator[KeyFile]:
    """The keys of the server, of which there are none before and after the test."""
    file = KeyFile(site.service.shelf.directory.parent / "keys.json")
    yield file
    file.path.unlink(missing_ok=True)


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_key_is_shown_once_and_only_its_hash_is_kept_for_its_owner_alone(rag: Rag) -> None:
    secret = rag("keys", "add", "alice").stdout.strip()
    (file,) = Path.home().rglob("keys.json")
    assert secret not in file.read_text()
    assert (
        secret.split("_", 2)[2] not in file.read_text()
    )  # what is random may hold the sign that parts it from the rest
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    listed = rag("keys", "ls").stdout
    assert "alice" in listed
    assert secret not in listed
    assert "already" in rag("keys", "add", "alice", code=2).stderr
    rag("keys", "rm", "alice")
    assert rag("keys", "ls").stdout == ""
    assert "no key alice" in rag("keys", "rm", "alice", code=4).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scopes", "read,everything"], "unknown scope 'everything'"),
        (["--scopes", ","], "needs a scope"),
        (["--rate", "10"], "no rate"),
        (["--rate", "0/second"], "no rate"),
    ],
)
def test_what_is_no_scope_or_rate_makes_no_key(rag: Rag, arguments: list[str], said: str) -> None:
    assert said in rag("keys", "add", "alice", *arguments, code=2).stderr
    assert rag("keys", "ls").stdout == ""


def test_from_the_first_key_on_nobody_gets_in_without_one(site: Site, keys: KeyFile) -> None:
    with client_of(site) as client:
        assert client.post("/query", json={"question": "leave"}).status_code == 200
        _, secret = keys.add("alice", ["read"])
        for headers in (
            {},
            bearing(UNKNOWN),
            bearing(secret[:-1]),
            {"Authorization": secret},
            {"X-Api-Key": "ü".encode()},
        ):
            reply = client.post("/query", json={"question": "leave"}, headers=headers)  # type: ignore[arg-type]
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"] == "Bearer"
            assert secret not in reply.text
        assert client.post("/query", json={"question": "leave"}, headers=bearing(secret)).status_code == 200
        assert client.post("/query", json={"question": "leave"}, headers={"X-Api-Key": secret}).status_code == 200
        assert client.get("/health/ready").status_code == 200
        keys.remove("alice")
        assert client.post("/query", json={"question": "leave"}, headers=bearing(secret)).status_code == 200


def test_a_key_allows_what_its_scopes_say(site: Site, keys: KeyFile) -> None:
    secrets = {scope: keys.add(scope, [scope])[1] for scope in ("read", "ask", "ingest", "admin")}
    with client_of(site) as client:
        for path, allowed in (("/query", {"read", "admin"}), ("/ask", {"ask", "admin"})):
            for scope, secret in secrets.items():
                reply = client.post(path, json={"question": QUESTION}, headers=bearing(secret))
                assert reply.status_code == (200 if scope in allowed else 403), (path, scope)


def test_a_key_may_make_as_many_requests_as_its_rate_says(site: Site, keys: KeyFile) -> None:
    slow, fast = keys.add("slow", ["read"], rate="2/hour")[1], keys.add("fast", ["read"])[1]
    with client_of(site) as client:
        statuses = [client.get("/documents", headers=bearing(slow)).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert int(client.get("/documents", headers=bearing(slow)).headers["retry-after"]) > 1_000
        assert client.get("/documents", headers=bearing(fast)).status_code == 200


def test_a_key_expires(keys: KeyFile) -> None:
    key, secret = keys.add("alice", ["read"], days=1)
    assert keys.find(secret) == key
    assert replace(key, expires="2026-01-02").holds(date(2026, 1, 2))
    assert not replace(key, expires="2026-01-02").holds(date(2026, 1, 3))


def test_a_file_of_keys_that_is_none_lets_nobody_in(site: Site, keys: KeyFile) -> None:
    keys.path.write_text('{"keys": 1}')
    with pytest.raises(RagError, match="no file of keys"):
        keys.keys()
    with client_of(site) as client:
        reply = client.post("/query", json={"question": "leave"})
    assert reply.status_code == 500
    assert str(keys.path) not in reply.text
    keys.path.write_text(json.dumps({"keys": []}))


def test_what_others_reach_is_not_listened_on_without_a_key(rag: Rag, tmp_path: Path) -> None:
    index = index_of(tmp_path / "index")
    refused = rag("serve", "--index", str(index), "--listen", "192.0.2.1:0", code=2)
    assert "rag keys add NAME" in refused.stderr
    rag("keys", "add", "NAME")
    assert "cannot listen on 192.0.2.1" in rag("serve", "--index", str(index), "--listen", "192.0.2.1:0", code=1).stderr


def test_a_server_that_others_reach_lets_nobody_in_when_its_last_key_is_taken_back(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    keys.add("alice", ["read"])
    settings = Settings(serve_listen="0.0.0.0:0", serve_allow_hosts=("localhost",))
    with pytest.raises(UsageError, match="by which name"):
        Site(settings, tmp_path, {}, keys)
    named = replace(settings, serve_allow_hosts=("rag.example.com",))
    with served(index_of(tmp_path / "a"), serve_listen="0.0.0.0:0", serve_keys=str(keys.path),
                serve_allow_hosts=list(named.serve_allow_hosts)) as site, client_of(site) as client:  # fmt: skip
        keys.remove("alice")
        client.base_url = site.address.replace("0.0.0.0", "127.0.0.1")
        assert client.post("/query", json={"question": "leave"}).status_code == 401
