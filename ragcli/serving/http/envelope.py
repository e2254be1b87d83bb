"""What every request goes through before its route: an identity, whom it is addressed to, how long it is; and after it: headers
and a line of the log."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragcli.errors import RagError
from ragcli.serving.http import problems
from ragcli.serving.http.hosts import Hosts
from ragcli.serving.http.problems import BadRequest, Forbidden, ForeignHost, TooLarge, WrongMediaType
from ragcli.serving.http.requests import MAX_BODY

_IDENTITY = re.compile(r"[A-Za-z0-9-]{1,64}")
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_FORM = re.compile(r"multipart/form-data\s*;", re.IGNORECASE)
_LOGGER = logging.getLogger("ragcli.serving")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
Facts = MutableMapping[str, Any]
Watch = Callable[[Facts], None]


class Envelope:
    """Around the application `app`. `hosts` says who may ask at all; `log_questions` whether the log holds what was asked;
    `watch` is told the facts of each request when it has ended; `uploads` is the path that files are sent to, and how many
    bytes a request with files may have."""

    def __init__(
        self, app: ASGIApp, *, hosts: Hosts, log_questions: bool, watch: Watch, uploads: tuple[str, int] = ("", 0)
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._log_questions = log_questions
        self._watch = watch
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        facts: Facts = {
            "request_id": given if _IDENTITY.fullmatch(given) else secrets.token_hex(16),
            "method": scope["method"],
            "openly": False,
            "status": 499,
            "bytes": 0,
        }
        scope["state"] = {**scope.get("state", {}), "facts": facts}
        began = time.perf_counter()
        sending = _Sending(send, facts, self._cors(headers))
        try:
            await self._admitted(scope, headers, receive, sending)
        except RagError as problem:  # before the route; those of routes are handled by the application
            facts["problem"] = problem.message
            await problems.response(problem, facts["request_id"], openly=False)(scope, receive, sending)
        finally:
            facts["ms"] = round((time.perf_counter() - began) * 1000, 2)
            facts["route"] = getattr(scope.get("route"), "path", "")
            self._watch(facts)
            self._log(facts)

    async def _admitted(self, scope: Scope, headers: Headers, receive: Receive, sending: _Sending) -> None:
        authority, origin = headers.get("host", "").strip(), headers.get("origin", "").strip()
        if not self._hosts.knows(authority):
            raise ForeignHost(
                f"this server is not called {authority[:100]!r}",
                hint="rag serve --allow-host NAME, or serve.allow_hosts",
            )
        if origin and not self._hosts.admits(origin, authority):
            raise Forbidden(
                f"web pages of {origin[:100]!r} may not use this server", hint="rag serve --cors ORIGIN, or serve.cors"
            )
        if scope["method"] == "OPTIONS" and origin and "access-control-request-method" in headers:
            await sending.preflight()
            return
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise BadRequest("Content-Length is no number")
        kind, most = headers.get("content-type", ""), MAX_BODY
        if scope["method"] in ("POST", "PUT", "PATCH") and not _JSON.fullmatch(kind):
            if scope["path"] != self._uploads[0] or not _FORM.match(kind):
                raise WrongMediaType("the body must be JSON", hint="Content-Type: application/json")
            most = self._uploads[1]
        if int(length) > most:
            raise _too_large(most)
        await self._app(scope, _limited(receive, most), sending)

    def _cors(self, headers: Headers) -> str:
        """The origin that may read the reply, where one was named."""
        origin = headers.get("origin", "").strip()
        return origin if origin in self._hosts.origins else ""

    def _log(self, facts: Facts) -> None:
        if not _LOGGER.isEnabledFor(logging.INFO):
            return
        kept = {key: value for key, value in facts.items() if key not in ("openly", "question", "timings")}
        if self._log_questions and "question" in facts:
            kept["question"] = facts["question"]
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **kept}
        _LOGGER.info("%s", json.dumps(line, ensure_ascii=True, default=str))


class _Sending:
    """Puts headers on the reply and remembers what it was."""

    def __init__(self, send: Send, facts: Facts, origin: str) -> None:
        self._send = send
        self._facts = facts
        self._origin = origin

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._facts["status"] = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._facts["request_id"]
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._origin:
                headers["Access-Control-Allow-Origin"] = self._origin
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                headers.add_vary_header("Origin")
        elif message["type"] == "http.response.body":
            self._facts["bytes"] += len(message.get("body", b""))
        await self._send(message)

    async def preflight(self) -> None:
        """The reply to the question of a browser whether a page of another origin may send a request."""
        headers = {
            "Access-Control-Allow-Methods": "GET, POST, DELETE",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Api-Key, X-Request-Id",
            "Access-Control-Max-Age": "600",
        }
        listed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self({"type": "http.response.start", "status": 204, "headers": listed if self._origin else []})
        await self({"type": "http.response.body", "body": b""})


def _limited(receive: Receive, most: int) -> Receive:
    """`receive`, which raises TooLarge when the body grows too long: its length need not have been declared."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise _too_large(most)
        return message

    return limited


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is longer than {most:,} bytes")
