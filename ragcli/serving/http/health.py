"""GET /health/live and /health/ready: for what starts, ends and watches servers. Neither needs a key."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ragcli.errors import RagError
from ragcli.render import jsonserving
from ragcli.serving.http import problems
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.service import Served, facts_of, reply
from ragcli.serving.principals import LOCAL

router = APIRouter(tags=["health"])


@router.get("/health/live", response_model=None, responses=replies("HealthDocument", alone=True))
async def live() -> Response:
    """The server runs."""
    return reply(jsonserving.health("ok", ""))


@router.get("/health/ready", response_model=None, responses=replies("HealthDocument", alone=True, unready=True))
async def ready(request: Request, served: Served) -> Response:
    """Whether questions can be replied to: 503 while the server ends, and when there is no index that can be used."""
    if served.draining:
        return reply(jsonserving.health("draining", "the server ends"), 503)
    try:
        await served.gate.aside(lambda: served.shelf.rag(LOCAL).generation())
    except RagError as problem:
        facts_of(request)["problem"] = problem.message
        return reply(jsonserving.health("unusable", problems.titled(type(problem))), 503)
    return reply(jsonserving.health("ok", ""))
