"""Putting retrieval and answering together as the settings describe them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ragcli.datatypes import Filter, Mode
from ragcli.embedding.presets import preset_of
from ragcli.errors import ModelUnavailable, UsageError
from ragcli.places import answer_cache, model_cache
from ragcli.retrieval.diversity import Selection
from ragcli.retrieval.retriever import RetrievalOptions, Retriever

if TYPE_CHECKING:
    from ragcli.answering import Answerer
    from ragcli.app.core import App
    from ragcli.generation import Writing
    from ragcli.generation.choosing import Chooser
    from ragcli.generation.store import Stored
    from ragcli.prompts import Prompt
    from ragcli.protocols import Generator, Judge, Reranker, Search, Write
    from ragcli.results import Hit
    from ragcli.retrieval.transforms import Transform
    from ragcli.text.synonyms import Synonyms


def retrieval_options(app: App) -> RetrievalOptions:
    """The settings of the section `retrieval` as the retriever takes them."""
    settings = app.settings
    mode: Mode = settings.retrieval_mode  # type: ignore[assignment]
    model = str(app.reader.manifest.embedder.get("name", ""))
    preset = preset_of(model)
    return RetrievalOptions(
        mode=mode,
        fusion=settings.retrieval_fusion,
        weight=settings.retrieval_weight,
        depth=settings.retrieval_depth,
        correct=settings.retrieval_correct,
        model=model,
        reads=preset.reads if preset else "",
        stitch=settings.retrieval_stitch_tokens > 0,
        stitch_tokens=settings.retrieval_stitch_tokens,
        whole_sections=app.reader.manifest.chunker.get("strategy") == "hierarchical",
        selection=Selection(
            collapse=settings.retrieval_collapse,
            per_document=settings.retrieval_per_document,
            mmr=settings.retrieval_mmr if settings.retrieval_mmr < 1 else None,
        ),
        rerank_depth=settings.retrieval_rerank_depth,
        rerank_seconds=settings.retrieval_max_seconds,
        prefer_recent=settings.retrieval_prefer == "recent",
    )


def build_retriever(app: App, **changes: object) -> Retriever:
    """`changes` replace fields of the RetrievalOptions; `reranker=None` leaves the reranker out."""
    reranker = changes.pop("reranker") if "reranker" in changes else app.reranker
    options = replace(retrieval_options(app), **changes)  # type: ignore[arg-type]
    return Retriever(
        app.reader,
        app.embed_query,
        options,
        reranker=reranker,  # type: ignore[arg-type]
        transform=_transform(app),
        synonyms=app.synonyms,
    )


def build_search(app: App) -> Search:
    """The retriever, with the filters that questions name if the settings allow it."""
    retrieve = app.retriever().retrieve
    if not app.settings.retrieval_infer:
        return retrieve
    from ragcli.app.scoping import ScopedSearch

    def convincing(question: str, hits: Sequence[Hit]) -> float:
        return app.chooser(question, with_surroundings(app, hits)).confidence

    return ScopedSearch(retrieve, convincing, app.reader.folders)


def build_reranker(app: App) -> Reranker | None:
    """The cross-encoder that the settings name, which scores the same pair once. Raises ModelUnavailable."""
    if not app.settings.retrieval_rerank:
        return None
    from ragcli.embedding.cross import get_reranker
    from ragcli.retrieval.reranking import RememberingReranker

    reranker = get_reranker(
        _located(app, app.settings.retrieval_rerank),
        cache=model_cache(),
        offline=app.settings.offline,
        note=app.note,
    )
    return RememberingReranker(reranker)


def build_judge(app: App) -> Judge | None:
    """The entailment model that the settings name, if any. Raises ModelUnavailable, UsageError."""
    if not app.settings.answer_judge:
        return None
    from ragcli.embedding.entailment import get_judge

    return get_judge(
        _located(app, app.settings.answer_judge), cache=model_cache(), offline=app.settings.offline, note=app.note
    )


def check_judge(app: App) -> None:
    """Raises UsageError when --judge was given and no language model writes what it could decide on."""
    from ragcli.generation import writes

    given = app.settings.answer_judge and app.resolved.sources["answer_judge"] == "flag"
    if given and not any(writes(name) for name in app.model_names):
        raise UsageError(
            "--judge decides on sentences that a language model wrote, and the answer model is extractive",
            hint="add --model PATH.gguf, or leave --judge out",
        )


def _located(app: App, model: str) -> str:
    """The name of a model as a path from the working directory when it is a folder there."""
    path = app.directory / model
    return str(path) if path.is_dir() else model


def read_synonyms(app: App) -> Synonyms | None:
    """The synonyms in the file that the settings name; None when they name none."""
    if not app.settings.retrieval_synonyms:
        return None
    from ragcli.text.synonyms import load_synonyms

    return load_synonyms(app.directory / app.settings.retrieval_synonyms)


def _transform(app: App) -> Transform | None:
    """What --decompose, --expand and --hyde ask for; the latter two need a language model that writes."""
    settings = app.settings
    if not (settings.retrieval_decompose or settings.retrieval_expand or settings.retrieval_hyde):
        return None
    from ragcli.retrieval.transforms import chained, decompose, decompose_with, expand_with, hyde_with

    write = writing_model(app)
    chosen: list[Transform] = []
    if settings.retrieval_decompose:
        chosen.append(decompose_with(write) if write else decompose)
    for wanted, name, make in (
        (settings.retrieval_expand, "expand", expand_with),
        (settings.retrieval_hyde, "hyde", hyde_with),
    ):
        if wanted and write is None:
            raise UsageError(
                f"--{name} needs a language model to write with, and the answer model is extractive",
                hint=f"set RAGCLI_ANSWER_MODEL=PATH.gguf, or leave --{name} out",
            )
        if wanted and write is not None:
            chosen.append(make(write))
    return chained(chosen)


def writing_model(app: App) -> Write | None:
    """The configured language model as a function from a prompt to its reply, or None when answers are extractive."""
    from ragcli.generation import prompted_of, writes

    if not any(writes(name) for name in app.model_names):
        return None
    generator = prompted_of(app.generator)
    return partial(generator.write, max_tokens=160) if generator else None


def build_generator(app: App) -> Generator:
    """Who writes the answers, as the settings say. Raises ModelUnavailable, UsageError."""
    from ragcli.generation import get_generator

    return get_generator(app.model_names, writing_parts(app))


def with_surroundings(app: App, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with the chunk before and the two after each of them."""
    from ragcli.retrieval.stitching import widen

    return widen(hits, lambda chunk_ids: app.reader.surroundings(chunk_ids, 1, 2))


