"""Who a request comes from, and how many requests they may make."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers

from ragcli.serving.http.problems import RateLimited, Unauthenticated
from ragcli.serving.keys import KeyFile
from ragcli.serving.principals import LOCAL, Principal


class Doorkeeper:
    """Lets in whoever has a key of `keys`; while there are none, the user of this machine unless keys are `demanded`."""

    def __init__(self, keys: KeyFile, *, demanded: bool) -> None:
        self._keys = keys
        self._demanded = demanded
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._rates: dict[str, RateLimitItem] = {}

    def principal(self, headers: Headers) -> Principal:
        """Who sends these headers. Raises Unauthenticated for an unknown or missing key, RateLimited, and RagError when the
        keys cannot be read."""
        if not self._demanded and not self._keys.keys():
            return LOCAL
        scheme, _, given = headers.get("authorization", "").partition(" ")
        secret = given.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        key = self._keys.find(secret)
        if key is None:
            said = "the key is unknown or has expired" if secret else "a key is needed"
            raise Unauthenticated(
                said, hint="Authorization: Bearer KEY; whoever runs the server makes one: rag keys add NAME"
            )
        if key.rate:
            self._count(key.id, key.rate)
        return key.principal

    def _count(self, identity: str, rate: str) -> None:
        limit = self._rates.setdefault(rate, parse(rate))
        if not self._limiter.hit(limit, identity):
            free = self._limiter.get_window_stats(limit, identity).reset_time
            raise RateLimited(
                f"this key may make {rate} requests", hint="try again later", wait=max(1.0, free - time.time())
            )

    def close(self) -> None:
        """Forget what was counted."""
        self._storage.reset()
