"""POST /ingest, by files that are sent or by folders of the server; the jobs that this makes; DELETE /documents/ID."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse

from ragcli.access import checked_tags
from ragcli.cancellation import Cancellation
from ragcli.datatypes import source_id
from ragcli.errors import Cancelled, IndexUnusable, UsageError
from ragcli.render import jsonlibrary, jsonserving
from ragcli.reports import Job
from ragcli.serving.http.asking import EVENTS
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.problems import Forbidden, TooBusy
from ragcli.serving.http.receiving import access, known_folders, lies_below, names, place, taken_in
from ragcli.serving.http.requests import Identity, IngestRequest
from ragcli.serving.http.service import Ingester, Served, Service, reply
from ragcli.serving.http.streaming import Lines
from ragcli.serving.jobs import Outcome, QueueFull, Tell
from ragcli.serving.principals import LOCAL, Principal
from ragcli.serving.uploads import MAX_FILES

router = APIRouter(tags=["ingest"])
_RECEIVING_SECONDS = 600.0  # for the body of a request with files
_RECEIVED_AT_ONCE = 4  # requests with files
_FOLLOW_SECONDS = 0.25  # between two looks at a job
_PING = round(15.0 / _FOLLOW_SECONDS)
_FORM = {
    "type": "object",
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MAX_FILES},
        "access": {"type": "string", "description": "Access tags for these files, separated by commas."},
    },
    "required": ["files"],
}
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": IngestRequest.model_json_schema()},
        "multipart/form-data": {"schema": _FORM},
    },
}
JobId = Annotated[str, InPath(pattern="^[0-9a-f]{16}$", description="The identity of a job.")]


@router.post(
    "/ingest",
    response_model=None,
    status_code=202,
    responses=replies("JobDocument", status=202),
    openapi_extra={"requestBody": _BODY},
)
async def ingest(request: Request, served: Served, principal: Ingester) -> Response:
    """Bring the index up to date with files that are sent (multipart/form-data, the field `files`), or with files and folders
    of the server (JSON). It is a job: the reply comes before it begins."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        job = await _uploaded(request, served, principal)
    else:
        asked = _read(await request.body())
        job = await served.gate.aside(lambda: _again(served, principal, asked))
    whole = served.shelf.sees_everything(principal)
    made = reply(jsonserving.job(job, whole=whole), 202)
    made.headers["Location"] = f"/jobs/{job.id}"
    return made


@router.get("/jobs", response_model=None, responses=replies("JobsDocument"))
async def jobs(served: Served, principal: Ingester) -> Response:
    """The ingests that the key asked for, the newest first; all of them for a key that administers."""
    found = served.jobs.listed(_whose(principal))
    return reply(jsonserving.jobs(found, whole=served.shelf.sees_everything(principal)))


@router.get("/jobs/{identity}", response_model=None, responses=replies("JobDocument", 404, stream=True))
async def job(request: Request, identity: JobId, served: Served, principal: Ingester) -> Response:
    """How far an ingest is. With `Accept: text/event-stream` it is told until it ends: events `progress`, then `done`."""
    found = served.jobs.find(identity, _whose(principal))
    whole = served.shelf.sees_everything(principal)
    if EVENTS not in request.headers.get("accept", ""):
        return reply(jsonserving.job(found, whole=whole))
    return StreamingResponse(_followed(served, found, whole), media_type=EVENTS, headers={"X-Accel-Buffering": "no"})


@router.delete("/jobs/{identity}", response_model=None, responses=replies("JobDocument", 404))
async def cancel(identity: JobId, served: Served, principal: Ingester) -> Response:
    """Take an ingest out of the queue, or end it at its next file: what it committed stays in the index."""
    found = served.jobs.find(identity, _whose(principal))
    served.jobs.cancel(found)
    return reply(jsonserving.job(found, whole=served.shelf.sees_everything(principal)))


@router.delete("/documents/{identity}", response_model=None, responses=replies("RmDocument", 404))
async def delete(request: Request, identity: Identity, served: Served, principal: Ingester) -> Response:
    """Take a document and its copies out of the index. Uploaded files go as well; files of the server's folders stay where they
    are, and the next ingest of the folder brings them back. A key that does not administer may take out what it uploaded."""

    def work(cancel: Cancellation) -> list[str]:
        found = served.shelf.rag(principal).read(identity, end=0).document
        paths = [place(served, path) for path in (found.path, *found.copies)]
        if not principal.may("admin") and not all(served.uploads.holds(path, principal.name) for path in paths):
            raise Forbidden(
                f"{found.path} was not uploaded by {principal.name}", hint="a key with the scope admin may take it out"
            )
        removed = served.shelf.made().remove_documents(*map(source_id, (found.path, *found.copies)))
        served.uploads.clear(paths)
        return removed

    return reply(jsonlibrary.removed(await served.run(request, work)))


