"""Hits → answer: writing it, checking it, and knowing when not to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.errors import ModelUnavailable
from ragcli.protocols import Generator, LanguageModel, SentenceCosines, TokenEmbedder

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.drafts import Limits
    from ragcli.generation.choosing import Chooser
    from ragcli.generation.prompt import Templates
    from ragcli.generation.prompted import PromptedGenerator
    from ragcli.generation.scoring import SentenceScorer

EXTRACTIVE = "extractive"
REMOTE = ("openai:", "anthropic:")  # how the names of models behind HTTP begin


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """What every generator is made of. `find` gives the file of a model's name and what identifies its content."""

    embed_documents: Callable[[Sequence[str]], Matrix]
    embed_query: Callable[[str], Vector]
    sentence_cosines: SentenceCosines
    choose: Chooser
    embed_tokens: TokenEmbedder | None = None
    max_pieces: int = 3
    context_tokens: int = 700
    limits: Limits | None = None
    templates: Templates | None = None
    find: Callable[[str], tuple[Path, str]] = field(default=lambda name: (Path(name), name))
    threads: int = 0
    window: int = 8192
    prices: tuple[float, float] = (0.0, 0.0)
    offline: bool = False
    cache: Path | None = None  # where drafts are kept
    schema: Mapping[str, Any] | None = None  # a checked one; answers become its fields


def writes(name: str) -> bool:
    """Whether the model called `name` writes prose, rather than copying."""
    return name != EXTRACTIVE


def get_generator(names: Sequence[str], parts: GeneratorConfig) -> Generator:
    """The generator called by the only name, or the chain of several: `extractive`, a GGUF file or the name of a pulled
    one, `openai:MODEL[@URL]`, `anthropic:MODEL[@URL]`, `PLUGIN:MODEL`. A single model is made at once,
    those of a chain when they are needed.

    Raises ModelUnavailable, UsageError.
    """
    if len(names) == 1:
        return _one(names[0], parts)
    from ragcli.generation.chain import ChainGenerator

    return ChainGenerator([(name, lambda name=name: _one(name, parts)) for name in names])  # type: ignore[misc]


def _one(name: str, parts: GeneratorConfig) -> Generator:
    if name == EXTRACTIVE and parts.schema is not None:
        raise ModelUnavailable(
            "a structured answer needs a language model", hint="--model PATH.gguf, or rag models list"
        )
    if name == EXTRACTIVE:
        from ragcli.generation.extractive import ExtractiveGenerator

        return ExtractiveGenerator(parts.choose, max_pieces=parts.max_pieces)
    written = _prompted_by(_language_model(name, parts), parts)
    if parts.cache is None:
        return written
    from ragcli.generation.caching import CachingGenerator

    return CachingGenerator(written, parts.cache)


def _scorer(parts: GeneratorConfig) -> SentenceScorer:
    from ragcli.generation.scoring import SentenceScorer

    return SentenceScorer(parts.embed_documents, parts.embed_query, parts.sentence_cosines, parts.embed_tokens)


def _prompted_by(model: LanguageModel, parts: GeneratorConfig) -> PromptedGenerator:
    from ragcli.drafts import Limits
    from ragcli.generation.prompt import Templates
    from ragcli.generation.prompted import PromptedGenerator, PromptOptions

    options = PromptOptions(
        parts.context_tokens, parts.templates or Templates(), parts.limits or Limits(), parts.schema
    )
    return PromptedGenerator(model, _scorer(parts), options)


def _language_model(name: str, parts: GeneratorConfig) -> LanguageModel:
    if name.startswith(REMOTE):
        return _remote_model(name, parts)
    path, identity = parts.find(name)
    plugged = None if path.is_file() else _plugged_model(name, parts)
    if plugged is not None:
        return plugged
    if not path.is_file() and path.suffix != ".gguf":
        raise ModelUnavailable(
            f"there is no answer model {name!r}", hint=f"rag models list, or use --model {EXTRACTIVE}"
        )
    from ragcli.generation.llama import LlamaModel

    return LlamaModel(path, identity=identity, threads=parts.threads)


def _plugged_model(name: str, parts: GeneratorConfig) -> LanguageModel | None:
    """The model of a plug-in, None when no plug-in has what stands before the colon of `name`. Raises ModelUnavailable."""
    prefix, colon, model = name.partition(":")
    if not colon:
        return None
    from ragcli.errors import PluginFailed
    from ragcli.plugins import find

    try:
        plugin = find("language_models", prefix)
        if plugin is None:
            return None
        from ragcli.generation.plugged import PluggedModel

        return PluggedModel(plugin, model, context_tokens=parts.window, offline=parts.offline)
    except PluginFailed as problem:  # a chain then asks the next model
        raise ModelUnavailable(problem.message, hint=problem.hint) from problem


def _remote_model(name: str, parts: GeneratorConfig) -> LanguageModel:
    from ragcli.generation.remote import Prices, parse_endpoint

    endpoint = parse_endpoint(name)
    if parts.offline and not endpoint.local:
        raise ModelUnavailable(
            f"{name} is not on this machine, and RAGCLI_OFFLINE is set", hint=f"use --model {EXTRACTIVE} or a GGUF file"
        )
    prices = Prices(*parts.prices)
    if endpoint.kind == "openai":
        from ragcli.generation.openaihttp import OpenAIModel

        return OpenAIModel(endpoint, context_tokens=parts.window, prices=prices)
    from ragcli.generation.anthropichttp import AnthropicModel

    return AnthropicModel(endpoint, context_tokens=parts.window, prices=prices)


def prompted_of(generator: Generator) -> PromptedGenerator | None:
    """The language model's generator that `generator` is, or that answers first in a chain; None when that one copies.

    Raises ModelUnavailable when no model of a chain is there.
    """
    from ragcli.generation.caching import CachingGenerator
    from ragcli.generation.chain import ChainGenerator
    from ragcli.generation.prompted import PromptedGenerator

    first = generator.current if isinstance(generator, ChainGenerator) else generator
    first = first.inner if isinstance(first, CachingGenerator) else first
    return first if isinstance(first, PromptedGenerator) else None


def prompting_only(parts: GeneratorConfig) -> PromptedGenerator:
    """A generator that can make prompts, counting tokens by estimate, and cannot write."""
    from ragcli.generation.prompted import EstimatedModel

    return _prompted_by(EstimatedModel(), parts)
