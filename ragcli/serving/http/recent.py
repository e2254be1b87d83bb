"""How long stages and routes took lately, for those without Prometheus. GET /stats."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ragcli.render import jsonserving
from ragcli.reports import Durations, ServerStats
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.service import Administrator, Served, reply

_KEPT = 1_000  # times of each stage and route, the newest
router = APIRouter(tags=["health"])


class Recent:
    """The newest times of one server; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._stages: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._routes: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._statuses: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()

    def count(self, facts: Mapping[str, Any]) -> None:
        """Remember a request that has ended."""
        with self._lock:
            self._routes[facts["route"] or "none"].append(facts["ms"])
            self._statuses[str(facts["status"])] += 1
            for stage, milliseconds in facts.get("timings", {}).items():
                self._stages[stage].append(milliseconds)
            if "outcome" in facts:
                self._outcomes[facts["outcome"]] += 1

    def stats(self, waiting: int, running: int) -> ServerStats:
        """What is remembered."""
        with self._lock:
            return ServerStats(
                uptime=time.monotonic() - self._began,
                statuses=dict(sorted(self._statuses.items())),
                outcomes=dict(sorted(self._outcomes.items())),
                waiting=waiting,
                running=running,
                routes={name: durations(times) for name, times in sorted(self._routes.items())},
                stages={name: durations(times) for name, times in self._stages.items()},
            )


def durations(times: deque[float]) -> Durations:
    """Percentiles by nearest rank: each is a time that was measured."""
    ordered = sorted(times)
    p50, p90, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.9, 0.99))
    return Durations(len(ordered), p50, p90, p99)


@router.get("/stats", response_model=None, responses=replies("ServerStatsDocument"))
async def stats(request: Request, served: Served, principal: Administrator) -> Response:
    """How long stages and routes took, of each the newest 1,000 times, and how requests ended since the server began."""
    recent: Recent = request.app.state.recent
    gate = served.gate
    return reply(jsonserving.server_stats(recent.stats(gate.queued, gate.inside - gate.queued)))
