"""What writes the answers, as the settings describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ragcli.drafts import Limits
from ragcli.engine.models import model_store
from ragcli.engine.templates import load_templates
from ragcli.generation import GeneratorConfig, prompted_of, prompting_only, writes
from ragcli.generation.choosing import Chooser
from ragcli.places import answer_cache

if TYPE_CHECKING:
    from ragcli.engine.embedders import QuestionEmbedder
    from ragcli.generation.prompted import PromptedGenerator
    from ragcli.index.reader import IndexReader
    from ragcli.protocols import Generator, Write
    from ragcli.workspace import Workspace

_REPLY_TOKENS = 160  # of a question that is rewritten, or taken apart


def build_chooser(reader: IndexReader, embedding: QuestionEmbedder) -> Chooser:
    """What chooses the pieces of an answer, by the index's own words and model."""
    return Chooser(reader.words, embedding.embed_query, reader.sentence_cosines, embedding.embed_tokens)


def writing_parts(
    workspace: Workspace,
    reader: IndexReader,
    embedding: QuestionEmbedder,
    chooser: Chooser,
    schema: Mapping[str, Any] | None,
) -> GeneratorConfig:
    """What generators are made of here; `schema` is the JSON schema of structured answers, checked. Raises SettingsError."""
    settings = workspace.settings
    return GeneratorConfig(
        embed_documents=embedding.embed_documents,
        embed_query=embedding.embed_query,
        sentence_cosines=reader.sentence_cosines,
        choose=chooser,
        embed_tokens=embedding.embed_tokens,
        max_pieces=settings.answer_max_sentences,
        context_tokens=settings.answer_context_tokens,
        limits=Limits(settings.answer_max_tokens, settings.answer_seconds, settings.answer_idle_seconds),
        templates=load_templates(workspace.directory, settings.answer_templates),
        find=lambda name: model_store().find(name, workspace.directory),
        threads=settings.answer_threads,
        window=settings.answer_window,
        prices=(settings.answer_price_prompt, settings.answer_price_answer),
        offline=settings.offline,
        schema=schema,
        cache=answer_cache() if settings.answer_cache else None,
    )


def writing_model(names: Sequence[str], generator: Callable[[], Generator]) -> Write | None:
    """The language model among the answer models `names` as a function from a prompt to its reply, or None when answers are
    extractive."""
    if not any(writes(name) for name in names):
        return None
    prompted = prompted_of(generator())
    return partial(prompted.write, max_tokens=_REPLY_TOKENS) if prompted else None


def build_prompter(
    names: Sequence[str], generator: Callable[[], Generator], parts: GeneratorConfig
) -> PromptedGenerator:
    """What makes the prompts: the generator of the language model among `names`, else one that estimates tokens."""
    named = any(writes(name) for name in names)
    return (prompted_of(generator()) if named else None) or prompting_only(parts)
