"""Equal requests at the same time: what they ask for is worked out once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ragcli.cancellation import Cancellation
from ragcli.errors import Cancelled
from ragcli.serving.http.gate import GRACE, Gate, Receive, gone
from ragcli.serving.http.problems import CallerGone

_Value = TypeVar("_Value")


@dataclass(eq=False)
class _Flight(Generic[_Value]):
    task: asyncio.Task[_Value]
    cancel: Cancellation
    waiting: int = 0


class Flights:
    """The work of `gate` that several requests may wait for; for one loop. It is cancelled when nobody waits for it any more,
    and not by one of several who leave."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._flights: dict[Hashable, _Flight[Any]] = {}

    async def join(
        self, key: Hashable, work: Callable[[Cancellation], _Value], seconds: float, receive: Receive
    ) -> tuple[_Value, bool]:
        """What `work` returns, or what that of an equal `key` does which runs already, and whether it was such. Raises as
        `Gate.run`; each who waits has a deadline of their own."""
        deadline, joined = time.monotonic() + seconds, False
        leaving = asyncio.ensure_future(gone(receive))
        try:
            while True:
                flight = self._flights.get(key)
                joined = flight is not None
                if flight is None:
                    flight = self._begun(key, work, max(0.0, deadline - time.monotonic()))
                try:
                    return await self._awaited(flight, leaving, deadline, seconds), joined
                except Cancelled:  # by the deadline of whoever began it
                    if not joined or time.monotonic() >= deadline:
                        raise
        finally:
            leaving.cancel()

    def _begun(self, key: Hashable, work: Callable[[Cancellation], _Value], seconds: float) -> _Flight[_Value]:
        cancel = Cancellation(seconds)

        async def fly() -> _Value:
            async with self._gate.started(work, cancel) as (result, _):
                return await result

        flight = _Flight(asyncio.create_task(fly()), cancel)
        self._flights[key] = flight

        def landed(task: asyncio.Task[_Value]) -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if not task.cancelled():
                task.exception()  # seen, also when nobody waits for it any more

        flight.task.add_done_callback(landed)
        return flight

    async def _awaited(
        self, flight: _Flight[_Value], leaving: asyncio.Future[None], deadline: float, seconds: float
    ) -> _Value:
        flight.waiting += 1
        try:
            limit = max(0.0, deadline - time.monotonic()) + GRACE
            ends: set[asyncio.Future[Any]] = {flight.task, leaving}
            await asyncio.wait(ends, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if flight.task.done() and not flight.task.cancelled():
                return flight.task.result()
            if leaving.done():
                raise CallerGone("the caller closed the connection")
            raise Cancelled(f"not answered within {seconds:g} s", hint="allow more time")
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                flight.cancel.cancel()
                flight.task.cancel()
