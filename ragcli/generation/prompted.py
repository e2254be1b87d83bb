"""Answers written by a language model, whichever it is: prompt, stream, sentences, claims."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragcli.cancellation import NEVER, Cancellation
from ragcli.drafts import Claim, DraftEvent, End, Limits, Stopped, Tail, Usage, stopped_by
from ragcli.errors import ModelUnavailable, UsageError
from ragcli.generation.citations import Citer
from ragcli.generation.cleaning import Sieve, loops
from ragcli.generation.conflicts import conflicts
from ragcli.generation.markers import SentenceStream, Written
from ragcli.generation.prompt import (
    REFUSAL,
    Score,
    Templates,
    conflict_line,
    fence_of,
    make_prompt,
    place_line,
    select_sources,
)
from ragcli.generation.structured import parse_fields, shown
from ragcli.prompts import Prompt, Source
from ragcli.protocols import LanguageModel
from ragcli.results import Hit

_QUESTION_ROOM = 64  # tokens for what a chat format adds


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """How a language model is asked: tokens for the sources, the words around them, the limits of its answer, and the checked
    schema of a structured one."""

    context_tokens: int = 700
    templates: Templates = field(default_factory=Templates)
    limits: Limits = field(default_factory=Limits)
    schema: Mapping[str, Any] | None = None


class PromptedGenerator:
    """A Generator over a LanguageModel. Its sentences claim the sources that they name; one that names none is attributed
    to the passage that bears it out best, so that nothing is shown unchecked. What it repeats or copies from the prompt is left
    out (see `cleaning`), and a draft that runs in circles is ended."""

    def __init__(self, model: LanguageModel, score: Score, options: PromptOptions) -> None:
        self.model = model
        self._score = score
        self._options = options

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def identity(self) -> str:
        options = self._options
        asked = f"{options.templates.version} {options.context_tokens} {options.limits.tokens}"
        return f"{self.model.identity} {asked} {json.dumps(options.schema)}"

    def write(self, text: str, cancel: Cancellation = NEVER, *, max_tokens: int) -> str:
        """The reply to `text` alone, cut where it is once `cancel` has expired."""
        limits = replace(self._options.limits, tokens=max_tokens, cancel=cancel)
        return "".join(piece for piece in self.model.stream(Prompt("", text), limits) if isinstance(piece, str))

    def prompt(self, question: str, hits: Sequence[Hit]) -> Prompt:
        """What the model is asked. Raises UsageError when the question leaves no room for any source."""
        model, options = self.model, self._options
        empty = make_prompt(question, [], options.templates, schema=options.schema)
        around = model.count_tokens(empty.system) + model.count_tokens(empty.user) + _QUESTION_ROOM
        room = model.context_tokens - around - options.limits.tokens
        if room < 1:
            raise UsageError(
                f"the question and {options.limits.tokens} tokens of answer leave no room for a source in the "
                f"{model.context_tokens:,} tokens that {model.name} reads",
                hint="ask a shorter question, or set answer.max_tokens lower",
            )
        budget = min(options.context_tokens, room)
        labels = 0
        while True:
            sources = select_sources(
                question, hits, budget=max(1, budget - labels), count=model.count_tokens, score=self._score
            )
            lines = [conflict_line(sources, *pair) for pair in conflicts(sources)]
            prompt = make_prompt(question, sources, options.templates, conflicts=lines, schema=options.schema)
            over = model.count_tokens(prompt.user) + model.count_tokens(prompt.system) + _QUESTION_ROOM
            over -= model.context_tokens - options.limits.tokens
            if over <= 0 or budget - labels <= 1:
                return prompt
            labels += over

    def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
        if not hits:
            yield End()
            return
        prompt = self.prompt(question, hits)
        titles = frozenset(place_line(source.hit) for source in prompt.sources)
        sieve = Sieve(question, prompt, fence_of(prompt), titles)
        reading = _Reading(prompt.sources, Citer(hits, question), sieve)
        started = time.perf_counter()
        limits = replace(self._options.limits, cancel=cancel)
        reply = _Reply(self.model.stream(prompt, limits), started, cancel)
        try:
            with cancel.attending():
                yield from self._structured(reply) if self._options.schema else _sentences(reply, reading)
        except ModelUnavailable as problem:
            if not reading.given:
                raise
            reply.stopped = "error"
            reply.notes.append(f"{self.name} broke off: {problem.message}")
        reply.close()
        if self._options.schema:
            yield from fields(reply.text, self._options.schema)
        elif reply.stopped != "repeated":  # what a loop breaks off in is no sentence
            yield from reading.claims(reply.sentences.close())
        if reply.stopped == "repeated":
            reply.usage = self._counted(prompt, reply.text)
        stopped: Stopped = "refused" if reply.stopped == "end" and reading.refused else reply.stopped
        usage = replace(
            reply.usage,
            first_token_ms=round(reply.first_ms, 1),
            total_ms=round((time.perf_counter() - started) * 1000, 1),
        )
        yield End(stopped, usage, (*reply.notes, *reading.notes))

    def _counted(self, prompt: Prompt, text: str) -> Usage:
        """What a reply took that was ended here, before the model could say: the tokens of its texts."""
        count = self.model.count_tokens
        return Usage(count(prompt.system) + count(prompt.user), answer_tokens=count(text))

    @staticmethod
    def _structured(reply: _Reply) -> Iterator[DraftEvent]:
        """Reads all of the reply, which is one object, and yields nothing."""
        for _ in reply:
            yield from ()


class _Reply:
    """What a model writes, piece by piece, and how it ended."""

    def __init__(self, pieces: Iterator[str | End], started: float, cancel: Cancellation) -> None:
        self._pieces = pieces
        self._cancel = cancel
        self._started = started
        self.sentences = SentenceStream()
        self.text = ""
        self.first_ms = 0.0
        self.stopped: Stopped = "end"
        self.usage = Usage()
        self.notes: list[str] = []

    def close(self) -> None:
        """Let the model write for others, also when its reply was not read to the end."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            if isinstance(piece, End):
                self.stopped, self.usage = piece.stopped, piece.usage or self.usage
                self.notes += piece.notes
                return
            self.first_ms = self.first_ms or (time.perf_counter() - self._started) * 1000
            self.text += piece
            yield piece
            if self._cancel.expired:
                self.stopped = stopped_by(self._cancel)
                return


