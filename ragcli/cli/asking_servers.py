"""What commands ask of a server whose address the user gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ragcli.errors import RagError, UsageError
from ragcli.places import process_environment

if TYPE_CHECKING:
    from ragcli.schemas.serving import ServerStatsDocument

KEY = "RAG_SERVER_KEY"
_SECONDS = 10.0
_LARGEST = 10_000_000  # bytes of a reply


class _Stays(HTTPRedirectHandler):
    """The key goes to the address that was given and to no other one."""

    def redirect_request(self, *_: Any) -> None:
        return None


def server_stats(address: str) -> ServerStatsDocument:
    """What GET /stats of the server at `address` replies. The key is that of the variable RAG_SERVER_KEY. Raises UsageError for
    what is no address, RagError when the server cannot be reached or refuses."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{address!r} is no address of a server", hint="rag stats --server http://127.0.0.1:8321")
    key = process_environment().get(KEY, "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = Request(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/stats", headers=headers)
    try:
        with build_opener(_Stays).open(request, timeout=_SECONDS) as reply:
            found = json.loads(reply.read(_LARGEST))
    except HTTPError as refused:
        said = f"set {KEY} to a key with the scope admin" if refused.code in (401, 403) else "is it rag serve?"
        raise RagError(f"{address} replied {refused.code} {refused.reason}", hint=said) from refused
    except (OSError, ValueError) as error:
        raise RagError(f"{address} cannot be asked: {error}", hint="is it rag serve, and does it run?") from error
    if not isinstance(found, dict) or found.get("schema") != "rag.server.stats/1":
        raise RagError(f"{address} is no rag serve of this version", hint="rag stats --server http://127.0.0.1:8321")
    return cast("ServerStatsDocument", found)
