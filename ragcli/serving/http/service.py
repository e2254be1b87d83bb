"""What all routes share: the index, who may use it, and how much at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.responses import Response

from ragcli.cancellation import Cancellation
from ragcli.datatypes import DocumentRecord
from ragcli.render.jsonout import dumps
from ragcli.serving.http.doorkeeper import Doorkeeper
from ragcli.serving.http.gate import Gate
from ragcli.serving.http.problems import Forbidden
from ragcli.serving.http.shelf import Shelf
from ragcli.serving.principals import Principal, Scope

if TYPE_CHECKING:
    from ragcli.settings import Settings

_Value = TypeVar("_Value")
JSON = "application/json"


@dataclass
class Service:
    """The parts of one server. `facts` of a request go to its line of the log."""

    settings: Settings
    shelf: Shelf
    gate: Gate
    doorkeeper: Doorkeeper
    draining: bool = field(default=False)

    def principal(self, request: Request) -> Principal:
        """Who makes the request. Raises Unauthenticated and RateLimited."""
        return self.doorkeeper.principal(request.headers)

    def seconds(self, deadline_ms: int | None) -> float:
        """The time for a request that asks for this much."""
        most = self.settings.serve_seconds
        return most if deadline_ms is None else min(most, deadline_ms / 1000)

    async def run(
        self, request: Request, work: Callable[[Cancellation], _Value], deadline_ms: int | None = None
    ) -> _Value:
        """What `work` returns, in a thread; see `Gate.run`."""
        return await self.gate.run(work, self.seconds(deadline_ms), request.receive)

    def close(self) -> None:
        self.gate.close()
        self.shelf.close()
        self.doorkeeper.close()


def service_of(request: Request) -> Service:
    """The service of the application that the request came to."""
    found: Service = request.app.state.service
    return found


def facts_of(request: Request) -> MutableMapping[str, Any]:
    """What is known of a request; its line of the log says it."""
    found: MutableMapping[str, Any] = request.scope["state"]["facts"]
    return found


def may(scope: Scope) -> Callable[[Request], Principal]:
    """The principal of a request who has the scope. Raises Unauthenticated or Forbidden."""

    def allowed(request: Request) -> Principal:
        principal = service_of(request).principal(request)
        facts = facts_of(request)
        facts["principal"], facts["openly"] = principal.name, principal.may("admin")
        if not principal.may(scope):
            raise Forbidden(f"the key {principal.name} lacks the scope {scope}", hint="ask whoever runs the server")
        return principal

    return allowed


Served = Annotated[Service, Depends(service_of)]
Reader = Annotated[Principal, Depends(may("read"))]
Asker = Annotated[Principal, Depends(may("ask"))]
Administrator = Annotated[Principal, Depends(may("admin"))]


def shown(document: DocumentRecord) -> str:
    """How a document is named to callers: as the index lists it."""
    return document.path


def reply(document: Mapping[str, object], status: int = 200) -> Response:
    """A document of `ragcli.schemas` as a reply."""
    return Response(dumps(document), status, media_type=JSON)
