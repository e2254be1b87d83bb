"""An MCP client that calls a server and returns, for tests that are not asynchronous themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
from mcp import Client
from mcp.types import CallToolResult

from ragcli import Rag
from ragcli.serving.mcp.library import Library
from ragcli.serving.mcp.server import build

REVISIONS = ("legacy", "2026-07-28")  # how a client connects: by the handshake of 2025-11-25, or without one
_Value = TypeVar("_Value")


def connected(server: Any, work: Callable[[Client], Awaitable[_Value]], mode: str = "2026-07-28") -> _Value:
    """What `work` returns, given a client of `server`: a server in this process, an address, or a transport."""

    async def run() -> _Value:
        async with Client(server, mode=mode) as client:
            return await work(client)

    try:
        return anyio.run(run)
    except BaseExceptionGroup as group:
        raise _only(group) from group


def _only(error: BaseException) -> BaseException:
    """The exception inside groups of one: the client runs in a task group, which wraps what is raised."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def called(library: Library, tool: str, mode: str = "2026-07-28", /, **arguments: Any) -> CallToolResult:
    """One call of a tool."""
    return connected(build(library), lambda client: client.call_tool(tool, arguments), mode)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


def failure(result: CallToolResult) -> str:
    """The message of a call that failed."""
    assert result.is_error, result
    assert result.structured_content is None
    return text_of(result)


def fields_of(result: CallToolResult) -> Any:
    """The structured result of a call that did not fail."""
    assert not result.is_error, text_of(result)
    return result.structured_content


def handbook_of(work: Path, texts: dict[str, str]) -> Path:
    """The index of files with these texts in `work`/docs, made without a model."""
    for name, text in texts.items():
        path = work / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    index = work / ".rag"
    with Rag.create(index, embedding_model="hashing", ingest_chroma=False) as rag:
        rag.ingest(work / "docs")
    return index
