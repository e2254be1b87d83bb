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
from ragcli.serving.tokens import Refusal, Tokens


class Doorkeeper:
    """Lets in whoever has a key of `keys` or one of `tokens`; while there are no keys and no tokens count, the user of this
    machine unless keys are `demanded`."""

    def __init__(self, keys: KeyFile, *, demanded: bool, tokens: Tokens | None = None) -> None:
        self._keys = keys
        self._tokens = tokens
        self._demanded = demanded
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._rates: dict[str, RateLimitItem] = {}

    def principal(self, headers: Headers) -> Principal:
        """Who sends these headers. Raises Unauthenticated for an unknown or missing key, RateLimited, and RagError when the
        keys cannot be read."""
        if not self._demanded and self._tokens is None and not self._keys.keys():
            return LOCAL
        secret = _secret(headers)
        if self._tokens is not None and self.is_token(headers):
            try:
                return self._tokens.principal(secret)
            except Refusal as refusal:
                raise Unauthenticated(refusal.message, hint="get a new token from the issuer") from refusal
        key = self._keys.find(secret)
        if key is None:
            said = "the key is unknown or has expired" if secret else "a key is needed"
            raise Unauthenticated(
                said, hint="Authorization: Bearer KEY; whoever runs the server makes one: rag keys add NAME"
            )
        if key.rate:
            self._count(key.id, key.rate)
        return key.principal

    def is_token(self, headers: Headers) -> bool:
        """Whether the headers hold a token, for which the keys of the issuer may have to be fetched."""
        return self._tokens is not None and _secret(headers).count(".") == 2

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


def _secret(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
