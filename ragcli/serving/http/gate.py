"""How many requests are worked on at once, for how long, and what ends one early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from ragcli.cancellation import Cancellation
from ragcli.errors import Cancelled
from ragcli.serving.http.problems import CallerGone, TooBusy

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Value = TypeVar("_Value")
GRACE = (
    2.0  # seconds that work has after its deadline to give what it has; stages look at the deadline between each other
)


class Gate:
    """Runs work in `running` threads. At most `waiting` more may wait for one; what comes beyond raises TooBusy.

    Work is given a Cancellation and must heed it: it is cancelled when the caller closes the connection, and knows the
    deadline. Work that does not end is left alone and counts until it does.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(running, thread_name_prefix="rag-serve")
        self._short = ThreadPoolExecutor(2, thread_name_prefix="rag-serve-short")
        self._most = running + waiting
        self.inside = 0
        self.running = running

    @property
    def queued(self) -> int:
        """How many wait."""
        return max(0, self.inside - self.running)

    async def run(self, work: Callable[[Cancellation], _Value], seconds: float, receive: Receive) -> _Value:
        """What `work` returns. Raises what it raises, TooBusy, CallerGone, and Cancelled when the deadline passes."""
        async with self.started(work, Cancellation(seconds)) as (result, cancel):
            leaving = asyncio.ensure_future(gone(receive))
            try:
                ends: set[asyncio.Future[Any]] = {result, leaving}
                await asyncio.wait(ends, timeout=cancel.remaining + GRACE, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
            if result.done():
                return result.result()
            if leaving.done():
                raise CallerGone("the caller closed the connection")
            raise Cancelled(f"not answered within {seconds:g} s", hint="allow more time")

    @asynccontextmanager
    async def started(
        self, work: Callable[[Cancellation], _Value], cancel: Cancellation
    ) -> AsyncIterator[tuple[asyncio.Future[_Value], Cancellation]]:
        """`work` in a thread, with the future of its result. It is cancelled at the end of the block. Raises TooBusy."""
        if self.inside >= self._most:
            raise TooBusy("as many requests wait as may", hint="try again after the time in Retry-After", wait=1.0)

        def begin() -> _Value:
            cancel.check()
            return work(cancel)

        loop = asyncio.get_running_loop()
        self.inside += 1
        future = self._pool.submit(begin)

        def left(_: Future[_Value]) -> None:
            with suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(self._leave)

        future.add_done_callback(left)
        result = asyncio.wrap_future(future)
        try:
            yield result, cancel
        finally:
            cancel.cancel()
            if not result.done():
                result.cancel()
            elif not result.cancelled():
                result.exception()  # seen, also when nobody waits for it any more

    async def aside(self, work: Callable[[], _Value]) -> _Value:
        """What `work` returns, which takes milliseconds and waits for nothing that takes longer."""
        return await asyncio.get_running_loop().run_in_executor(self._short, work)

    def _leave(self) -> None:
        self.inside -= 1

    def close(self) -> None:
        """Begin nothing more."""
        for pool in (self._pool, self._short):
            pool.shutdown(wait=False, cancel_futures=True)


async def gone(receive: Receive) -> None:
    """Returns when the caller has closed the connection; the body of the request must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
