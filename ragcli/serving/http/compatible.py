"""The API that clients of OpenAI's speak, below /v1: models, chat completions, responses and embeddings.

Answers come from the documents alone: instructions of a client (the roles system and developer), temperatures, tools and the
like are passed over. The last message of the user is the question.
"""

from __future__ import annotations

import base64
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from ragcli.cancellation import Cancellation
from ragcli.errors import RagError, UsageError
from ragcli.render.jsonout import ask as ask_document
from ragcli.render.jsonout import dumps
from ragcli.serving.http import shapes
from ragcli.serving.http.asking import told_of
from ragcli.serving.http.problems import openai_error
from ragcli.serving.http.requests import MAX_QUESTION, ChatRequest, EmbeddingRequest, ResponseRequest
from ragcli.serving.http.service import Asker, Reader, Served, Service, facts_of, reply, shown
from ragcli.serving.http.shapes import Written
from ragcli.serving.http.streaming import Events, answering
from ragcli.serving.principals import Principal
from ragcli.streaming import AnswerEvent, AnswerFinished, SentencesDiscarded, SentenceWritten

MODEL = "rag"
_PING_SECONDS = 15.0
router = APIRouter(prefix="/v1", include_in_schema=False)


@router.get("/models")
async def models(request: Request, served: Served, principal: Reader) -> Response:
    """What answers (`rag`), and what embeds."""
    rag = await served.gate.aside(lambda: served.shelf.rag(principal))
    embedding = str((await served.gate.aside(rag.stats)).embedder.get("name", ""))
    known = [{"id": name, "object": "model", "created": 0, "owned_by": "ragcli"} for name in (MODEL, embedding)]
    return reply({"object": "list", "data": known})


@router.post("/chat/completions")
async def chat(request: Request, body: ChatRequest, served: Served, principal: Asker) -> Response:
    """An answer to the last message of the user, with the markers of its citations, which are annotations as well."""
    if body.n not in (None, 1):
        raise UsageError("there is one answer to a question", hint="n: 1")
    question = _question(facts_of(request), body.question())
    head = {"id": f"chatcmpl-{facts_of(request)['request_id']}", "created": int(time.time()), "model": MODEL}
    if not body.stream:
        answer = await served.run(request, lambda cancel: served.shelf.rag(principal).ask(question, cancel=cancel))
        facts_of(request).update(told_of(answer))
        return reply(shapes.completion(head, answer, _base(request)))
    usage = body.stream_options is not None and bool(body.stream_options.get("include_usage"))

    async def sent(events: Events, first: AnswerEvent | None) -> AsyncIterator[bytes]:
        written = Written(_base(request))
        yield _data(shapes.chunk(head, {"role": "assistant", "content": ""}))
        async for event in _all(events, first):
            for delta in [] if event is None else _deltas(written, event):
                yield _data(shapes.chunk(head, delta))
            if event is None:
                yield b": still writing\n\n"
            elif isinstance(event, AnswerFinished):
                facts_of(request).update(told_of(event.answer))
                document = ask_document(event.answer, shown)
                yield _data({**shapes.chunk(head, {}, shapes.finish(event.answer)), "rag": document})
                if usage:
                    yield _data({**shapes.chunk(head, None), "usage": shapes.usage(event.answer)})
        yield b"data: [DONE]\n\n"

    return await _streamed(request, served, principal, question, sent)


@router.post("/responses")
async def responses(request: Request, body: ResponseRequest, served: Served, principal: Asker) -> Response:
    """An answer as an item `message`, with citations of files as annotations."""
    if body.previous_response_id:
        raise UsageError("responses are not kept", hint="send the question alone, without previous_response_id")
    question = _question(facts_of(request), body.question())
    head = {"id": f"resp_{facts_of(request)['request_id']}", "created_at": int(time.time()), "model": MODEL}
    if not body.stream:
        answer = await served.run(request, lambda cancel: served.shelf.rag(principal).ask(question, cancel=cancel))
        facts_of(request).update(told_of(answer))
        return reply(shapes.response(head, answer))

    async def sent(events: Events, first: AnswerEvent | None) -> AsyncIterator[bytes]:
        written, numbered = Written(""), shapes.Numbered(head)
        for told in numbered.begun():
            yield _event(told)
        async for event in _all(events, first):
            deltas = [] if event is None else _deltas(written, event)
            for told in [each for delta in deltas for each in numbered.delta(delta)]:
                yield _event(told)
            if event is None:
                yield b": still writing\n\n"
            elif isinstance(event, AnswerFinished):
                facts_of(request).update(told_of(event.answer))
                for told in numbered.completed(event.answer):
                    yield _event(told)

    return await _streamed(request, served, principal, question, sent)


@router.post("/embeddings")
async def embeddings(request: Request, body: EmbeddingRequest, served: Served, principal: Reader) -> Response:
    """Vectors of texts, by the model of the index."""
    texts = [body.input] if isinstance(body.input, str) else body.input
    vectors = await served.run(request, lambda cancel: served.shelf.rag(principal).embed(texts))
    if body.dimensions not in (None, len(vectors[0])):
        raise UsageError(f"the model gives {len(vectors[0])} numbers for a text", hint=f"dimensions: {len(vectors[0])}")
    encoded = [_base64(vector) if body.encoding_format == "base64" else vector for vector in vectors]
    return reply(
        {
            "object": "list",
            "model": body.model,
            "data": [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(encoded)],
            "usage": {"prompt_tokens": 0, "total_tokens": 0},
        }
    )


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")


def _question(facts: Any, question: str) -> str:
    if len(question) > MAX_QUESTION:
        raise UsageError(f"a question has at most {MAX_QUESTION} characters", hint="ask a shorter one")
    facts["question"] = question
    return question


def _base(request: Request) -> str:
    """The address of the page, as the client reached it."""
    return str(request.base_url).rstrip("/")


def _deltas(written: Written, event: AnswerEvent) -> Iterator[dict[str, Any]]:
    match event:
        case SentenceWritten(sentence=sentence, citations=citations):
            yield from written.sentence(sentence, citations)
        case SentencesDiscarded(reason=reason):
            yield from written.discarded(reason)
        case AnswerFinished(answer=answer):
            yield from written.rest(answer)


async def _all(events: Events, first: AnswerEvent | None) -> AsyncIterator[AnswerEvent | None]:
    """The events to the last one; None where none came for a while."""
    event = first
    while True:
        yield event
        if isinstance(event, AnswerFinished):
            return
        event = await events.next(_PING_SECONDS)


async def _streamed(request: Request, served: Service, principal: Principal, question: str, sent: Any) -> Response:
    def asked(cancel: Cancellation) -> Iterator[AnswerEvent]:
        return served.shelf.rag(principal).ask_stream(question, cancel=cancel)

    async with AsyncExitStack() as opening:
        events = await opening.enter_async_context(answering(served.gate, asked, served.seconds(None)))
        first = await events.next()
        held = opening.pop_all()

    async def lines() -> AsyncIterator[bytes]:
        async with held:
            try:
                async for line in sent(events, first):
                    yield line
            except RagError as problem:
                facts_of(request)["problem"] = problem.message
                yield _data(openai_error(problem, openly=principal.may("admin")))

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _data(document: dict[str, Any]) -> bytes:
    return f"data: {dumps(document)}\n\n".encode("ascii")


def _event(document: dict[str, Any]) -> bytes:
    return f"event: {document['type']}\ndata: {dumps(document)}\n\n".encode("ascii")
