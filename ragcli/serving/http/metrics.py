"""What the server did, as Prometheus reads it. Labels are from closed sets: no question, path or key is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from starlette.responses import Response

from ragcli.serving.http.gate import Gate
from ragcli.serving.http.service import Administrator, Served

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
router = APIRouter()


class Metrics:
    """Counted for one server."""

    def __init__(self, gate: Gate, version: str) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "rag_http_requests", "Requests.", ["route", "method", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "rag_http_request_seconds", "Time for a request.", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self._stages = Histogram(
            "rag_stage_seconds", "Time for a stage of a question.", ["stage"], buckets=_SECONDS, registry=self.registry
        )
        self._answers = Counter("rag_answers", "Answers: answered, closest, none.", ["outcome"], registry=self.registry)
        self._cache = Counter(
            "rag_cache",
            "Replies: kept (hit), of an equal request at the time (joined), or new (miss).",
            ["outcome"],
            registry=self.registry,
        )
        Gauge("rag_queue_depth", "Requests that wait.", registry=self.registry).set_function(lambda: gate.queued)
        Gauge("rag_running", "Requests that are worked on.", registry=self.registry).set_function(
            lambda: gate.inside - gate.queued
        )
        Info("rag_build", "The version of rag.", registry=self.registry).info({"version": version})

    def count(self, facts: Mapping[str, Any]) -> None:
        """Count a request that has ended."""
        route = facts["route"] or "none"
        method = facts["method"] if facts["method"] in _METHODS else "other"
        self._requests.labels(route, method, str(facts["status"])).inc()
        self._seconds.labels(route).observe(facts["ms"] / 1000)
        for stage, milliseconds in facts.get("timings", {}).items():
            self._stages.labels(stage).observe(milliseconds / 1000)
        if "outcome" in facts:
            self._answers.labels(facts["outcome"]).inc()
        if "cache" in facts:
            self._cache.labels(facts["cache"]).inc()

    def text(self) -> bytes:
        """All of it, in the text format of Prometheus."""
        return generate_latest(self.registry)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, served: Served, principal: Administrator) -> Response:
    """For Prometheus, with a key that administers."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
