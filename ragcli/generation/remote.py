"""What models behind HTTP have in common: how they are named, bounded, paid for, and how they fail."""

from __future__ import annotations

import os
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ragcli.drafts import End, Limits, Stopped, Usage, stopped_by
from ragcli.errors import ModelUnavailable, UsageError
from ragcli.prompts import Prompt

CONNECT_SECONDS = 10.0
RETRIES = 3  # on 429 and 5xx, with exponential backoff, by the official clients
_CHARACTERS_PER_TOKEN = 3.5
_LOOK = 0.05  # seconds between two looks at the clock and the cancellation
_LONGEST_TOKEN = 12  # characters; bounds a server that ignores the limit on tokens


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`openai:MODEL`, `openai:MODEL@URL`, `anthropic:MODEL` or `anthropic:MODEL@URL`."""

    kind: str
    model: str
    url: str = ""

    @property
    def local(self) -> bool:
        """Whether the server is this machine."""
        return bool(self.url) and urlsplit(self.url).hostname in ("localhost", "127.0.0.1", "::1")


def parse_endpoint(name: str) -> Endpoint:
    """Raises UsageError when there is no model name or the URL is none."""
    kind, _, rest = name.partition(":")
    at = rest.rfind("@http")
    model, url = (rest, "") if at < 0 else (rest[:at], rest[at + 1 :])
    if not model or (url and not urlsplit(url).netloc):
        raise UsageError(f"{name!r} names no model", hint=f"{kind}:MODEL, or {kind}:MODEL@http://localhost:8080/v1")
    return Endpoint(kind, model, url)


@dataclass(frozen=True, slots=True)
class Prices:
    """Cost of a million tokens; 0 and 0 mean that nothing is known."""

    prompt: float = 0.0
    answer: float = 0.0

    def cost(self, usage: Usage) -> float | None:
        if not self.prompt and not self.answer:
            return None
        return (usage.prompt_tokens * self.prompt + usage.answer_tokens * self.answer) / 1e6


class RemoteModel(ABC):
    """A LanguageModel behind HTTP; `_pieces` yields texts and at most one End with the server's own account.

    Tokens are estimated at 3.5 characters. Whatever the server does, the reply ends within the limits: a silence, a trickle
    and an endless text are cut.
    """

    context_tokens: int
    identity: str

    def __init__(self, endpoint: Endpoint, *, context_tokens: int, prices: Prices) -> None:
        self.endpoint = endpoint
        self.context_tokens = context_tokens
        self.name = f"{endpoint.kind}:{endpoint.model}"
        self.identity = f"{self.name}@{endpoint.url}"
        self._prices = prices

    def count_tokens(self, text: str) -> int:
        return int(len(text) / _CHARACTERS_PER_TOKEN) + 1

    @abstractmethod
    def _pieces(
        self, prompt: Prompt, limits: Limits, opened: Callable[[Callable[[], None]], None]
    ) -> Iterator[str | End]:
        """The reply as the server sends it; what is passed to `opened` ends the connection. Raises ModelUnavailable."""

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        written = 0
        end = End()
        with closing(Reading(lambda opened: self._pieces(prompt, limits, opened), limits)) as reading:
            for piece in reading:
                if isinstance(piece, End):
                    end = piece
                    continue
                written += len(piece)
                yield piece
                if written > limits.tokens * _LONGEST_TOKEN:
                    end = End("length", notes=("the server ignores the limit on tokens; its answer was cut",))
                    break
        if reading.over:
            stopped = stopped_by(limits.cancel)
            end = End(stopped, notes=(_time_note(limits),) if stopped == "time" else ())
        elif not written:
            raise ModelUnavailable(f"{self.name} sent no text", hint="check the server, or use --model extractive")
        usage = end.usage or Usage(
            self.count_tokens(prompt.system + prompt.user), 0, written and int(written / 3.5) + 1
        )
        yield replace(end, usage=replace(usage, cost=self._prices.cost(usage)))

    def key(self, variable: str) -> str:
        """The API key from the environment; a server on this machine needs none. Raises ModelUnavailable."""
        key = os.environ.get(variable, "")
        if not key and not self.endpoint.local:
            raise ModelUnavailable(f"{self.name} needs an API key", hint=f"export {variable}=...")
        return key or "none"


def _time_note(limits: Limits) -> str:
    if limits.cancel.expired:
        return f"the answer was stopped at its deadline, {limits.cancel.seconds:g} s after the question"
    return f"the answer was stopped after {limits.seconds:g} s (answer.seconds)"


class Reading:
    """Reads a reply in a thread of its own, so that neither a deadline nor a cancellation waits for a server that is silent.

    Iterating gives the pieces as they come, and raises what reading raised. It ends, with `over` set, when `limits.seconds`
    have passed or `limits.cancel` has expired.
    """

    def __init__(
        self, read: Callable[[Callable[[Callable[[], None]], None]], Iterator[str | End]], limits: Limits
    ) -> None:
        self._read = read
        self._limits = limits
        self._until = time.monotonic() + limits.seconds
        self._pieces: queue.SimpleQueue[str | End | _Read] = queue.SimpleQueue()
        self._actions: list[Callable[[], None]] = []  # that end the connection
        self._closed = False
        self.over = False
        threading.Thread(target=self._run, name="rag-reply", daemon=True).start()

    def __iter__(self) -> Iterator[str | End]:
        while not self._expired():
            try:
                piece = self._pieces.get(timeout=_LOOK)
            except queue.Empty:
                continue
            if isinstance(piece, _Read):
                if piece.error is not None:
                    raise piece.error
                return
            yield piece

    def close(self) -> None:
        """End the connection, and with it the thread."""
        self._closed = True
        for action in self._actions:
            with suppress(Exception):
                action()

    def _expired(self) -> bool:
        self.over = time.monotonic() > self._until or self._limits.cancel.expired
        return self.over

    def _opened(self, action: Callable[[], None]) -> None:
        self._actions.append(action)
        if self._closed:
            self.close()

    def _run(self) -> None:
        try:
            for piece in self._read(self._opened):
                self._pieces.put(piece)
                if self._closed:
                    break
        except BaseException as error:
            self._pieces.put(_Read(error))
        else:
            self._pieces.put(_Read())


@dataclass(frozen=True, slots=True)
class _Read:
    """Comes after the last piece."""

    error: BaseException | None = None


def stopped_as(reason: str | None, *, length: tuple[str, ...]) -> Stopped:
    """The server's reason to stop as ours."""
    return "length" if reason in length else "end"
