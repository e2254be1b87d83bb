"""What was read or computed last, up to a number of bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SizedCache(Generic[K, V]):
    """Values by key, for any number of threads; the ones that were used longest ago go when all of them together have more than
    `most` bytes, by `size`."""

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most = most
        self._size = size
        self._values: dict[K, V] = {}  # the one that was used last is the last
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value under `key`, if there is one."""
        with self._lock:
            if key not in self._values:
                return None
            found = self._values[key] = self._values.pop(key)
            return found

    def put(self, key: K, value: V) -> None:
        """Keep a value, in place of the one that is there under its key."""
        with self._lock:
            if key in self._values:
                self._bytes -= self._size(self._values.pop(key))
            self._values[key] = value
            self._bytes += self._size(value)
            while self._bytes > self._most:
                self._bytes -= self._size(self._values.pop(next(iter(self._values))))

    def made(self, key: K, make: Callable[[], V]) -> V:
        """The value under `key`, made if need be; two threads that ask for the same at the same time may both make it."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found
