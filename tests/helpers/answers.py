"""Passages and generators for tests of what is written from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ragcli.chunking.structure import structure
from ragcli.datatypes import Chunk, Document, DocumentRecord, QueryWord, Span
from ragcli.drafts import End, Limits
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import ModelUnavailable
from ragcli.generation import GeneratorConfig, get_generator
from ragcli.generation.choosing import Chooser
from ragcli.generation.prompt import fence_of
from ragcli.generation.prompted import EstimatedModel, PromptedGenerator, PromptOptions
from ragcli.loaders.formats import detect
from ragcli.loaders.reading import get_loader
from ragcli.prompts import Prompt
from ragcli.protocols import Generator
from ragcli.results import Hit, Passage, ScoredChunk
from ragcli.retrieval.stitching import stitch, widen
from ragcli.scores import LegTrace, ScoreTrace
from ragcli.text.analyzer import stem
from ragcli.text.query import Query

EMBEDDER = HashingEmbedder()
TEXT = "Every employee has 28 days of annual leave. Carry over ends on 31 March.\n\nThe office opens at 6.\n"
COPIER = Path(__file__).resolve().parents[1] / "fixtures" / "copier.gguf"


def make_hit(text: str = TEXT, rank: int = 1, start: int = 100, *, path: str = "d.md", language: str = "en") -> Hit:
    record = DocumentRecord(path, path, "", "markdown", "Handbook", 1, True, language=language)
    span = Span(start, start + len(text), None, None, 5, 5 + text.count("\n"))
    trace = ScoreTrace("convex", (LegTrace("dense", 1, 0.5, 1, 1, 1, (("chunk", 0.5),)),), 1.0)
    return Hit(Passage(record, ("c",), text, span, ("Leave",)), 1.0 / rank, rank, trace)


def hit_in(document: Document, first: int = 0, last: int | None = None) -> Hit:
    """The chunks first to last of a document as a hit, with the rest of the document as its surroundings."""
    chunks = structure(HashingEmbedder(), 200).split(document)
    record = DocumentRecord("d", document.path, "", document.type, document.title, len(chunks), True)
    chosen = chunks[first : len(chunks) if last is None else last + 1]
    scored = [ScoredChunk(i, chunk, record, 1.0, ScoreTrace("convex", (), 1.0)) for i, chunk in enumerate(chosen)]
    around: Callable[[object], list[Chunk]] = lambda ids: chunks[first:]  # noqa: E731
    return widen(stitch(scored[:1], 1), around)[0]


def loaded(text: str, suffix: str = "md") -> Document:
    """The document that a file of this suffix with this text is."""
    path = Path(f"d.{suffix}")
    return get_loader(detect(text.encode(), path)).load(text.encode(), path)


def words_of(query: Query) -> list[QueryWord]:
    """Every word of a question as if it were equally rare."""
    return [QueryWord((stem(token, "en"),), 2.0) for token in query.tokens]


def chooser() -> Chooser:
    return Chooser(words_of, EMBEDDER.embed_query, lambda chunk_ids, vector: {})


def writing(**changes: object) -> GeneratorConfig:
    return GeneratorConfig(
        choose=chooser(),
        embed_documents=EMBEDDER.embed_documents,
        embed_query=EMBEDDER.embed_query,
        sentence_cosines=lambda chunk_ids, vector: {},
        **changes,  # type: ignore[arg-type]
    )


def generator(*models: str, **changes: object) -> Generator:
    return get_generator(models, writing(**changes))


class Writer(EstimatedModel):
    """A model that writes what it is told; `{fence}` is the fence word of its prompt."""

    name = identity = "writer"

    def __init__(self, *pieces: str, broken: bool = False) -> None:
        self.pieces = pieces
        self.broken = broken
        self.taken = 0

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        if self.broken:
            raise ModelUnavailable("the server is gone", hint="start it")
        for piece in self.pieces:
            self.taken += 1
            yield piece.replace("{fence}", fence_of(prompt))
        yield End()


def prompted(model: Writer) -> PromptedGenerator:
    return PromptedGenerator(model, lambda question, found: [1.0] * len(found), PromptOptions())
