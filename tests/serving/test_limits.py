"""`rag serve`: who may ask, how much at once, what ends a request early, and how the server ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import httpx
import pytest

from ragcli.cancellation import Cancellation
from ragcli.errors import Cancelled, UsageError
from ragcli.serving.http import hosts
from ragcli.serving.http.gate import Gate
from ragcli.serving.http.hosts import Hosts
from ragcli.serving.http.problems import CallerGone, TooBusy
from ragcli.serving.http.server import Site
from tests.helpers.programs import PATIENCE, Lines
from tests.helpers.serving import QUESTION, client_of, index_of, served


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_of(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def site(index: Path) -> Iterator[Site]:
    with served(index, serve_allow_hosts=["rag.example.com"], serve_cors=["https://intranet.example.com"]) as site:
        yield site


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8321", "", "127.0.0.1.evil.example", "localhost@evil.example"]
)
def test_a_request_to_a_name_that_is_not_the_servers_is_refused(client: httpx.Client, host: str) -> None:
    assert client.get("/health/live", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:8321", "rag.example.com", "rag.example.com.:443"])
def test_a_request_to_a_name_of_the_server_is_taken(client: httpx.Client, host: str) -> None:
    assert client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://intranet.example.com.evil"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_web_page_of_another_origin_is_refused(client: httpx.Client, origin: str, method: str) -> None:
    assert client.request(method, "/query", json={"question": "x"}, headers={"Origin": origin}).status_code == 403


def test_the_servers_own_page_and_a_named_one_are_taken_and_only_the_named_one_is_told_to_the_browser(
    client: httpx.Client, site: Site
) -> None:
    own = client.post("/query", json={"question": "leave"}, headers={"Origin": site.address})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers
    named = client.post("/query", json={"question": "leave"}, headers={"Origin": "https://intranet.example.com"})
    assert named.headers["access-control-allow-origin"] == "https://intranet.example.com"
    assert "access-control-allow-credentials" not in named.headers
    asked = {"Origin": "https://intranet.example.com", "Access-Control-Request-Method": "POST"}
    preflight = client.options("/query", headers=asked)
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]


def test_names_and_origins_that_make_no_sense_are_errors_before_the_server_listens() -> None:
    with pytest.raises(UsageError, match="by which name"):
        Hosts.of("0.0.0.0", [], [])
    assert Hosts.of("0.0.0.0", ["rag.example.com"], []).knows("rag.example.com:443")
    for origin in ("*", "intranet.example.com", "https://a.example/path", "https://*.example.com"):
        with pytest.raises(UsageError, match="no origin"):
            Hosts.of("127.0.0.1", [], [origin])
    assert hosts.address("8321") == ("127.0.0.1", 8321)
    assert hosts.address("[::1]:80") == ("::1", 80)
    for unfit in ("", "abc", "host:", "1.2.3.4:99999"):
        with pytest.raises(UsageError, match="no port"):
            hosts.address(unfit)


def test_a_deadline_ends_a_question(client: httpx.Client, index: Path) -> None:
    with served(index, serve_seconds=0.05) as hasty, client_of(hasty) as other:
        replies = [other.post("/query", json={"question": f"{QUESTION} {i} " * 60, "k": 50}) for i in range(3)]
        assert {reply.status_code for reply in replies} <= {200, 504}
    assert client.post("/query", json={"question": "leave", "deadline_ms": 10}).status_code == 422


class Caller:
    """What an ASGI server gives a route to see whether the caller is there."""

    def __init__(self) -> None:
        self.left = anyio.Event()

    async def receive(self) -> dict[str, str]:
        await self.left.wait()
        return {"type": "http.disconnect"}


def heeding(seen: list[Cancellation], began: threading.Event) -> Callable[[Cancellation], str]:
    """Work that goes on until it is cancelled."""

    def work(cancel: Cancellation) -> str:
        seen.append(cancel)
        began.set()
        while True:
            cancel.check()
            time.sleep(0.005)

    return work


def test_work_ends_when_its_caller_leaves_and_when_its_time_is_over() -> None:
    async def run() -> None:
        gate, seen, began, caller = Gate(1, 0), list[Cancellation](), threading.Event(), Caller()

        async def leave() -> None:
            await anyio.to_thread.run_sync(began.wait)
            caller.left.set()

        async with anyio.create_task_group() as group:
            group.start_soon(leave)
            with pytest.raises(CallerGone):
                await gate.run(heeding(seen, began), 60.0, caller.receive)
        assert seen[0].cancelled
        while gate.inside:
            await anyio.sleep(0.005)
        with pytest.raises(Cancelled, match="not answered within"):
            await gate.run(heeding(seen, began), 0.05, Caller().receive)
        gate.close()

    anyio.run(run)


def test_what_comes_when_the_queue_is_full_is_turned_away_and_what_waits_is_done_in_its_turn() -> None:
    async def run() -> list[int]:
        gate, free, done = Gate(1, 2), threading.Event(), list[int]()

        async def one(number: int) -> None:
            def work(cancel: Cancellation) -> None:
                free.wait(PATIENCE)
                done.append(number)

            await gate.run(work, PATIENCE, Caller().receive)

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(one, number)
            while gate.inside < 3:
                await anyio.sleep(0.005)
            assert gate.queued == 2
            with pytest.raises(TooBusy) as refused:
                await gate.run(lambda cancel: None, 1.0, Caller().receive)
            assert refused.value.wait > 0
            free.set()
        gate.close()
        return done

    assert anyio.run(run) == [0, 1, 2]


def test_a_full_server_says_when_to_try_again(index: Path) -> None:
    with served(index, serve_threads=1, serve_queue=0) as site, client_of(site) as client:
        free, began = threading.Event(), threading.Event()

        def block() -> None:
            began.set()
            free.wait(PATIENCE)

        blocking = site.service.gate._pool.submit(block)
        site.service.gate.inside += 1
        assert began.wait(PATIENCE)
        reply = client.post("/query", json={"question": "leave"})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        assert client.get("/health/ready").status_code == 200
        free.set()
        blocking.result()
        site.service.gate.inside -= 1
        assert client.post("/query", json={"question": "leave"}).status_code == 200


def test_a_caller_who_leaves_a_stream_cancels_the_answer(index: Path) -> None:
    with served(index) as site:
        host, port = hosts.address(site.address.removeprefix("http://"))
        body = json.dumps({"question": QUESTION}).encode()
        head = f"POST /ask HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        for _ in range(3):
            with socket.create_connection((host, port)) as connection:
                connection.sendall(head.encode() + body)
        until = time.monotonic() + PATIENCE
        while site.service.gate.inside and time.monotonic() < until:
            time.sleep(0.01)
        assert site.service.gate.inside == 0


@pytest.fixture
def program(index: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], Lines, str]]]:
    """Starts `rag serve` as a program of its own; gives it, the lines of its log, and its address."""
    started: list[tuple[subprocess.Popen[str], Lines]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], Lines, str]:
        command = [sys.executable, "-m", "ragcli", "serve", "--index", str(index), "--listen", "0", *arguments]
        running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lines = Lines(running.stderr)
        started.append((running, lines))
        first = lines.next()
        assert "http://127.0.0.1:" in first, first
        return running, lines, first.split(" at ")[1].split()[0]

    yield start
    for running, lines in started:
        running.kill()
        running.wait()
        lines.close()
        assert running.stdout is not None
        running.stdout.close()


def test_a_server_that_ends_gives_what_runs_its_time(index: Path) -> None:
    replies: list[httpx.Response] = []
    with served(index) as site:
        asked = {"question": " ".join(f"{QUESTION} {i}" for i in range(60)), "k": 50}
        asking = threading.Thread(
            target=lambda: replies.append(httpx.post(f"{site.address}/ask", json=asked, timeout=60))
        )
        asking.start()
        while not site.service.gate.inside and asking.is_alive():
            time.sleep(0.001)
        site.end()
        asking.join()
    assert [reply.status_code for reply in replies] == [200]
    assert site.service.draining


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_and_its_log_tells_no_question(program, told: signal.Signals) -> None:
    running, lines, address = program()
    assert httpx.post(f"{address}/ask", json={"question": QUESTION}, timeout=60).status_code == 200
    running.send_signal(told)
    assert running.wait(PATIENCE) in (-signal.SIGTERM, 130, 143)
    logged = json.loads(lines.next())
    assert (logged["route"], logged["status"], logged["outcome"]) == ("/ask", 200, "answered")
    assert "annual leave" not in json.dumps(logged)


def test_the_log_holds_questions_when_it_is_told_to(program) -> None:
    _, lines, address = program("--log-questions")
    httpx.post(f"{address}/query", json={"question": "notice\nperiod"}, timeout=60, headers={"X-Request-Id": "one"})
    logged = json.loads(lines.next())
    assert logged["question"] == "notice\nperiod"
    assert (logged["request_id"], logged["route"], logged["principal"]) == ("one", "/query", "local")
    assert logged["ms"] > 0


def test_what_cannot_be_listened_on_is_an_error_with_a_command_that_works(rag, index: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = rag("serve", "--index", str(index), "--listen", str(port), code=1)
    assert f"cannot listen on 127.0.0.1:{port}" in failed.stderr
    assert "rag serve --listen 127.0.0.1:0" in failed.stderr
