"""A local GGUF model through llama.cpp. The only file that imports llama_cpp."""

from __future__ import annotations

import codecs
import ctypes
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ragcli.cancellation import NEVER, Cancellation
from ragcli.drafts import End, Limits, Stopped, Usage, stopped_by
from ragcli.errors import Cancelled, ModelUnavailable
from ragcli.generation.chatformats import ChatFormat, choose_format
from ragcli.generation.structured import grammar_schema
from ragcli.installing import extra_command
from ragcli.prompts import Prompt

_BATCH = 256  # tokens of a prompt between two chances to stop
_STEP = 1024
_LOOK = 0.05  # seconds between two looks at the cancellation of a reply that waits for its turn
_native = logging.getLogger("ragcli.llama_cpp")
_callbacks: list[Any] = []  # native code calls them as long as the process lives
_importing = threading.Lock()


class LlamaModel:
    """A LanguageModel over one GGUF file, memory-mapped, at temperature 0 with a fixed seed.

    The weights are loaded once, with the first prompt and a context that it needs; only a prompt that needs a larger one loads
    them again. State is kept between prompts: of one that begins as the last one did, only the rest is evaluated. Threads
    may share it; it writes one reply at a time. What llama.cpp logs goes to the logger `ragcli.llama_cpp`, at the level DEBUG.
    `identity` must name the file's content.
    """

    def __init__(self, path: Path, *, identity: str, threads: int = 0) -> None:
        if not path.is_file():
            raise ModelUnavailable(
                f"no model at {path}", hint="rag models pull NAME gets one; --model extractive needs none"
            )
        self._library = _imported()
        self._turn = threading.Lock()
        self._cancel: Cancellation = NEVER  # that of the reply which is being written
        self._path = path
        self._threads = threads or physical_cores()
        self._vocabulary: Any = self._open(vocab_only=True)
        self._model: Any = None
        self._load_ms = 0.0
        self.name = path.name
        self.identity = identity
        self._format = self._chat_format()
        vocabulary = self._library.llama_model_get_vocab(self._vocabulary.model)
        self._ends = frozenset(
            token for token in range(self._vocabulary.n_vocab()) if self._library.llama_vocab_is_eog(vocabulary, token)
        )

    def _open(self, **options: Any) -> Any:
        try:
            model = self._library.Llama(
                model_path=str(self._path),
                n_batch=_BATCH,
                n_threads=self._threads,
                n_threads_batch=self._threads,
                seed=0,
                use_mmap=True,
                verbose=True,  # False turns stdout and stderr of the whole process away during the load; see `_imported`
                **options,
            )
        except (ValueError, RuntimeError, OSError, AssertionError) as error:
            raise ModelUnavailable(
                f"{self._path} could not be loaded as a GGUF model: {error}",
                hint="check that the file is complete (rag models verify), or use --model extractive",
            ) from error
        model.verbose = False
        return model

    def _with_room(self, tokens: int) -> Any:
        """The model with a context of at least `tokens`, in steps of 1,024, or of all that it was trained for."""
        if self._model is None or self._model.n_ctx() < min(tokens, self.context_tokens):
            started = time.perf_counter()
            if self._model is not None:
                self._model.close()
            self._model = self._open(n_ctx=min(-(-tokens // _STEP) * _STEP, self.context_tokens))
            self._model.eval = self._in_batches(self._model.eval)
            self._load_ms = (time.perf_counter() - started) * 1000
        return self._model

    def _in_batches(self, evaluate: Callable[[Sequence[int]], None]) -> Callable[[Sequence[int]], None]:
        """`Llama.eval`, one batch at a time, so that a long prompt can be cancelled: it raises Cancelled."""

        def evaluated(tokens: Sequence[int]) -> None:
            for first in range(0, len(tokens), _BATCH):
                self._cancel.check()
                evaluate(tokens[first : first + _BATCH])

        return evaluated

    def _chat_format(self) -> ChatFormat:
        template = self._vocabulary.metadata.get("tokenizer.chat_template")
        bos, eos = (self._text_of(token) for token in (self._vocabulary.token_bos(), self._vocabulary.token_eos()))
        return choose_format(template, bos=bos, eos=eos)

    def _text_of(self, token: int) -> str:
        text = self._vocabulary.detokenize([token], special=True) if token >= 0 else b""
        return str(text.decode("utf-8", "replace"))

    @property
    def context_tokens(self) -> int:
        """What the model was trained for; 4,096 when its file does not say."""
        metadata = self._vocabulary.metadata
        return int(metadata.get(f"{metadata.get('general.architecture', '')}.context_length", 0)) or 4096

    @property
    def chat_format(self) -> str:
        """The name of the way in which prompts are rendered."""
        return self._format.name

    def count_tokens(self, text: str) -> int:
        return len(self._tokenized(text))

    def _tokenized(self, text: str, *, bos: bool = False, control: bool = False) -> list[int]:
        if not text and not bos:
            return []
        return list(self._vocabulary.tokenize(text.encode("utf-8"), add_bos=bos, special=control))

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        tokens = self.tokens(prompt)
        room = self.context_tokens - len(tokens)
        if room < 1:
            yield End("length", Usage(prompt_tokens=len(tokens)), ("the prompt fills the model's context",))
            return
        while not self._turn.acquire(timeout=_LOOK):
            if limits.cancel.expired:
                yield End(stopped_by(limits.cancel), Usage(prompt_tokens=len(tokens)))
                return
        try:
            self._cancel = limits.cancel
            yield from self._written(prompt, tokens, limits, room)
        finally:
            self._cancel = NEVER
            self._turn.release()

    def _written(self, prompt: Prompt, tokens: list[int], limits: Limits, room: int) -> Iterator[str | End]:
        """The reply, as long as it is this one's turn."""
        self._with_room(len(tokens) + limits.tokens)
        reused = self._reused(tokens)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        written: list[int] = []
        text, shown = "", 0
        stopped: Stopped = "length"
        started = time.perf_counter()
        for token in self._sampled(tokens, self._grammar(prompt)):
            if token in self._ends:
                stopped = "end"
                break
            piece = self._vocabulary.detokenize([token], prev_tokens=tokens + written)
            written.append(token)
            text += decoder.decode(piece)
            cut = min((at for stop in self._format.stops if (at := text.find(stop)) >= 0), default=-1)
            if cut >= 0:
                text, stopped = text[:cut], "end"
                break
            safe = len(text) - _held_back(text, self._format.stops)
            if safe > shown:
                yield text[shown:safe]
                shown = safe
            if len(written) >= min(limits.tokens, room):
                break
            if limits.cancel.expired:
                break
            if time.perf_counter() - started > limits.seconds:
                stopped = "time"
                break
        if stopped == "length" and limits.cancel.expired:
            stopped = stopped_by(limits.cancel)
        if len(text) > shown:
            yield text[shown:]
        usage = Usage(len(tokens), reused, len(written), load_ms=round(self._load_ms, 1))
        yield End(stopped, usage, (_note(stopped, limits),) if stopped in ("length", "time") else ())

    def tokens(self, prompt: Prompt) -> list[int]:
        """The prompt in the model's chat format. Only what the format writes can become control tokens; the texts cannot."""
        messages = [("system", prompt.system), ("user", prompt.user)] if prompt.system else [("user", prompt.user)]
        parts = self._format.render(messages)
        found = self._tokenized("", bos=True) if self._vocabulary._model.add_bos_token() else []
        for part in parts:
            found += self._tokenized(part.text, control=part.control)
        return found

    def _grammar(self, prompt: Prompt) -> Any:
        """What holds the reply to the prompt's schema, token by token; None without one."""
        if prompt.schema is None:
            return None
        return self._library.LlamaGrammar.from_json_schema(grammar_schema(prompt.schema), verbose=False)

    def _sampled(self, tokens: Sequence[int], grammar: Any) -> Iterator[int]:
        """Tokens of a reply, until it is cancelled."""
        sampling = self._model.generate(
            tokens, temp=0.0, top_k=1, top_p=1.0, min_p=0.0, repeat_penalty=1.0, grammar=grammar
        )
        while True:
            try:
                token = next(sampling)
            except (StopIteration, Cancelled):
                return
            except RuntimeError as error:
                raise ModelUnavailable(f"{self.name} failed: {error}", hint="use --model extractive") from error
            yield int(token)

    def _reused(self, tokens: Sequence[int]) -> int:
        """How many tokens of the prompt the model's state already holds; `Llama.generate` keeps exactly these."""
        held = self._model.input_ids[: self._model.n_tokens]
        count = 0
        for before, now in zip(held, tokens, strict=False):
            if before != now:
                break
            count += 1
        return min(count, len(tokens) - 1)


def _imported() -> Any:
    """The library, silenced once for the process: a callback takes its native messages, and what its class for models prints
    while one is loaded is dropped. Descriptors stay as they are, since other threads write to them."""
    try:
        import llama_cpp
    except ModuleNotFoundError as error:
        if error.name != "llama_cpp":
            raise
        raise ModelUnavailable(
            "answers by a GGUF model need llama-cpp-python, which is not installed", hint=extra_command("llama")
        ) from error
    with _importing:
        if not _callbacks:
            _callbacks.append(llama_cpp.llama_log_callback(_log))
            llama_cpp.llama_log_set(_callbacks[0], ctypes.c_void_p(0))
            llama_cpp.llama.print = _drop
    return llama_cpp


def _log(_level: int, text: bytes, _data: object) -> None:
    _native.debug("%s", text.decode("utf-8", "replace").rstrip())


def _drop(*_: object, **__: object) -> None:
    """A `print` that prints nothing."""


def _held_back(text: str, stops: Sequence[str]) -> int:
    """Characters at the end of `text` that may be the beginning of a stop sequence."""
    lengths = (n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n]))
    return max(lengths, default=0)


def _note(stopped: Stopped, limits: Limits) -> str:
    if stopped == "time" and limits.cancel.expired:
        return f"the answer was stopped at its deadline, {limits.cancel.seconds:g} s after the question"
    if stopped == "time":
        return f"the answer was stopped after {limits.seconds:g} s (answer.seconds)"
    return "the answer was cut at the model's context or answer.max_tokens"


def physical_cores() -> int:
    """Cores that this process may use, two hardware threads of one core counted once where the system tells."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = set()
    for cpu in allowed:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            cores.add(tuple((topology / name).read_text() for name in ("physical_package_id", "core_id")))
        except OSError:
            return len(allowed)
    return max(1, len(cores))
