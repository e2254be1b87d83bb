"""Listening, and ending without cutting off what runs."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from ragcli.errors import RagError, UsageError
from ragcli.places import served_state
from ragcli.serving.feedback import Feedback
from ragcli.serving.http import hosts
from ragcli.serving.http.app import create_app
from ragcli.serving.http.doorkeeper import Doorkeeper
from ragcli.serving.http.gate import Gate
from ragcli.serving.http.receiving import clear_cut_off
from ragcli.serving.http.service import Service
from ragcli.serving.http.shelf import Shelf
from ragcli.serving.jobs import Jobs, records_of
from ragcli.serving.keys import KeyFile
from ragcli.serving.tokens import Tokens, Trusted
from ragcli.serving.uploads import Uploads, uploads_folder

if TYPE_CHECKING:
    from ragcli.settings import Settings

_KEEP_ALIVE_SECONDS = 5
_MAX_HEADERS = 16_384  # bytes


class Server(uvicorn.Server):
    """Tells `service` when it begins to end: it is not ready any more, while running requests have their time."""

    def __init__(self, config: uvicorn.Config, service: Service, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._service = service
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.draining = True
        await super().shutdown(sockets)


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises RagError when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise RagError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            hint=f"rag serve --listen {host}:0 takes a free port",
        ) from error
    return made


def _tokens(settings: Settings) -> Tokens | None:
    """What checks tokens, where an issuer is set. Raises UsageError and RagError."""
    if not settings.serve_jwt_issuer:
        return None
    return Tokens(
        Trusted(
            settings.serve_jwt_issuer,
            settings.serve_jwt_audience,
            settings.serve_jwt_keys,
            settings.serve_jwt_algorithms,
            settings.serve_jwt_principal,
            settings.serve_jwt_scopes,
        )
    )


class Site:
    """One server over the index in `directory`. `settings` are those of the user, `chosen` those of `Rag` that somebody set.
    Raises UsageError for an address or a name that makes no sense, and for one that others reach while there are no keys;
    RagError when it cannot listen there."""

    def __init__(self, settings: Settings, directory: Path, chosen: Mapping[str, Any], keys: KeyFile) -> None:
        host, port = hosts.address(settings.serve_listen)
        private = hosts.is_loopback(host)
        tokens = _tokens(settings)
        if not private and tokens is None and not keys.keys():
            raise UsageError(
                f"{host} can be reached from other machines, and there are no keys, so anybody could read the documents",
                hint="rag keys add NAME makes a key",
            )
        known = hosts.Hosts.of(host, settings.serve_allow_hosts, settings.serve_cors)
        self.service = Service(
            settings,
            Shelf(directory, chosen),
            Gate(settings.serve_threads, settings.serve_queue),
            Doorkeeper(keys, demanded=not private, tokens=tokens),
            Jobs(records_of(directory), settings.serve_jobs),
            Uploads(uploads_folder(settings.serve_uploads, directory), settings.serve_uploads_mb),
            Feedback(served_state(directory), keep_questions=settings.serve_keep_questions),
        )
        clear_cut_off(self.service)
        self.app = create_app(self.service, known)
        self._socket = bound(host, port)
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{self._socket.getsockname()[1]}"
        self._server: Server | None = None

    def serve(self, began: Callable[[], None] = lambda: None) -> None:
        """Serve until a signal or `end` ends it. Running requests then have the time of the settings; after it they are
        cancelled. `began` is called when requests are taken."""
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(self.service.settings.serve_drain_seconds),
            h11_max_incomplete_event_size=_MAX_HEADERS,
            ws="none",
        )
        self._server = Server(config, self.service, began)
        try:
            self._server.run([self._socket])
        finally:
            self.service.close()
            self._socket.close()

    def end(self) -> None:
        """End as after a signal; for another thread than the one that serves."""
        if self._server is not None:
            self._server.should_exit = True
