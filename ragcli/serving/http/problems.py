"""Errors → RFC 9457 problem details; every error of the project has one status."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.responses import Response

from ragcli import errors
from ragcli.errors import RagError
from ragcli.render.jsonout import dumps
from ragcli.serving.jobs import QueueFull
from ragcli.serving.tokens import Refusal
from ragcli.serving.uploads import TooMuch

if TYPE_CHECKING:
    from ragcli.schemas.serving import Misfit, ProblemDocument

MEDIA_TYPE = "application/problem+json"


class Refused(RagError):
    """The server does not do what was asked, for a reason that lies in the request or in how busy it is. `wait` are the seconds
    after which it may be tried again, 0 where that would not help."""

    def __init__(self, message: str, *, hint: str = "", wait: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.wait = wait


class BadRequest(Refused):
    """The request cannot be read."""


class Unauthenticated(Refused):
    """There is no key, or an unknown one."""


class Forbidden(Refused):
    """The key does not allow it."""


class ForeignHost(Refused):
    """The request is addressed to a name that is not the server's."""


class NoSuchPath(Refused):
    """There is nothing at the path of the request."""


class WrongMethod(Refused):
    """The path does not take the method."""


class TooLarge(Refused):
    """The request is longer than one may be."""


class WrongMediaType(Refused):
    """The body is no JSON."""


class Misshapen(Refused):
    """The request does not have the form that the API declares."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__("; ".join(f"{each['pointer']}: {each['detail']}" for each in misfits[:5])[:1_000])
        self.misfits = list(misfits)


class RateLimited(Refused):
    """The key has made as many requests as it may."""


class Conflict(Refused):
    """What is asked for is not as the request takes it to be."""


class TooBusy(Refused):
    """As many requests wait as may."""


class CallerGone(Refused):
    """Whoever asked closed the connection. Only the log has this status."""


STATUS: Mapping[type[RagError], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NoSuchPath: 404,
    WrongMethod: 405,
    Conflict: 409,
    TooLarge: 413,
    WrongMediaType: 415,
    ForeignHost: 421,
    Misshapen: 422,
    RateLimited: 429,
    CallerGone: 499,
    TooBusy: 503,
    QueueFull: 503,
    Refusal: 401,
    TooMuch: 413,
    errors.NotFound: 404,
    errors.UsageError: 400,
    errors.SettingsError: 500,
    errors.GoldError: 400,
    errors.LoadError: 422,
    errors.Cancelled: 504,
    errors.IndexLocked: 503,
    errors.IndexNotFound: 503,
    errors.IndexIncompatible: 503,
    errors.IndexDamaged: 503,
    errors.IndexUnusable: 503,
    errors.ModelUnavailable: 503,
    errors.PluginFailed: 503,
    errors.CopyFailed: 500,
    RagError: 500,
}
_OPEN = (Refused, QueueFull, TooMuch, errors.UsageError, errors.GoldError, errors.LoadError, errors.Cancelled)
"""Errors that speak of the request alone; others may name folders of the server and are told to those who administer it."""
_LOCKED_SECONDS = 1.0
_QUEUE_SECONDS = 5.0


def status_of(problem: RagError) -> int:
    """That of the nearest class which has one."""
    return next(STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS)


def titled(kind: type[RagError]) -> str:
    """`IndexLocked` → `index locked`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()


def document(problem: RagError, request_id: str, *, openly: bool) -> ProblemDocument:
    """The problem for a caller; `openly` says whether they administer the server."""
    kind = next(kind for kind in type(problem).__mro__ if kind in STATUS)
    title = "internal error" if kind is RagError else titled(kind)
    told = openly or isinstance(problem, _OPEN)
    made: ProblemDocument = {
        "schema": "rag.problem/1",
        "type": f"urn:ragcli:problem:{title.replace(' ', '-')}",
        "title": title,
        "status": status_of(problem),
        "detail": problem.message if told else title,
        "instance": request_id,
    }
    if problem.hint and told:
        made["hint"] = problem.hint
    if isinstance(problem, Misshapen):
        made["errors"] = problem.misfits
    return made


_CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}


def openai_error(problem: RagError, *, openly: bool) -> dict[str, object]:
    """The same in the form that clients of OpenAI's API expect."""
    made = document(problem, "", openly=openly)
    kind = "server_error" if made["status"] >= 500 else "invalid_request_error"
    said = made["detail"] + (f" ({made['hint']})" if "hint" in made else "")
    return {"error": {"message": said, "type": kind, "param": None, "code": _CODES.get(made["status"])}}


def headers(problem: RagError) -> dict[str, str]:
    """What a reply with this problem has beside its body."""
    found = {}
    wait = problem.wait if isinstance(problem, Refused) else 0.0
    if isinstance(problem, errors.IndexLocked):
        wait = _LOCKED_SECONDS
    elif isinstance(problem, QueueFull):
        wait = _QUEUE_SECONDS
    if wait:
        found["Retry-After"] = str(max(1, math.ceil(wait)))
    if isinstance(problem, Unauthenticated):
        found["WWW-Authenticate"] = "Bearer"
    return found


def response(problem: RagError, request_id: str, *, openly: bool, path: str = "") -> Response:
    """The reply that says it to a request for `path`."""
    if path.startswith("/v1/"):
        said = dumps(openai_error(problem, openly=openly))
        return Response(said, status_of(problem), headers(problem), "application/json")
    made = document(problem, request_id, openly=openly)
    return Response(dumps(made), made["status"], headers(problem), MEDIA_TYPE)
