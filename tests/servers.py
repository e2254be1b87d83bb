"""Loopback servers that speak the protocols of model providers, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """How the server behaves, and what it was sent. `failures` are statuses of the first requests."""

    reply: str = "Every employee has 28 days of annual leave. [1]"
    behaviour: str = "stream"  # stream, stall, trickle, slow, garbage, endless, lie, hang_up
    failures: list[int] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def _openai(script: Script, write: Callable[[bytes], None]) -> None:
    def chunk(delta: object, finish: object = None, **more: object) -> None:
        choice = [{"index": 0, "delta": delta, "finish_reason": finish}]
        content = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choice, **more}
        write(b"data: " + json.dumps(content).encode() + b"\n\n")

    chunk({"role": "assistant", "content": ""})
    _body(script, lambda text: chunk({"content": text}), write)
    if script.behaviour == "lie":
        chunk({"content": None, "tool_calls": []}, None, unknown={"a": [1]})
        write(b'data: {"choices": []}\n\n')
    chunk({}, "stop")
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    write(
        b"data: "
        + json.dumps(
            {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}
        ).encode()
        + b"\n\n"
    )
    write(b"data: [DONE]\n\n")


def _anthropic(script: Script, write: Callable[[bytes], None]) -> None:
    def event(kind: str, **content: object) -> None:
        write(f"event: {kind}\ndata: {json.dumps({'type': kind, **content})}\n\n".encode())

    message: dict[str, object] = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
               "stop_sequence": None, "usage": {"input_tokens": 100, "output_tokens": 1}}  # fmt: skip
    event("message_start", message=message)
    event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    _body(script, lambda text: event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}), write)
    event("content_block_stop", index=0)
    event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 10})
    event("message_stop")


def _body(script: Script, say: Callable[[str], None], write: Callable[[bytes], None]) -> None:
    if script.behaviour == "garbage":
        write(b"data: {not json\n\n")
        return
    half = len(script.reply) // 2
    if script.behaviour == "slow":
        for word in script.reply.split(" "):
            say(word + " ")
            time.sleep(0.1)
        return
    say(script.reply[:half])
    if script.behaviour == "stall":
        time.sleep(30)
    while script.behaviour == "trickle":
        write(b": still here\n\n")
        time.sleep(0.05)
    while script.behaviour == "endless":
        say(" and so on")
    say(script.reply[half:])


@contextmanager
def model_server(script: Script) -> Iterator[str]:
    """A server for `/v1/chat/completions` and `/v1/messages`; yields its address without a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            script.requests.append(json.loads(self.rfile.read(size)))
            script.headers.append({name.lower(): value for name, value in self.headers.items()})
            if script.failures:
                status = script.failures.pop(0)
                self._send(status, b'{"error": {"message": "not now", "type": "x"}}')
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            if script.behaviour == "hang_up":
                return
            speak = _openai if self.path.endswith("/chat/completions") else _anthropic
            with suppress(BrokenPipeError, ConnectionResetError):
                speak(script, self._write)

        def _write(self, data: bytes) -> None:
            self.wfile.write(data)
            self.wfile.flush()

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with _serving(Handler) as address:
        yield address


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def file_server(content: bytes, *, cut_after: int = 0, ranges: bool = True) -> Iterator[tuple[str, list[str | None]]]:
    """Serves `content` at every path like a hub or a web server, with an ETag; the first answer breaks off after `cut_after`
    bytes. Yields its address and the Range headers that it was sent."""
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._head(200, len(content))

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            asked.append(wanted)
            start = int(wanted.split("=")[1].split("-")[0]) if wanted and ranges else 0
            self._head(206 if start else 200, len(content) - start)
            body = content[start:]
            self.wfile.write(body[:cut_after] if cut_after and len(asked) == 1 else body)

        def _head(self, status: int, size: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(size))
            self.send_header("ETag", '"v1"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _serving(Handler) as address:
        yield address, asked
