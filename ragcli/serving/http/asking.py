"""POST /ask, as one document or as a stream of events (text/event-stream)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from ragcli.cancellation import Cancellation
from ragcli.errors import RagError
from ragcli.render import jsonout
from ragcli.serving.http import problems
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.requests import AskRequest
from ragcli.serving.http.service import Asker, Call, Served, Service, facts_of, shown
from ragcli.serving.http.streaming import Lines, answering
from ragcli.serving.principals import Principal
from ragcli.streaming import AnswerEvent, AnswerFinished

if TYPE_CHECKING:
    from ragcli.api import Rag
    from ragcli.results import Answer

EVENTS = "text/event-stream"
_PING_SECONDS = 15.0
_KEEP_SECONDS = 60.0  # an answer says which cited files changed since, and files change without the index
router = APIRouter(tags=["answers"])


@router.post("/ask", response_model=None, responses=replies("AskDocument", stream=True))
async def ask(request: Request, body: AskRequest, served: Served, principal: Asker) -> Response:
    """An answer with citations: what `rag ask --json` prints. With `Accept: text/event-stream` it is told while it happens:
    the events `evidence`, `tail`, `sentence` and `discarded`, then `done` with the whole answer, or `error` with a problem.
    With `before`, a question such as "and for trainees?" is completed from those before it, as `rag chat` does."""
    facts_of(request)["question"] = body.question
    if EVENTS in request.headers.get("accept", ""):
        return await _streamed(request, body, served, principal)

    question = body.standalone()

    def made(rag: Rag, cancel: Cancellation) -> tuple[Mapping[str, object], Mapping[str, object]]:
        answer = rag.ask(question, k=body.k, where=body.filter, cancel=cancel)
        served.feedback.count(question, answer.outcome, [hit.path for hit in answer.hits])
        return jsonout.ask(answer, shown), told_of(answer)

    call = Call(principal, body.mode, ("ask", question, body.asked), made, body.deadline_ms, _KEEP_SECONDS, rated=True)
    return await served.answered(request, call)


async def _streamed(request: Request, body: AskRequest, served: Service, principal: Principal) -> Response:
    """The stream begins with the first event, so that what fails before it has a status of its own."""

    def asked(cancel: Cancellation) -> Iterator[AnswerEvent]:
        rag = served.shelf.rag(principal, body.mode)
        return rag.ask_stream(body.standalone(), k=body.k, where=body.filter, cancel=cancel)

    async with AsyncExitStack() as opening:
        events = await opening.enter_async_context(answering(served.gate, asked, served.seconds(body.deadline_ms)))
        first = await events.next()
        held = opening.pop_all()

    async def sent() -> AsyncIterator[bytes]:
        lines, event = Lines(), first
        async with held:
            while True:
                for line in lines.of(event) if event is not None else [b": still writing\n\n"]:
                    yield line
                if isinstance(event, AnswerFinished):
                    _remember(request, served, principal, event.answer)
                    facts_of(request).update(told_of(event.answer))
                    return
                try:
                    event = await events.next(_PING_SECONDS)
                except RagError as problem:
                    yield lines.line("error", failed(request, problem, principal))
                    return

    return StreamingResponse(sent(), media_type=EVENTS, headers={"X-Accel-Buffering": "no"})


def _remember(request: Request, served: Service, principal: Principal, answer: Answer) -> None:
    """Count a streamed answer, and let it be rated."""
    served.feedback.count(answer.question, answer.outcome, [hit.path for hit in answer.hits])
    made = jsonout.dumps(jsonout.ask(answer, shown)).encode("ascii")
    served.answers.remember(facts_of(request)["request_id"], principal.name, made)


def told_of(answer: Answer) -> dict[str, object]:
    """What the log and the metrics say of an answer."""
    return {"outcome": answer.outcome, "timings": answer.timings, "writer": answer.mode}


def failed(request: Request, problem: RagError, principal: Principal) -> dict[str, object]:
    """The problem of a request whose reply has begun."""
    facts = facts_of(request)
    facts["problem"] = problem.message
    return {**problems.document(problem, facts["request_id"], openly=principal.may("admin"))}
