"""GET /documents, /documents/ID and its text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ragcli.cancellation import Cancellation
from ragcli.errors import UsageError
from ragcli.render import jsonserving
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.requests import MAX_PAGE, MAX_TEXT, Condition, Part
from ragcli.serving.http.service import Reader, Served, reply

router = APIRouter(tags=["documents"])
Identity = Annotated[
    str, Path(pattern="^[0-9a-f]{8,32}$", description="The identity of a document, or its first eight digits or more.")
]


@router.get("/documents", response_model=None, responses=replies("DocumentsDocument"))
async def documents(
    request: Request,
    served: Served,
    principal: Reader,
    filter: Annotated[list[Condition], Query(max_length=20)] = [],  # noqa: A002, B006
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str, Query(max_length=4_096, description="`next_cursor` of the page before.")] = "",
) -> Response:
    """The documents, ordered by path, that fulfil all conditions."""

    def work(cancel: Cancellation) -> Response:
        found = served.shelf.rag(principal).documents(filter)
        rest = [record for record in found if record.path > cursor]
        page = rest[:limit]
        more = page[-1].path if len(rest) > limit else None
        return reply(jsonserving.documents(page, len(found), more))

    return await served.run(request, work)


@router.get("/documents/{identity}", response_model=None, responses=replies("DocumentDocument", 404))
async def document(request: Request, identity: Identity, served: Served, principal: Reader) -> Response:
    """What is known of a document."""

    def work(cancel: Cancellation) -> Response:
        return reply(jsonserving.document(served.shelf.rag(principal).read(identity, end=0).document))

    return await served.run(request, work)


@router.get("/documents/{identity}/text", response_model=None, responses=replies("TextDocument", 404))
async def text(
    request: Request,
    identity: Identity,
    served: Served,
    principal: Reader,
    part: Annotated[Part, Query()],
) -> Response:
    """A part of a document: the characters from `start` to `end`, a `page`, or the lines from `line_from` to `line_to`; at most
    20,000 characters."""
    if sum([part.start is not None or part.end is not None, part.page is not None, part.first is not None]) > 1:
        raise UsageError("give characters, a page, or lines", hint="one of start and end, page, line_from and line_to")

    def work(cancel: Cancellation) -> Response:
        rag = served.shelf.rag(principal)
        if part.page is not None:
            whole = rag.read(identity, page=part.page)
        elif part.first is not None:
            whole = rag.read(identity, lines=(part.first, part.line_to or part.first))
        else:
            whole = rag.read(identity, start=part.start or 0, end=part.end)
        shown, span = whole, whole.span
        if len(whole.text) > MAX_TEXT:
            shown = rag.read(whole.document.document_id, start=span.start, end=span.start + MAX_TEXT)
        return reply(jsonserving.text(shown, shown.span.end if shown.span.end < span.end else None))

    return await served.run(request, work)