def _read(body: bytes) -> IngestRequest:
    """Raises RequestValidationError, as FastAPI does for other routes."""
    try:
        return IngestRequest.model_validate_json(body or b"{}")
    except ValidationError as misfit:
        found = misfit.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from misfit


def _whose(principal: Principal) -> str | None:
    return None if principal.may("admin") else principal.name


async def _uploaded(request: Request, served: Service, principal: Principal) -> Job:
    """Receive the files of a request and queue their ingest."""
    if served.receiving >= _RECEIVED_AT_ONCE:
        raise TooBusy(
            "as many uploads are received as may be", hint="try again after the time in Retry-After", wait=2.0
        )
    served.receiving += 1
    try:
        async with asyncio.timeout(_RECEIVING_SECONDS):
            form = await request.form(max_files=MAX_FILES, max_fields=20, max_part_size=10_000)
        try:
            return await asyncio.to_thread(_queued, served, principal, form)
        finally:
            await form.close()
    except TimeoutError:
        raise Cancelled(f"not received within {_RECEIVING_SECONDS:g} s", hint="fewer files in a request") from None
    finally:
        served.receiving -= 1


def _queued(served: Service, principal: Principal, form: FormData) -> Job:
    unknown = set(form) - {"files", "access"}
    if unknown:
        raise UsageError(f"there is no field {sorted(unknown)[0][:50]!r}", hint="files, and access")
    sent = [entry for entry in form.getlist("files") if isinstance(entry, UploadFile)]
    if len(sent) != len(form.getlist("files")):
        raise UsageError("the field files holds files, each with a name", hint="curl -F files=@report.pdf")
    tags = access(served, principal, ",".join(str(entry) for entry in form.getlist("access")))
    uploads = served.uploads
    received = uploads.receive(principal.name, [(entry.filename or "", entry.file) for entry in sent])

    def work(tell: Tell) -> Outcome:
        return taken_in(served, received, tags, tell)

    try:
        return served.jobs.add(
            "upload", principal.name, names(served, received.paths), work, lambda: uploads.drop(received)
        )
    except QueueFull:
        uploads.drop(received)
        raise


def _again(served: Service, principal: Principal, asked: IngestRequest) -> Job:
    """Queue an ingest of files and folders of the server."""
    if not served.shelf.sees_everything(principal):
        raise Forbidden(
            f"{principal.name} sees a part of the index, and its folders hold more",
            hint="send files, or use a key with admin",
        )
    given = None if asked.access is None else checked_tags(asked.access, "access")
    paths = _allowed(served, asked.paths)

    def work(tell: Tell) -> Outcome:
        rag = served.shelf.made()
        report = rag.ingest(
            *paths, prune=asked.prune, retry=asked.retry, tags=asked.tags, access=given, anywhere=True, on_progress=tell
        )  # `_allowed` asked
        return Outcome(report, {**jsonlibrary.ingest(report)}, [(each.path, each.reason) for each in report.failed])

    return served.jobs.add("ingest", principal.name, names(served, paths), work)


def _allowed(served: Service, paths: Sequence[str]) -> list[Path]:
    """Files and folders of the server that may be ingested: what lies in a folder that `serve.roots` names, or that the index
    was made from and that lies beside it or was ingested by the user. Raises Forbidden and UsageError."""
    named = [os.path.realpath(Path(root).expanduser()) for root in served.settings.serve_roots]
    try:
        made_from = [os.path.realpath(place(served, root)) for root in served.shelf.rag(LOCAL).roots()]
    except IndexUnusable:
        made_from = []
    folders = known_folders(served)
    known = [root for root in made_from if lies_below(root, folders)]
    if not paths and len(known) < len(made_from):
        raise Forbidden("the index was made from folders that are not known here", hint="serve.roots names them")
    if not paths and not made_from:
        raise UsageError("the index was made from nothing yet", hint='{"paths": ["FOLDER"]}, or send files')
    found = []
    for path in paths:
        real = os.path.realpath(place(served, path.replace("\0", "")))
        if not lies_below(real, [*named, *known]):
            raise Forbidden(f"{path[:200]} lies in no folder that may be ingested", hint="serve.roots names folders")
        if not os.path.exists(real):
            raise UsageError(f"there is no {path[:200]}", hint="a path relative to the folder that holds the index")
        found.append(Path(real))
    return found


async def _followed(served: Service, job: Job, whole: bool) -> AsyncIterator[bytes]:
    """The events of a job until it, or the server, ends."""
    lines, told, quiet = Lines(), -1, 0
    while not served.draining:
        version, over = job.version, job.over
        if version != told or over:
            told, quiet = version, 0
            yield lines.line("done" if over else "progress", _document(job, whole))
        if over:
            return
        quiet += 1
        if quiet % _PING == 0:
            yield b": still running\n\n"
        await asyncio.sleep(_FOLLOW_SECONDS)


def _document(job: Job, whole: bool) -> dict[str, Any]:
    return {**jsonserving.job(job, whole=whole)}
