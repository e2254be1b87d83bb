"""How a question is searched, as the settings describe it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ragcli.datatypes import Mode
from ragcli.embedding.presets import preset_of
from ragcli.engine.scoping import ScopedSearch
from ragcli.errors import UsageError
from ragcli.retrieval.diversity import Selection
from ragcli.retrieval.retriever import RetrievalOptions
from ragcli.retrieval.stitching import widen
from ragcli.retrieval.transforms import Transform, chained, decompose, decompose_with, expand_with, hyde_with

if TYPE_CHECKING:
    from ragcli.generation.choosing import Chooser
    from ragcli.index.manifest import Manifest
    from ragcli.index.reader import IndexReader
    from ragcli.protocols import Search, Write
    from ragcli.results import Hit
    from ragcli.settings import Settings


def retrieval_options(settings: Settings, manifest: Manifest) -> RetrievalOptions:
    """The settings of the section `retrieval` as the retriever takes them."""
    mode: Mode = settings.retrieval_mode  # type: ignore[assignment]
    model = str(manifest.embedder.get("name", ""))
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
        whole_sections=manifest.chunker.get("strategy") == "hierarchical",
        selection=Selection(
            collapse=settings.retrieval_collapse,
            per_document=settings.retrieval_per_document,
            mmr=settings.retrieval_mmr if settings.retrieval_mmr < 1 else None,
        ),
        rerank_depth=settings.retrieval_rerank_depth,
        rerank_seconds=settings.retrieval_max_seconds,
        prefer_recent=settings.retrieval_prefer == "recent",
    )


def build_search(retrieve: Search, reader: IndexReader, chooser: Callable[[], Chooser]) -> Search:
    """`retrieve`, with the filters that questions themselves name; `chooser` gives what says how convincing the hits are."""

    def convincing(question: str, hits: Sequence[Hit]) -> float:
        return chooser()(question, with_surroundings(reader, hits)).confidence

    return ScopedSearch(retrieve, convincing, reader.folders)


def with_surroundings(reader: IndexReader, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with the chunk before and the two after each of them."""
    return widen(hits, lambda chunk_ids: reader.surroundings(chunk_ids, 1, 2))


def build_transform(settings: Settings, language_model: Callable[[], Write | None]) -> Transform | None:
    """What --decompose, --expand and --hyde ask for; the latter two need a language model that writes.

    `language_model` is called only if one of them is set. Raises UsageError when --expand or --hyde is and it gives None.
    """
    if not (settings.retrieval_decompose or settings.retrieval_expand or settings.retrieval_hyde):
        return None
    write = language_model()
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
