"""Answers written by a language model, whichever it is: prompt, stream, sentences, claims."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragcli.errors import ModelUnavailable, UsageError
from ragcli.generation.citations import Citer
from ragcli.generation.conflicts import conflicts
from ragcli.generation.markers import SentenceStream, Written
from ragcli.generation.prompt import CONFLICT, REFUSAL, Score, Templates, make_prompt, select_sources
from ragcli.generation.structured import parse_fields, shown
from ragcli.protocols import LanguageModel
from ragcli.results import Claim, DraftEvent, End, Hit, Limits, Prompt, Source, Stopped, Tail, Usage

_QUESTION_ROOM = 64  # tokens for what a chat format adds


@dataclass(frozen=True, slots=True)
class Asking:
    """How a language model is asked: tokens for the sources, the words around them, the limits of its answer, and the checked
    schema of a structured one."""

    context_tokens: int = 700
    templates: Templates = field(default_factory=Templates)
    limits: Limits = field(default_factory=Limits)
    schema: Mapping[str, Any] | None = None


class PromptedGenerator:
    """A Generator over a LanguageModel. Its sentences claim the sources that they name; one that names none is attributed
    to the passage that bears it out best, so that nothing is shown unchecked."""

    def __init__(self, model: LanguageModel, score: Score, asking: Asking) -> None:
        self.model = model
        self._score = score
        self._asking = asking

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def identity(self) -> str:
        asking = self._asking
        asked = f"{asking.templates.version} {asking.context_tokens} {asking.limits.tokens}"
        return f"{self.model.identity} {asked} {json.dumps(asking.schema)}"

    def write(self, text: str, *, max_tokens: int) -> str:
        """The reply to `text` alone."""
        limits = replace(self._asking.limits, tokens=max_tokens)
        return "".join(piece for piece in self.model.stream(Prompt("", text), limits) if isinstance(piece, str))

    def prompt(self, question: str, hits: Sequence[Hit]) -> Prompt:
        """What the model is asked. Raises UsageError when the question leaves no room for any source."""
        model, asking = self.model, self._asking
        empty = make_prompt(question, [], asking.templates, schema=asking.schema)
        around = model.count_tokens(empty.system) + model.count_tokens(empty.user) + _QUESTION_ROOM
        room = model.context_tokens - around - asking.limits.tokens
        if room < 1:
            raise UsageError(
                f"the question and {asking.limits.tokens} tokens of answer leave no room for a source in the "
                f"{model.context_tokens:,} tokens that {model.name} reads",
                hint="ask a shorter question, or set answer.max_tokens lower",
            )
        budget = min(asking.context_tokens, room)
        labels = 0
        while True:
            sources = select_sources(
                question, hits, budget=max(1, budget - labels), count=model.count_tokens, score=self._score
            )
            lines = [CONFLICT.format(" and ".join(map(str, pair))) for pair in conflicts(sources)]
            prompt = make_prompt(question, sources, asking.templates, conflicts=lines, schema=asking.schema)
            over = model.count_tokens(prompt.user) + model.count_tokens(prompt.system) + _QUESTION_ROOM
            over -= model.context_tokens - asking.limits.tokens
            if over <= 0 or budget - labels <= 1:
                return prompt
            labels += over

    def generate(self, question: str, hits: Sequence[Hit]) -> Iterator[DraftEvent]:
        if not hits:
            yield End()
            return
        prompt = self.prompt(question, hits)
        started = time.perf_counter()
        stream = SentenceStream()
        reading = _Reading(prompt.sources, Citer(hits, question))
        first: float | None = None
        stopped: Stopped = "end"
        written = ""
        notes: list[str] = []
        usage = Usage()
        try:
            for piece in self.model.stream(prompt, self._asking.limits):
                if isinstance(piece, End):
                    stopped, usage = piece.stopped, piece.usage or usage
                    notes += piece.notes
                    break
                first = first or time.perf_counter() - started
                if self._asking.schema is None:
                    yield from reading.claims(stream.feed(piece))
                else:
                    written += piece
                    continue
                if stream.tail:
                    yield Tail(stream.tail)
        except KeyboardInterrupt:
            stopped = "interrupted"
        except ModelUnavailable as problem:
            if not reading.given:
                raise
            stopped = "error"
            notes.append(f"{self.name} broke off: {problem.message}")
        yield from fields(written, self._asking.schema) if self._asking.schema else reading.claims(stream.close())
        usage = replace(
            usage,
            first_token_ms=round((first or 0.0) * 1000, 1),
            total_ms=round((time.perf_counter() - started) * 1000, 1),
        )
        yield End(stopped, usage, (*notes, *reading.notes))


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

    def __init__(self, sources: Sequence[Source], citer: Citer) -> None:
        self._ranks = {source.number: source.hit.rank for source in sources}
        self._citer = citer
        self._unknown: dict[int, None] = {}
        self._refused = False
        self.given = 0

    @property
    def notes(self) -> list[str]:
        if not self._unknown:
            return []
        numbers = ", ".join(f"[{number}]" for number in self._unknown)
        return [f"the model cited {numbers}, which no source has; dropped"]

    def claims(self, sentences: Sequence[Written]) -> Iterator[Claim]:
        for sentence in sentences:
            if self._refused or REFUSAL in sentence.text:
                self._refused = True
                continue
            ranks = [self._ranks[number] for number in sentence.numbers if number in self._ranks]
            self._unknown.update(dict.fromkeys(n for n in sentence.numbers if n not in self._ranks))
            evidence = tuple(self._citer.place(sentence.text, rank) for rank in dict.fromkeys(ranks))
            yield Claim(sentence.text, evidence, sentence.lead, named=bool(ranks))
            self.given += 1
