"""What all routes share: the index, who may use it, and how much at once."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Hashable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.responses import Response

from ragcli.cancellation import Cancellation
from ragcli.datatypes import DocumentRecord
from ragcli.render.jsonout import dumps
from ragcli.serving.feedback import Answers, Feedback
from ragcli.serving.http.caching import Kept
from ragcli.serving.http.doorkeeper import Doorkeeper
from ragcli.serving.http.flights import Flights
from ragcli.serving.http.gate import Gate
from ragcli.serving.http.problems import Forbidden
from ragcli.serving.http.shelf import Shelf
from ragcli.serving.jobs import Jobs
from ragcli.serving.principals import Principal, Scope
from ragcli.serving.uploads import Uploads

if TYPE_CHECKING:
    from ragcli.api import Rag
    from ragcli.settings import Settings

_Value = TypeVar("_Value")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `Rag` on behalf of `principal`, whose result depends on the state of the index, on what the principal may see,
    and on `key`. `made` gives the document of the reply and facts for the log; `rated` says whether callers may rate it."""

    principal: Principal
    mode: str | None
    key: Hashable
    made: Callable[[Rag, Cancellation], tuple[Mapping[str, object], Mapping[str, object]]]
    deadline_ms: int | None = None
    keep_seconds: float = math.inf
    rated: bool = False


@dataclass
class Service:
    """The parts of one server. `facts` of a request go to its line of the log."""

    settings: Settings
    shelf: Shelf
    gate: Gate
    doorkeeper: Doorkeeper
    jobs: Jobs
    uploads: Uploads
    feedback: Feedback
    draining: bool = False
    receiving: int = 0  # requests with files whose body is being read
    kept: Kept = field(init=False)
    flights: Flights = field(init=False)
    answers: Answers = field(default_factory=Answers)

    def __post_init__(self) -> None:
        self.flights = Flights(self.gate)
        # what is replied without asking the index would not be in the audit file
        self.kept = Kept(0.0 if self.settings.audit_file else self.settings.serve_cache_mb)

    async def principal(self, request: Request) -> Principal:
        """Who makes the request. Raises Unauthenticated and RateLimited."""
        headers = request.headers
        if self.doorkeeper.is_token(headers):
            return await self.gate.aside(lambda: self.doorkeeper.principal(headers))
        return self.doorkeeper.principal(headers)

    def seconds(self, deadline_ms: int | None) -> float:
        """The time for a request that asks for this much."""
        most = self.settings.serve_seconds
        return most if deadline_ms is None else min(most, deadline_ms / 1000)

    async def run(
        self, request: Request, work: Callable[[Cancellation], _Value], deadline_ms: int | None = None
    ) -> _Value:
        """What `work` returns, in a thread; see `Gate.run`."""
        return await self.gate.run(work, self.seconds(deadline_ms), request.receive)

    async def answered(self, request: Request, call: Call) -> Response:
        """The reply to `call`: one that is kept, where the index is as it was, or a new one. Raises as `run` does."""

        def opened() -> tuple[str, Rag, object]:
            view, rag = self.shelf.view(call.principal), self.shelf.rag(call.principal, call.mode)
            return view, rag, rag.generation() if self.kept.on else None

        view, rag, before = await self.gate.aside(opened)
        facts, key = facts_of(request), (view, call.key)
        found = self.kept.find((before, key)) if self.kept.on else None
        facts["cache"] = "miss" if found is None else "hit"
        if found is None:
            (found, told), joined = await self._made(request, call, rag, (before, key))
            facts.update(told)
            facts["cache"] = "joined" if joined else "miss"
            if not joined and self.kept.on and await self.gate.aside(rag.generation) == before:
                self.kept.keep((before, key), found, call.keep_seconds)
        if call.rated:
            self.answers.remember(facts["request_id"], call.principal.name, found)
        return Response(found, media_type=JSON, headers={"X-Rag-Cache": facts["cache"]})

    async def _made(
        self, request: Request, call: Call, rag: Rag, key: Hashable
    ) -> tuple[tuple[bytes, Mapping[str, object]], bool]:
        """A new reply with facts for the log, and whether it is one that an equal request asked for at the same time. Where
        everything that is asked has to be recorded, none are shared."""

        def work(cancel: Cancellation) -> tuple[bytes, Mapping[str, object]]:
            document, told = call.made(rag, cancel)
            return dumps(document).encode("ascii"), told

        if not self.kept.on:
            return await self.run(request, work, call.deadline_ms), False
        return await self.flights.join(key, work, self.seconds(call.deadline_ms), request.receive)

    def close(self) -> None:
        self.feedback.close()
        self.jobs.close(self.settings.serve_drain_seconds)
        self.gate.close()
        self.shelf.close()
        self.doorkeeper.close()


def service_of(request: Request) -> Service:
    """The service of the application that the request came to."""
    found: Service = request.app.state.service
    return found


async def _service(request: Request) -> Service:
    """As `service_of`; FastAPI would call it in a thread of its own if it were no coroutine."""
    return service_of(request)


def facts_of(request: Request) -> MutableMapping[str, Any]:
    """What is known of a request; its line of the log says it."""
    found: MutableMapping[str, Any] = request.scope["state"]["facts"]
    return found


def may(scope: Scope) -> Callable[[Request], Awaitable[Principal]]:
    """The principal of a request who has the scope. Raises Unauthenticated or Forbidden."""

    async def allowed(request: Request) -> Principal:
        principal = await service_of(request).principal(request)
        facts = facts_of(request)
        facts["principal"], facts["openly"] = principal.name, principal.may("admin")
        if not principal.may(scope):
            raise Forbidden(f"the key {principal.name} lacks the scope {scope}", hint="ask whoever runs the server")
        return principal

    return allowed


Served = Annotated[Service, Depends(_service)]
Reader = Annotated[Principal, Depends(may("read"))]
Ingester = Annotated[Principal, Depends(may("ingest"))]
Asker = Annotated[Principal, Depends(may("ask"))]
Administrator = Annotated[Principal, Depends(may("admin"))]


def shown(document: DocumentRecord) -> str:
    """How a document is named to callers: as the index lists it."""
    return document.path


def reply(document: Mapping[str, object], status: int = 200) -> Response:
    """A document of `ragcli.schemas` as a reply."""
    return Response(dumps(document), status, media_type=JSON)