def _sentences(reply: _Reply, reading: _Reading) -> Iterator[DraftEvent]:
    """Claims and tails, until the reply ends or runs in circles."""
    for piece in reply:
        yield from reading.claims(reply.sentences.feed(piece))
        if reading.looping or loops(reply.text):
            reply.stopped = "repeated"
            return
        if reply.sentences.tail:
            yield Tail(reply.sentences.tail)


def fields(text: str, schema: Mapping[str, Any]) -> Iterator[Claim]:
    """One claim for each field of the schema, in its order, without evidence of its own."""
    for name, value in parse_fields(text, schema).items():
        yield Claim(", ".join(shown(value)), (), "\n", named=False, field=name, value=value)


class EstimatedModel:
    """A LanguageModel that cannot write: for showing a prompt where no model is configured."""

    name = identity = "none"
    context_tokens = 8192

    def count_tokens(self, text: str) -> int:
        return int(len(text) / 3.5) + 1

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        raise ModelUnavailable("no language model is configured", hint="--model PATH.gguf, or rag models list")


class _Reading:
    """Turns what was written into claims, and remembers the numbers that name no source."""

    def __init__(self, sources: Sequence[Source], citer: Citer, sieve: Sieve) -> None:
        self._sieve = sieve
        self._ranks = {source.number: source.hit.rank for source in sources}
        self._citer = citer
        self._unknown: dict[int, None] = {}
        self._refused = False
        self.given = 0

    @property
    def looping(self) -> bool:
        return self._sieve.looping

    @property
    def refused(self) -> bool:
        """Whether the model said that the sources hold no answer, and nothing else before."""
        return self._refused and not self.given

    @property
    def notes(self) -> list[str]:
        if not self._unknown:
            return self._sieve.notes
        numbers = ", ".join(f"[{number}]" for number in self._unknown)
        return [f"the model cited {numbers}, which no source has; dropped", *self._sieve.notes]

    def claims(self, sentences: Sequence[Written]) -> Iterator[Claim]:
        for sentence in sentences:
            if self._refused or REFUSAL in sentence.text:
                self._refused = True
                continue
            if not self._sieve.keeps(sentence.text):
                continue
            ranks = [self._ranks[number] for number in sentence.numbers if number in self._ranks]
            self._unknown.update(dict.fromkeys(n for n in sentence.numbers if n not in self._ranks))
            evidence = tuple(self._citer.place(sentence.text, rank) for rank in dict.fromkeys(ranks))
            yield Claim(sentence.text, evidence, sentence.lead, named=bool(ranks))
            self.given += 1
