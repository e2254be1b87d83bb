"""GET /documents, /documents/ID, its text, and pictures of its pages."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ragcli.cancellation import Cancellation
from ragcli.errors import NotFound, UsageError
from ragcli.loaders.pageimage import page_image
from ragcli.render import jsonserving
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.problems import Conflict
from ragcli.serving.http.receiving import known_folders, lies_below
from ragcli.serving.http.requests import MAX_PAGE, MAX_TEXT, Condition, Identity, Part
from ragcli.serving.http.service import Reader, Served, Service, reply
from ragcli.sources.scanning import open_source, real_path

if TYPE_CHECKING:
    from ragcli.datatypes import SourceFile

router = APIRouter(tags=["documents"])


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


@router.get(
    "/documents/{identity}/pages/{page}.png",
    response_class=Response,
    responses=replies("", 404, 409, picture=True),
)
async def picture(
    request: Request,
    identity: Identity,
    page: Annotated[int, Path(ge=1, le=1_000_000, description="The page, from 1.")],
    served: Served,
    principal: Reader,
    start: Annotated[int | None, Query(ge=0, le=1_000_000_000, description="Where the marked words begin.")] = None,
    end: Annotated[int | None, Query(ge=0, le=1_000_000_000, description="Where they end.")] = None,
) -> Response:
    """A page of a PDF as a picture, in which the characters from `start` to `end` are marked. 409 when the file is not any more
    what was indexed."""

    def work(cancel: Cancellation) -> bytes:
        rag = served.shelf.rag(principal)
        document = rag.read(identity, end=0).document
        if document.type != "pdf" or not document.is_file:
            raise NotFound(f"{document.path} is no PDF file", hint=f"GET /documents/{document.document_id}/text")
        quote = ""
        if start is not None and end is not None and start < end:
            quote = rag.read(document.document_id, start=start, end=min(end, start + MAX_TEXT)).text
        descriptor = _as_indexed(served, rag.source(document.document_id))
        try:
            return page_image(descriptor, page, quote)
        finally:
            os.close(descriptor)

    return Response(await served.run(request, work), media_type="image/png")


def _as_indexed(served: Service, source: SourceFile) -> int:
    """A descriptor of the file of a document. Raises Conflict when it is not what was indexed, and NotFound for a file that
    lies in no folder which the user of the server ingested: an index from elsewhere may name any."""
    path = real_path(source.path, served.shelf.directory.parent)
    if not lies_below(str(path), known_folders(served)):
        raise NotFound(f"{source.path} lies in no folder that is known here", hint="serve.roots names folders")
    changed = Conflict(f"{source.path} is not any more what was indexed", hint="POST /ingest reads it again")
    try:
        descriptor = open_source(path)
    except OSError as error:
        raise changed from error
    try:
        if os.fstat(descriptor).st_size != source.size:
            raise changed
        with os.fdopen(os.dup(descriptor), "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != source.content_hash:
                raise changed
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
