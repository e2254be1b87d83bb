"""`rag serve`: equal questions at the same time are worked out once, and modes share models."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ragcli import Rag
from ragcli.cancellation import Cancellation
from ragcli.errors import Cancelled, UsageError
from ragcli.serving.http.flights import Flights
from ragcli.serving.http.gate import Gate
from ragcli.serving.http.problems import CallerGone
from ragcli.serving.http.shelf import Shelf
from ragcli.serving.principals import LOCAL
from tests.helpers.programs import PATIENCE
from tests.helpers.serving import QUESTION, client_of, index_of, served


class Work:
    """Work that ends when it is told to, or is cancelled."""

    def __init__(self) -> None:
        self.calls, self.cancelled, self.goes_on = 0, 0, threading.Event()

    def __call__(self, cancel: Cancellation) -> int:
        self.calls += 1
        while not self.goes_on.wait(0.01):
            if cancel.expired:
                self.cancelled += 1
                cancel.check()
        return self.calls


async def stays() -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


class Caller:
    """Somebody who waits until they leave."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}


def run(steps: Callable[[Flights, Work], Awaitable[None]]) -> Work:
    work = Work()

    async def main() -> None:
        gate = Gate(2, 4)
        try:
            await asyncio.wait_for(steps(Flights(gate), work), PATIENCE)
        finally:
            work.goes_on.set()
            gate.close()

    asyncio.run(main())
    return work


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.01)


def test_equal_questions_at_the_same_time_are_worked_out_once() -> None:
    async def steps(flights: Flights, work: Work) -> None:
        waiting = [asyncio.create_task(flights.join("same", work, PATIENCE, stays)) for _ in range(5)]
        await until(lambda: work.calls == 1)
        work.goes_on.set()
        found = await asyncio.gather(*waiting)
        assert found == [(1, False), *[(1, True)] * 4]
        assert await flights.join("same", work, PATIENCE, stays) == (2, False), "what has ended is not shared"

    run(steps)


def test_one_who_leaves_does_not_end_it_for_the_others_and_the_last_one_does() -> None:
    async def steps(flights: Flights, work: Work) -> None:
        first, second = Caller(), Caller()
        tasks = [asyncio.create_task(flights.join("same", work, PATIENCE, each.receive)) for each in (first, second)]
        await until(lambda: work.calls == 1)
        first.left.set()
        with pytest.raises(CallerGone):
            await tasks[0]
        assert work.cancelled == 0
        third = asyncio.create_task(flights.join("same", work, PATIENCE, stays))
        await asyncio.sleep(0.05)
        second.left.set()
        with pytest.raises(CallerGone):
            await tasks[1]
        assert work.cancelled == 0
        third.cancel()
        await until(lambda: work.cancelled == 1)

    assert run(steps).calls == 1


def test_each_has_a_deadline_of_their_own() -> None:
    async def steps(flights: Flights, work: Work) -> None:
        hurried = asyncio.create_task(flights.join("same", work, 0.2, stays))
        await until(lambda: work.calls == 1)
        patient = asyncio.create_task(flights.join("same", work, PATIENCE, stays))
        with pytest.raises(Cancelled):
            await hurried
        await until(lambda: work.calls == 2)
        work.goes_on.set()
        assert await patient == (2, False)

    run(steps)


def test_what_it_raises_is_raised_for_all() -> None:
    async def steps(flights: Flights, work: Work) -> None:
        def fails(cancel: Cancellation) -> int:
            work(cancel)
            raise UsageError("no")

        tasks = [asyncio.create_task(flights.join("same", fails, PATIENCE, stays)) for _ in range(3)]
        await until(lambda: work.calls == 1)
        work.goes_on.set()
        for task in tasks:
            with pytest.raises(UsageError):
                await task

    run(steps)


def test_a_server_gives_equal_questions_the_same_reply(tmp_path: Path) -> None:
    with served(index_of(tmp_path)) as site, client_of(site) as client:
        replies: list[httpx.Response] = []

        def ask() -> None:
            replies.append(httpx.post(f"{site.address}/query", json={"question": QUESTION}, timeout=PATIENCE))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {reply.status_code for reply in replies} == {200}
        told = [reply.headers["x-rag-cache"] for reply in replies]
        assert set(told) <= {"hit", "miss", "joined"}
        assert len({reply.text for reply in replies if reply.headers["x-rag-cache"] != "hit"}) == told.count("miss")
        assert client.post("/query", json={"question": QUESTION}).headers["x-rag-cache"] == "hit"


def test_modes_share_the_index_and_its_models(tmp_path: Path) -> None:
    shelf = Shelf(index_of(tmp_path), {})
    try:
        plain, lexical = shelf.rag(LOCAL), shelf.rag(LOCAL, "lexical")
        assert lexical is shelf.rag(LOCAL, "lexical")
        one, other = plain._engine, lexical._engine
        assert one.embedding is other.embedding
        assert one.index is other.index
        assert one.chooser is other.chooser
        assert one.generator is other.generator
        with Rag(tmp_path / ".rag", retrieval_mode="lexical") as alone:
            expected = [(hit.path, hit.score) for hit in alone.query(QUESTION)]
        assert [(hit.path, hit.score) for hit in lexical.query(QUESTION)] == expected
        assert lexical.query(QUESTION).mode == "lexical"
    finally:
        shelf.close()
