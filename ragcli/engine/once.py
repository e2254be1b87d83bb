"""Parts that are made when they are first needed, and once, however many threads need them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, overload

T = TypeVar("T")


class Maker(Protocol):
    """What has such parts: its lock is held while one of them is made, so a part may need others."""

    making: threading.RLock


class once(Generic[T]):  # noqa: N801 - used as a decorator
    """A property that is computed by the first thread that reads it; the others wait for the value. Errors are not kept."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, instance: Maker, owner: type) -> T: ...

    def __get__(self, instance: Maker | None, owner: type) -> once[T] | T:
        if instance is None:
            return self
        values = instance.__dict__  # where Python looks first from the second time on
        with instance.making:
            if self._name not in values:
                values[self._name] = self._make(instance)
            found: T = values[self._name]
            return found
