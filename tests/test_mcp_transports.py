"""`rag mcp` as a process: over standard streams and HTTP, and what `--print-config` prints."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from ragcli.serving.mcp import clients
from ragcli.serving.mcp.stdio import MAX_LINE
from tests.helpers.agents import REVISIONS, connected, fields_of, handbook_of
from tests.helpers.programs import PATIENCE, Lines

LEAVE = "# Leave\n\nEvery employee has 28 days of annual leave.\n\n# Notice\n\nThe notice period is three months.\n"
RAG = [sys.executable, "-m", "ragcli"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@pytest.fixture
def index(work: Path) -> Path:
    return handbook_of(work, {"leave.md": LEAVE})


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def call(number: int, tool: str, **arguments: Any) -> dict[str, Any]:
    return request(number, "tools/call", name=tool, arguments=arguments)


def piped(index: Path, *messages: object) -> tuple[list[dict[str, Any]], subprocess.CompletedProcess[bytes]]:
    """What `rag mcp` answers to these messages, after which its input ends. Bytes are sent as they are."""
    data = b"".join(
        (entry if isinstance(entry, bytes) else json.dumps(entry).encode()) + b"\n"
        for entry in (HELLO, READY, *messages)
    )
    done = subprocess.run(
        [*RAG, "mcp", "--index", str(index)], input=data, capture_output=True, timeout=PATIENCE * 3, check=False
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done


@contextmanager
def running(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*RAG, "mcp", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def say(process: subprocess.Popen[str], *messages: object) -> None:
    assert process.stdin is not None
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


@pytest.mark.parametrize("mode", REVISIONS)
def test_the_process_answers_the_client_of_the_sdk(index: Path, mode: str) -> None:
    server = stdio_client(StdioServerParameters(command=RAG[0], args=[*RAG[1:], "mcp", "--index", str(index)]))

    async def search(client: Client) -> Any:
        return fields_of(await client.call_tool("search", {"query": "notice period"}))

    assert connected(server, search, mode)["passages"][0]["path"] == "docs/leave.md"


def test_what_was_asked_before_the_input_ended_is_answered(index: Path) -> None:
    answers, done = piped(index, request(2, "tools/list"), call(3, "search", query="notice"))
    assert [answer["id"] for answer in answers] == [1, 2, 3]
    assert answers[0]["result"]["protocolVersion"] == "2025-11-25"
    assert answers[2]["result"]["structuredContent"]["passages"]
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_line_of_100_megabytes_costs_one_error_and_little_memory(index: Path) -> None:
    line = b'{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "' + b"x" * 100_000_000 + b'"}}'
    answers, done = piped(index, line, b"no json", call(3, "search", query="notice"))
    by_id = {answer.get("id"): answer for answer in answers if "result" in answer}
    assert set(by_id) == {1, 3}
    errors = [answer["error"] for answer in answers if "error" in answer]
    assert [error["code"] for error in errors] == [-32600, -32700]
    assert f"more than {MAX_LINE // 2**20} MiB" in errors[0]["message"]
    assert done.returncode == 0


def test_nothing_but_messages_reaches_standard_output() -> None:
    code = """
import os, subprocess, sys
from ragcli.serving.mcp.streams import claim
reading, writing = claim()
os.write(1, b"native\\n")
print("python")
sys.stdout.flush()
subprocess.run(["echo", "child"])
os.write(writing, os.read(reading, 100) + b"|" + sys.stdin.buffer.read() + b"|")
"""
    done = subprocess.run([sys.executable, "-c", code], input=b"message", capture_output=True, check=True)
    assert done.stdout == b"message||"
    assert set(done.stderr.split()) == {b"native", b"python", b"child"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_it_waits(index: Path, number: int) -> None:
    with running("--index", str(index)) as process:
        lines = Lines(process.stdout)
        say(process, HELLO)
        assert json.loads(lines.next())["id"] == 1
        process.send_signal(number)
        assert process.wait(PATIENCE) == -number


def test_it_ends_when_its_parent_does_although_its_input_stays_open(index: Path, work: Path) -> None:
    reading, writing = os.pipe()
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'ragcli', 'mcp', '--index', sys.argv[1]], stdin=int(sys.argv[2]), "
        "stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
    )
    os.write(writing, json.dumps(HELLO).encode() + b"\n")
    command = [sys.executable, "-c", code, str(index), str(reading)]
    done = subprocess.run(command, stdout=subprocess.PIPE, pass_fds=[reading], timeout=PATIENCE * 3, check=True)
    os.close(reading)
    end = time.monotonic() + PATIENCE
    while _alive(int(done.stdout)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _alive(int(done.stdout))
    os.close(writing)


def _alive(process: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_starts_without_an_index_and_says_what_is_missing(work: Path) -> None:
    answers, done = piped(work / ".rag", call(2, "search", query="notice"))
    assert "there is no index" in answers[0]["result"]["instructions"]
    assert answers[1]["result"]["isError"]
    assert f"rag ingest FOLDER --index {work / '.rag'}" in answers[1]["result"]["content"][0]["text"]
    assert done.returncode == 0


@pytest.fixture
def address(index: Path) -> Iterator[str]:
    """Of a server over HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("--index", str(index), "--http", str(port)) as process:
        lines = Lines(process.stderr)
        while "running on" not in (line := lines.next()):
            assert line, "it does not say where it listens"
        yield f"http://127.0.0.1:{port}/mcp"
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.parametrize("mode", REVISIONS)
def test_programs_on_this_machine_are_served_over_http(address: str, mode: str) -> None:
    async def search(client: Client) -> Any:
        return fields_of(await client.call_tool("search", {"query": "notice period"}))

    assert connected(address, search, mode)["passages"][0]["path"] == "docs/leave.md"


