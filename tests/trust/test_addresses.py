"""Pages come from public addresses alone, whatever a name, a redirect or a robots.txt leads to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from ragcli.sources.addresses import GuardedTransport, is_public
from tests.conftest import Rag


class Site(ThreadingHTTPServer):
    """A server on this machine that keeps what it was asked: (Host, path). `/away` redirects to `target`."""

    target = ""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path))
        away = self.path == "/away"
        self.send_response(302 if away else 200)
        if away:
            self.send_header("Location", self.server.target)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"pumps")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_of_local_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_asked_once(site: Site) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])  # a name that means something else a moment later
    checked: list[str] = []

    def allows(address: str) -> bool:
        checked.append(address)
        return True

    with httpx.Client(transport=GuardedTransport(lambda host, port: next(answers), allows)) as client:
        reply = client.get(f"http://pumps.example:{site.server_port}/a")
    assert (reply.text, str(reply.url.host)) == ("pumps", "pumps.example")
    assert site.asked == [(f"pumps.example:{site.server_port}", "/a")]
    assert checked == ["127.0.0.1"]


def test_one_address_that_is_not_public_is_enough_to_refuse_a_name(site: Site) -> None:
    with (
        httpx.Client(transport=GuardedTransport(lambda host, port: ["8.8.8.8", "127.0.0.1"])) as client,
        pytest.raises(httpx.ConnectError, match=r"pumps\.example is at 127\.0\.0\.1.*--allow-private"),
    ):
        client.get(f"http://pumps.example:{site.server_port}/a")
    assert site.asked == []


def test_every_redirect_is_checked_anew(site: Site) -> None:
    port = site.server_port
    site.target = f"http://inside.example:{port}/secret"
    places = {"pumps.example": "127.0.0.1", "inside.example": "127.0.0.2"}
    guard = GuardedTransport(lambda host, port: [places[host]], lambda address: address == "127.0.0.1")
    with (
        httpx.Client(transport=guard, follow_redirects=True) as client,
        pytest.raises(httpx.ConnectError, match=r"inside\.example is at 127\.0\.0\.2"),
    ):
        client.get(f"http://pumps.example:{port}/away")
    assert site.asked == [(f"pumps.example:{port}", "/away")]


def test_an_ingest_sends_nothing_to_a_local_address_not_even_for_robots(rag: Rag, site: Site) -> None:
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
        shown = rag("ingest", "--url", f"http://{host}:{site.server_port}/a", code=2)
        assert "--allow-private" in shown.stderr
    assert site.asked == []
    rag("ingest", "--url", f"http://127.0.0.1:{site.server_port}/a.txt", "--allow-private")
    assert [path for _, path in site.asked] == ["/robots.txt", "/a.txt"]


def test_a_proxy_of_the_environment_is_not_asked_in_the_place_of_the_check(rag: Rag, site: Site) -> None:
    rag.monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{site.server_port}")
    rag.monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{site.server_port}")
    rag("ingest", "--url", "http://10.0.0.1/a", code=2)
    assert site.asked == []
