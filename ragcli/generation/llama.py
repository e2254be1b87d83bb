"""Answers written by a local GGUF model through llama.cpp. The only file that imports llama_cpp."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragcli.errors import ModelUnavailable
from ragcli.generation.citations import best_unit, closest, parse_markers
from ragcli.generation.prompt import REFUSAL, SYSTEM, user_message
from ragcli.results import Draft, Hit
from ragcli.text.sentences import sentence_spans

_LEADING_MARKERS = re.compile(r"(?:\[[\d,\s–-]+\]\s*)+")
CONTEXT_TOKENS = 2048
PASSAGE_TOKENS = 700
ANSWER_TOKENS = 256


class LlamaGenerator:
    """A Generator over one GGUF file, loaded once, at temperature 0 with a fixed seed. Its own output is silenced.

    The answer is cut into sentences; each is attributed to the passages whose numbers it names, or to the closest one.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        if not path.is_file():
            raise ModelUnavailable(
                f"no model at {path}", hint="give the path of a GGUF file, or use --model extractive"
            )
        try:
            import llama_cpp
        except ModuleNotFoundError as error:
            if error.name != "llama_cpp":
                raise
            raise ModelUnavailable(
                "answers by a GGUF model need llama-cpp-python, which is not installed",
                hint='pip install "ragcli[llama]"',
            ) from error
        with _silenced():
            try:
                self._model: Any = llama_cpp.Llama(
                    model_path=str(path), n_ctx=CONTEXT_TOKENS, n_threads=threads, seed=0, verbose=False
                )
            except (ValueError, RuntimeError, OSError) as error:
                raise ModelUnavailable(
                    f"{path} could not be loaded as a GGUF model: {error}", hint="check that the file is complete"
                ) from error
        self._name = path.name

    @property
    def name(self) -> str:
        return self._name

    def generate(self, question: str, hits: Sequence[Hit]) -> Draft:
        message = user_message(question, hits, budget=PASSAGE_TOKENS, count=self._count)
        with _silenced():
            reply = self._model.create_chat_completion(
                messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": message}],
                temperature=0.0,
                max_tokens=ANSWER_TOKENS,
                seed=0,
            )
        text = str(reply["choices"][0]["message"]["content"] or "")
        if not text.strip() or REFUSAL in text:
            return Draft((), self._name)
        return Draft(tuple(_attributed(text, hits)), self._name)

    def write(self, prompt: str, *, max_tokens: int) -> str:
        """The reply to `prompt` alone, at temperature 0."""
        with _silenced():
            reply = self._model.create_chat_completion(
                messages=[{"role": "user", "content": prompt}], temperature=0.0, max_tokens=max_tokens, seed=0
            )
        return str(reply["choices"][0]["message"]["content"] or "")

    def _count(self, text: str) -> int:
        return len(self._model.tokenize(text.encode("utf-8"), add_bos=False, special=False))


def _attributed(text: str, hits: Sequence[Hit]) -> Iterator[tuple[str, tuple[tuple[int, int, int], ...]]]:
    """The reply's sentences with the spans that the passages they name offer for them; a sentence that names none is held
    against the passage closest to it, so that nothing is shown unchecked."""
    by_rank = {hit.rank: hit for hit in hits}
    for start, end in _with_trailing_markers(text):
        sentence, ranks = parse_markers(text[start:end], hits)
        if sentence:
            named = ranks or closest(sentence, hits)
            yield sentence, tuple((rank, *best_unit(sentence, by_rank[rank])) for rank in named)


def _with_trailing_markers(text: str) -> list[tuple[int, int]]:
    """Sentences, where a marker after the full stop belongs to the sentence before it."""
    spans: list[tuple[int, int]] = []
    for start, end in sentence_spans(text):
        markers = _LEADING_MARKERS.match(text, start, end)
        body = markers.end() if markers and spans else start
        if body > start:
            spans[-1] = (spans[-1][0], body)
        if body < end:
            spans.append((body, end))
    return spans


@contextmanager
def _silenced() -> Iterator[None]:
    """Send what native code writes to descriptors 1 and 2 to nowhere for a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for number, descriptor in zip((1, 2), saved, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(nowhere)
