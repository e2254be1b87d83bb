"""What passes between the ingest and its parsers: JSON behind a length, a document as plain lists, and file descriptors.

JSON and not pickle, because the parser's side has read untrusted files.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from ragcli.datatypes import Block, BlockKind, Document, Redaction

MAX_FRAME = 400_000_000
_LENGTH = struct.Struct(">I")
_KINDS: tuple[BlockKind, ...] = ("heading", "paragraph", "list", "code", "table")


def send_frame(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Write one message."""
    data = json.dumps(message, ensure_ascii=True).encode("ascii")
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive_frame(connection: socket.socket) -> dict[str, Any] | None:
    """The next message, or None when the other side is gone. Raises ValueError for what is no frame, TimeoutError as the socket
    does."""
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length:,} bytes")
    data = _exactly(connection, length)
    if data is None:
        return None
    message = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError("a frame that is no object")
    return message


def send_request(connection: socket.socket, message: Mapping[str, Any], descriptor: int) -> None:
    """Write one message and give the other side the open file `descriptor`."""
    data = json.dumps(message).encode("ascii")
    socket.send_fds(connection, [_LENGTH.pack(len(data))], [descriptor])
    connection.sendall(data)


def receive_request(connection: socket.socket) -> tuple[dict[str, Any], int] | None:
    """The next message with its file descriptor, or None when the other side is gone."""
    head, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 1)
    if len(head) < _LENGTH.size or not descriptors:
        return None
    data = _exactly(connection, _LENGTH.unpack(head)[0])
    return None if data is None else (json.loads(data), descriptors[0])


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        piece = connection.recv(min(1 << 20, count - len(parts)))
        if not piece:
            return None
        parts += piece
    return bytes(parts)


def as_json(document: Document) -> dict[str, Any]:
    """The document without its identity, which is the parent's to say; heading paths are listed once."""
    paths: dict[tuple[str, ...], int] = {}
    blocks = [
        [block.start, block.end, _KINDS.index(block.kind), paths.setdefault(block.headings, len(paths))]
        for block in document.blocks
    ]
    return {
        "type": document.type,
        "title": document.title,
        "text": document.text,
        "blocks": blocks,
        "paths": [list(path) for path in paths],
        "pages": list(document.page_starts),
        "lines": document.has_lines,
        "metadata": dict(document.metadata),
        "partial": document.partial,
        "redactions": [[entry.kind, entry.start, entry.end, entry.place] for entry in document.redactions],
    }


def from_json(message: Mapping[str, Any], document_id: str, path: str) -> Document:
    """The document of a frame. Raises ValueError, KeyError, TypeError or IndexError for one that does not hold together."""
    text = str(message["text"])
    paths = [tuple(str(title) for title in titles) for titles in message["paths"]]
    blocks, covered = [], 0
    for start, end, kind, headings in message["blocks"]:
        if not covered <= start < end <= len(text):
            raise ValueError("blocks out of order")
        covered = end
        blocks.append(Block(start, end, _KINDS[kind], paths[headings]))
    return Document(
        document_id=document_id,
        path=path,
        type=str(message["type"]),
        title=str(message["title"]),
        text=text,
        blocks=tuple(blocks),
        page_starts=tuple(int(start) for start in message["pages"]),
        has_lines=bool(message["lines"]),
        metadata={str(key): str(value) for key, value in message["metadata"].items()},
        partial=str(message["partial"]),
        redactions=tuple(
            Redaction(str(kind), int(start), int(end), str(place)) for kind, start, end, place in message["redactions"]
        ),
    )
