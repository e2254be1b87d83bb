"""The application: routes, errors, and what is around them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from ragcli import __version__
from ragcli.errors import RagError
from ragcli.serving.http import asking, compatible, documents, health, ingesting, pages, problems, rating, searching
from ragcli.serving.http import metrics as measuring
from ragcli.serving.http import recent as recently
from ragcli.serving.http.envelope import Envelope
from ragcli.serving.http.hosts import Hosts
from ragcli.serving.http.metrics import Metrics
from ragcli.serving.http.openapi import describe
from ragcli.serving.http.problems import BadRequest, Misshapen, NoSuchPath, WrongMethod
from ragcli.serving.http.recent import Recent
from ragcli.serving.http.service import Service, facts_of

_LOGGER = logging.getLogger("ragcli.serving")


def create_app(service: Service, hosts: Hosts) -> ASGIApp:
    """The server of `service` as an ASGI application; see `describe` for what it offers."""
    app = FastAPI(title="rag", version=__version__, docs_url=None, redoc_url=None)
    app.state.service = service
    app.state.metrics = metrics = Metrics(service.gate, __version__)
    app.state.recent = recent = Recent()

    def watch(facts: Mapping[str, Any]) -> None:
        metrics.count(facts)
        recent.count(facts)

    for module in (health, recently, searching, asking, rating, documents, ingesting, measuring, compatible, pages):
        app.include_router(module.router)
    made: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not made:
            made.append(describe(app, __version__))
        return made[0]

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_exception_handler(RagError, _told)
    app.add_exception_handler(RequestValidationError, _misshapen)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unforeseen)
    settings = service.settings
    return Envelope(
        app,
        hosts=hosts,
        log_questions=settings.serve_log_questions,
        watch=watch,
        uploads=("/ingest", int(settings.serve_upload_mb * 1e6)),
    )


def _told(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RagError)
    facts = facts_of(request)
    facts["problem"] = problem.message
    return problems.response(problem, facts["request_id"], openly=facts["openly"], path=request.url.path)


def _misshapen(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    found = problem.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        return _told(request, BadRequest("the body is no valid JSON"))
    return _told(
        request,
        Misshapen(
            [
                {"pointer": "/".join(str(step) for step in entry["loc"])[:200], "detail": str(entry["msg"])[:200]}
                for entry in found[:20]
            ]
        ),
    )


def _plain(request: Request, problem: Exception) -> Response:
    """What Starlette itself says: of paths that there are not, and methods that they do not take."""
    assert isinstance(problem, HTTPException)
    if isinstance(problem.__cause__, RagError):  # raised while the body was read
        return _told(request, problem.__cause__)
    kinds = {404: NoSuchPath("there is nothing here", hint="GET /openapi.json"), 405: WrongMethod("not by this method")}
    made = _told(request, kinds.get(problem.status_code, BadRequest("the request cannot be read")))
    made.headers.update(problem.headers or {})
    return made


def _unforeseen(request: Request, problem: Exception) -> Response:
    _LOGGER.error("request %s failed", facts_of(request)["request_id"], exc_info=problem)
    facts_of(request)["openly"] = False
    return _told(request, RagError("internal error"))
