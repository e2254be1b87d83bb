"""MCP over streamable HTTP, for clients on this machine: `http://127.0.0.1:PORT/mcp`."""

from __future__ import annotations

import ipaddress
from typing import Any

from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from ragcli.errors import UsageError

PATH = "/mcp"
MAX_BODY = 4 * 1024 * 1024  # bytes of a request
_NAMES = ("127.0.0.1", "localhost", "[::1]")  # of this machine, as a browser may write them


def application(server: Server[Any]) -> ASGIApp:
    """The server as an ASGI application without sessions.

    Requests whose `Host` is not a name of this machine get 421, those whose `Origin` is another web page 403: a page that
    a browser has open can make a name of its own point here (DNS rebinding), but cannot change these headers.
    """
    security = TransportSecuritySettings(
        allowed_hosts=[f"{name}:*" for name in _NAMES],
        allowed_origins=[f"http://{name}:*" for name in _NAMES],
    )
    return _Trimmed(
        server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            max_request_body_size=MAX_BODY,
            transport_security=security,
        )
    )


def address(text: str) -> tuple[str, int]:
    """Host and port out of `[HOST:]PORT`. Raises UsageError for what is no port, and for a host that other machines reach."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise UsageError(f"--http {text}: {port!r} is no port", hint="--http 8765")
    if host != "localhost" and not _is_loopback(host):
        raise UsageError(
            f"--http {text}: {host} can be reached from other machines, and there is no access control",
            hint=f"--http {port} serves this machine alone",
        )
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(server: Server[Any], host: str, port: int) -> None:
    """Serve until a signal ends it, which waits for running calls for at most five seconds."""
    import uvicorn

    uvicorn.run(
        application(server),
        host=host,
        port=port,
        log_level="info",
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )


class _Trimmed:
    """Takes white space off the ends of header values, as RFC 9110 (5.5) asks: the SDK compares them as they came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        await self._app(scope, receive, send)
