"""The settings of `rag serve`: the section `[serve]` of a configuration file; see `ragcli.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Each with its default; names as in `ragcli.settings.Settings`."""

    serve_listen: str = "127.0.0.1:8321"
    serve_keys: str = ""  # the user's own file, in the state folder
    serve_jwt_issuer: str = ""  # whose tokens (JWT) count besides keys; "": nobody's
    serve_jwt_audience: str = ""
    serve_jwt_keys: str = ""  # JWKS: a file, or an https address
    serve_jwt_algorithms: tuple[str, ...] = ("RS256", "ES256")
    serve_jwt_principal: str = "sub"  # the claim that says who it is
    serve_jwt_scopes: str = "scope"  # the claim that says what they may do
    serve_allow_hosts: tuple[str, ...] = ()  # names that requests may be addressed to, besides those of this machine
    serve_cors: tuple[str, ...] = ()  # origins of other web pages that may read replies
    serve_threads: int = 4  # questions that are worked on at the same time
    serve_queue: int = 64  # requests that wait for them
    serve_seconds: float = 30.0  # for one request, waiting included
    serve_drain_seconds: float = 10.0  # for what runs when the server is told to end
    serve_cache_mb: float = 64.0  # of replies that are kept; 0: none
    serve_log_questions: bool = False
    serve_keep_questions: bool = False  # in what is kept of answers: feedback and gaps
    serve_roots: tuple[str, ...] = ()  # folders that POST /ingest may name, besides those that the index was made from
    serve_uploads: str = ""  # where uploads are put; "": `uploads` beside the index
    serve_upload_mb: float = 100.0  # of one request
    serve_uploads_mb: float = 10_000.0  # of all uploads together
    serve_jobs: int = 16  # ingests that wait for the one that runs


SERVER_RANGES: Mapping[str, tuple[float, float]] = {
    "serve_threads": (1, 256),
    "serve_queue": (0, 100_000),
    "serve_seconds": (0.05, 3_600.0),
    "serve_drain_seconds": (0.0, 3_600.0),
    "serve_cache_mb": (0.0, 100_000.0),
    "serve_upload_mb": (0.001, 100_000.0),
    "serve_uploads_mb": (0.001, 100_000_000.0),
    "serve_jobs": (1, 10_000),
}