def test_web_pages_are_refused(address: str) -> None:
    accepted = {"Accept": "application/json, text/event-stream"}

    def status(**headers: str) -> int:
        return httpx.post(address, json=HELLO, headers={**accepted, **headers}, trust_env=False).status_code

    assert status() == 200
    assert status(Origin=address.removesuffix("/mcp")) == 200
    assert status(Host="attacker.example") == 421
    assert status(Host="127.0.0.1.attacker.example:80") == 421
    assert status(Origin="http://attacker.example") == 403
    assert status(Origin="http://localhost.attacker.example:80") == 403
    assert status(Origin="null") == 403
    assert httpx.post(address, content=b"x" * 5_000_000, headers=accepted, trust_env=False).status_code in (400, 413)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("0.0.0.0:8765", "0.0.0.0 can be reached from other machines"),
        ("example.org:8765", "example.org can be reached from other machines"),
        ("localhost:no", "'no' is no port"),
        ("99999", "'99999' is no port"),
    ],
)
def test_only_this_machine_can_be_served(rag, given: str, message: str) -> None:
    refused = rag("mcp", "--http", given, code=2)
    assert message in refused.stderr
    assert "--http " in refused.stderr


@pytest.mark.parametrize("client", ["claude", "cursor", "vscode"])
def test_what_is_printed_for_a_client_starts_the_server(
    rag, index: Path, work: Path, client: str, tmp_path: Path
) -> None:
    (work / "rag.toml").write_text("[retrieval]\nk = 1\n")
    printed = rag("mcp", "--print-config", client, "--allow-ingest", "docs")
    servers = json.loads(printed.stdout)["servers" if client == "vscode" else "mcpServers"]
    assert "Paste it into " in printed.stderr
    command, arguments = servers["rag"]["command"], servers["rag"]["args"]
    assert arguments[-6:] == [
        "--index", str(index), "--allow-ingest", str(work / "docs"), "--config", str(work / "rag.toml"),
    ]  # fmt: skip
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "ragcli.py").write_text("raise SystemExit('a module of the working directory was imported')\n")
    server = stdio_client(StdioServerParameters(command=command, args=arguments, cwd=elsewhere))

    async def tools(client: Client) -> Sequence[str]:
        return [tool.name for tool in (await client.list_tools()).tools]

    assert connected(server, tools, "legacy") == ["search", "read", "ask", "list_documents", "ingest"]


def test_the_interpreter_is_started_where_there_is_no_script(tmp_path: Path) -> None:
    interpreter = tmp_path / "bin" / "python"
    assert clients.program(interpreter) == [str(interpreter), "-P", "-m", "ragcli"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rag").touch(mode=0o755)
    assert clients.program(interpreter) == [str(tmp_path / "bin" / "rag")]


def test_a_folder_that_is_not_there_cannot_be_allowed(rag, index: Path) -> None:
    assert "no such folder" in rag("mcp", "--print-config", "claude", "--allow-ingest", "nowhere", code=2).stderr


def test_a_missing_package_is_named_with_the_command_that_installs_it(index: Path) -> None:
    code = (
        "import sys\nsys.modules['mcp'] = None\nfrom ragcli.cli.main import main\n"
        "sys.argv = ['rag', 'mcp', '--http', '8765']\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "install" in done.stderr
    assert "[mcp]" in done.stderr
    assert "Traceback" not in done.stderr
