"""Hits → answer: writing it, checking it, and knowing when not to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import ModelUnavailable
from ragcli.protocols import Generator, SentenceCosines

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector

EXTRACTIVE = "extractive"


def get_generator(
    model: str,
    *,
    embed_documents: Callable[[Sequence[str]], Matrix],
    embed_query: Callable[[str], Vector],
    sentence_cosines: SentenceCosines,
    max_sentences: int,
) -> Generator:
    """The generator called `model`: `extractive`, or a GGUF file."""
    if model == EXTRACTIVE:
        from ragcli.generation.extractive import ExtractiveGenerator

        return ExtractiveGenerator(embed_documents, embed_query, sentence_cosines, max_sentences=max_sentences)
    if model.lower().endswith(".gguf"):
        from ragcli.generation.llama import LlamaGenerator

        return LlamaGenerator(Path(model))
    raise ModelUnavailable(f"no answer model {model!r}", hint=f"use --model {EXTRACTIVE} or the path of a GGUF file")
