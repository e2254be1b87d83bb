"""Replies that are kept for as long as the index stays as it is."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable

from cachetools import LRUCache

_OVERHEAD = 1_000  # bytes of an entry beside its reply


class Kept:
    """At most `megabytes` of replies, those that were asked for last; for one thread. Keys name everything that a reply depends
    on, so none is ever taken out because it is wrong."""

    def __init__(self, megabytes: float) -> None:
        self._entries: LRUCache[Hashable, tuple[bytes, float]] = LRUCache(
            megabytes * 1e6, getsizeof=lambda entry: len(entry[0]) + _OVERHEAD
        )

    @property
    def on(self) -> bool:
        """Whether anything is kept."""
        return self._entries.maxsize > 0

    def find(self, key: Hashable) -> bytes | None:
        """The reply that is kept under `key`, if there is one and its time has not passed."""
        found = self._entries.get(key)
        return found[0] if found is not None and time.monotonic() <= found[1] else None

    def keep(self, key: Hashable, reply: bytes, seconds: float = math.inf) -> None:
        """Keep a reply, for `seconds` at most, unless it alone is too long."""
        if len(reply) + _OVERHEAD <= self._entries.maxsize:
            self._entries[key] = (reply, time.monotonic() + seconds)