def build_chooser(app: App) -> Chooser:
    """What chooses the pieces of an answer, by the index's own words and model."""
    from ragcli.generation.choosing import Chooser

    embed_tokens = getattr(app.embedder, "embed_tokens", None)
    return Chooser(app.reader.resolve, app.embed_query, app.reader.sentence_cosines, embed_tokens)


def writing_parts(app: App) -> Writing:
    """What generators are made of here."""
    from ragcli.app.templates import load_templates
    from ragcli.drafts import Limits
    from ragcli.generation import Writing

    settings = app.settings
    return Writing(
        embed_documents=app.embed_documents,
        embed_query=app.embed_query,
        sentence_cosines=app.reader.sentence_cosines,
        choose=app.chooser,
        embed_tokens=getattr(app.embedder, "embed_tokens", None),
        max_pieces=settings.answer_max_sentences,
        context_tokens=settings.answer_context_tokens,
        limits=Limits(settings.answer_max_tokens, settings.answer_seconds, settings.answer_idle_seconds),
        templates=load_templates(app.directory, settings.answer_templates),
        find=lambda name: app.models.find(name, app.directory),
        threads=settings.answer_threads,
        window=settings.answer_window,
        prices=(settings.answer_price_prompt, settings.answer_price_answer),
        offline=settings.offline,
        schema=app.schema,
        cache=answer_cache() if settings.answer_cache else None,
    )


def pull_model(app: App, wanted: str, name: str, progress: Callable[[int, int], None]) -> Stored:
    """Fetch a model into the store, unless settings forbid the network."""
    from ragcli.generation.pulling import pull

    if app.settings.offline:
        raise ModelUnavailable("RAGCLI_OFFLINE forbids fetching a model", hint="unset RAGCLI_OFFLINE once")
    return pull(app.models, wanted, name=name, progress=progress)


def make_prompt(app: App, question: str, where: Filter, k: int) -> Prompt:
    """What a language model would be asked: by the configured one, or with estimated tokens when there is none."""
    from ragcli.generation import prompted_of, prompting_only, writes
    from ragcli.generation.recency import newest_first

    named = [name for name in app.model_names if writes(name)]
    generator = (prompted_of(app.generator) if named else None) or prompting_only(writing_parts(app))
    result = build_search(app)(question, k, where)
    return generator.prompt(result.asked, newest_first(result.asked, result.hits).current)


def build_answerer(app: App) -> Answerer:
    """The whole way from a question to an answer."""
    from ragcli.answering import EXTRACTIVE, Answerer
    from ragcli.generation import get_generator

    fallback = app.settings.answer_fallback and app.schema is None
    fitted = app.calibration
    return Answerer(
        retrieve=build_search(app),
        widen=partial(with_surroundings, app),
        choose=app.chooser,
        writer=lambda: app.generator,
        threshold=app.answer_threshold,
        closest=app.settings.answer_closest,
        verify=app.settings.answer_verify,  # type: ignore[arg-type]
        judge=lambda: app.judge,
        scaling=(fitted.slope, fitted.intercept) if fitted else (1.0, 0.0),
        fallback=(lambda: get_generator([EXTRACTIVE], writing_parts(app))) if fallback else None,
        generation=app.reader.generation,
    )
