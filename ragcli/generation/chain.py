"""Several models in the order in which they are tried."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from ragcli.cancellation import NEVER, Cancellation
from ragcli.drafts import DraftEvent, Note
from ragcli.errors import ModelUnavailable
from ragcli.protocols import Generator
from ragcli.results import Hit


class ChainGenerator:
    """A Generator that asks the first model that is available, and the next one when that fails before its first sentence.

    Notes say why a model was passed over; `name` is that of the model that wrote last in this thread, or of the first. Each
    model is made once, when it is needed. Raises ModelUnavailable with every reason when none is left.
    """

    def __init__(self, links: Sequence[tuple[str, Callable[[], Generator]]]) -> None:
        self._links = links
        self._made: dict[str, Generator] = {}
        self._making = threading.RLock()
        self._thread = threading.local()  # `wrote`: the name of the model that answered this thread last

    @property
    def name(self) -> str:
        wrote: str = getattr(self._thread, "wrote", self._links[0][0])
        made = self._made.get(wrote)
        return made.name if made else wrote

    @property
    def identity(self) -> str:
        return " | ".join(name for name, _ in self._links)

    @property
    def current(self) -> Generator:
        """The first model that can be made. Raises ModelUnavailable."""
        problems: list[str] = []
        for name, make in self._links:
            try:
                return self._get(name, make)
            except ModelUnavailable as problem:
                problems.append(f"{name}: {problem.message}")
        raise ModelUnavailable("; ".join(problems), hint="add extractive to answer.models: it is always there")

    def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
        problems: list[ModelUnavailable] = []
        for name, make in self._links:
            try:
                events = self._get(name, make).generate(question, hits, cancel)
                self._thread.wrote = name
                yield from events
            except ModelUnavailable as problem:
                problems.append(problem)
                yield Note(f"{name} was passed over: {problem.message}")
            else:
                return
        told = "; ".join(problem.message for problem in problems)
        raise ModelUnavailable(told, hint="add extractive to answer.models: it is always there")

    def _get(self, name: str, make: Callable[[], Generator]) -> Generator:
        with self._making:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]
