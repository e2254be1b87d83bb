"""MCP over standard input and output: a message a line, in a process that its client started and that ends with it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

MAX_LINE = 4 * 1024 * 1024  # bytes of a message; as over HTTP
GRACE = 10.0  # seconds for calls that run when the input ends: a first one on a busy machine takes some
_PARENT = 1.0  # seconds between two looks whether the parent is still there
_CHUNK = 65_536


def serve(server: Server[Any], reading: int, writing: int) -> None:
    """Serve until the input ends or the client does. `reading` and `writing` are descriptors."""
    parent = os.getppid()
    asyncio.run(_Connection(reading, writing).run(server, parent))
    os._exit(0)  # threads of calls that nobody waits for any more do not keep the process


class _Connection:
    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._waiting: set[object] = set()  # ids of requests that are not answered yet
        self._answered = threading.Condition()

    async def run(self, server: Server[Any], parent: int) -> None:
        incoming, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        sent, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop, incoming, sent.clone()), daemon=True).start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, outgoing)
            tasks.start_soon(_end_without, parent)
            await server.run(received, sent, server.create_initialization_options())
            tasks.cancel_scope.cancel()

    def _read(
        self,
        loop: asyncio.AbstractEventLoop,
        incoming: MemoryObjectSendStream[SessionMessage | Exception],
        sent: MemoryObjectSendStream[SessionMessage],
    ) -> None:
        """Hand on every line as a message, then wait for the calls that run, then close the stream. In a thread of its own."""
        for line in lines(self._reading):
            message = _parsed(line)
            if isinstance(message, types.JSONRPCError):
                asyncio.run_coroutine_threadsafe(sent.send(SessionMessage(message)), loop).result()
                continue
            self._note(message)
            asyncio.run_coroutine_threadsafe(incoming.send(SessionMessage(message)), loop).result()
        end = time.monotonic() + GRACE
        with self._answered:
            while self._waiting and (left := end - time.monotonic()) > 0:
                self._answered.wait(left)
        loop.call_soon_threadsafe(sent.close)
        loop.call_soon_threadsafe(incoming.close)

    def _note(self, message: types.JSONRPCMessage) -> None:
        """Keep the requests that wait for an answer."""
        with self._answered:
            if isinstance(message, types.JSONRPCRequest):
                self._waiting.add(message.id)
            elif isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
                self._waiting.discard((message.params or {}).get("requestId"))
            elif isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
                self._waiting.discard(message.id)
            self._answered.notify_all()

    async def _write(self, outgoing: MemoryObjectReceiveStream[SessionMessage]) -> None:
        async for entry in outgoing:
            line = entry.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
            await anyio.to_thread.run_sync(_write_all, self._writing, line)
            if not isinstance(entry.message, types.JSONRPCRequest | types.JSONRPCNotification):
                self._note(entry.message)


async def _end_without(parent: int) -> None:
    """End the process when the one that started it is gone: its input may still be held open by others."""
    while os.getppid() == parent:
        await anyio.sleep(_PARENT)
    os._exit(0)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write everything; a client that has left ends the process."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        os._exit(0)


def lines(descriptor: int) -> Iterator[bytes | None]:
    """The lines that come in, without their ends; None for one of more than MAX_LINE bytes, of which nothing is kept."""
    held, too_long = bytearray(), False
    while chunk := os.read(descriptor, _CHUNK):
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            whole = held + end
            yield None if too_long or len(whole) > MAX_LINE else bytes(whole)
            held, too_long = bytearray(), False
        held += rest
        if len(held) > MAX_LINE:
            held, too_long = bytearray(), True
    if held:
        yield bytes(held)


def _parsed(line: bytes | None) -> types.JSONRPCMessage:
    """The message in a line, or the error that answers one which holds none."""
    if line is None:
        return _refused(types.INVALID_REQUEST, f"a message of more than {MAX_LINE // 1024 // 1024} MiB was left out")
    try:
        return types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        return _refused(types.PARSE_ERROR, "the line is no JSON-RPC message")


def _refused(code: int, message: str) -> types.JSONRPCError:
    return types.JSONRPCError(jsonrpc="2.0", id=None, error=types.ErrorData(code=code, message=message))
