"""The settings of `rag serve`: the section `[serve]` of a configuration file; see `ragcli.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Each with its default; names as in `ragcli.settings.Settings`."""

    serve_listen: str = "127.0.0.1:8321"
    serve_keys: str = ""  # the user's own file, in the state folder
    serve_allow_hosts: tuple[str, ...] = ()  # names that requests may be addressed to, besides those of this machine
    serve_cors: tuple[str, ...] = ()  # origins of other web pages that may read replies
    serve_threads: int = 4  # questions that are worked on at the same time
    serve_queue: int = 64  # requests that wait for them
    serve_seconds: float = 30.0  # for one request, waiting included
    serve_drain_seconds: float = 10.0  # for what runs when the server is told to end
    serve_cache_mb: float = 64.0  # of replies that are kept; 0: none
    serve_log_questions: bool = False


SERVER_RANGES: Mapping[str, tuple[float, float]] = {
    "serve_threads": (1, 256),
    "serve_queue": (0, 100_000),
    "serve_seconds": (0.05, 3_600.0),
    "serve_drain_seconds": (0.0, 3_600.0),
    "serve_cache_mb": (0.0, 100_000.0),
}
