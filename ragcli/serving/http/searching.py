"""POST /query and /query/batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from ragcli.cancellation import Cancellation
from ragcli.errors import RagError
from ragcli.render import jsonout, jsonserving
from ragcli.serving.http import problems
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.requests import BatchRequest, QueryRequest
from ragcli.serving.http.service import Call, Reader, Served, Service, facts_of, reply, shown
from ragcli.serving.principals import Principal

if TYPE_CHECKING:
    from ragcli.api import Rag
    from ragcli.schemas.search import QueryDocument
    from ragcli.schemas.serving import BatchReply

router = APIRouter(tags=["search"])


@router.post("/query", response_model=None, responses=replies("QueryDocument"))
async def query(request: Request, body: QueryRequest, served: Served, principal: Reader) -> Response:
    """The passages that fit a question best: what `rag query --json` prints."""
    facts_of(request)["question"] = body.question

    def made(rag: Rag, cancel: Cancellation) -> tuple[Mapping[str, object], Mapping[str, object]]:
        found = rag.query(body.question, k=body.k, where=body.filter, cancel=cancel)
        return jsonout.query(found, shown), {"timings": found.timings}

    return await served.answered(request, Call(principal, body.mode, ("query", body.asked), made, body.deadline_ms))


@router.post("/query/batch", response_model=None, responses=replies("QueriesDocument"))
async def batch(request: Request, body: BatchRequest, served: Served, principal: Reader) -> Response:
    """The same for up to 64 questions, one after the other. A question that fails has a problem in its place."""
    identity, openly = facts_of(request)["request_id"], principal.may("admin")

    def each(entry: QueryRequest, cancel: Cancellation) -> BatchReply:
        try:
            return {"found": _found(served, principal, entry, cancel), "problem": None}
        except problems.Forbidden:
            raise
        except RagError as problem:
            return {"found": None, "problem": problems.document(problem, identity, openly=openly)}

    def work(cancel: Cancellation) -> list[BatchReply]:
        return [each(entry, cancel) for entry in body.queries]

    return reply(jsonserving.queries(await served.run(request, work, body.deadline_ms)))


def _found(served: Service, principal: Principal, body: QueryRequest, cancel: Cancellation) -> QueryDocument:
    rag = served.shelf.rag(principal, body.mode)
    return jsonout.query(rag.query(body.question, k=body.k, where=body.filter, cancel=cancel), shown)
