"""The embedding model of an index: the one that it was made with, unless the settings name another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ragcli.datatypes import POOLED
from ragcli.embedding import DEFAULT_MODEL, HASHING, get_embedder
from ragcli.engine.once import once
from ragcli.errors import IndexIncompatible
from ragcli.index.manifest import Manifest, check_identity
from ragcli.places import model_cache

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.engine.index import OpenIndex
    from ragcli.protocols import Embedder, TokenEmbedder
    from ragcli.settings import Settings
    from ragcli.workspace import Workspace

_QUESTIONS = 1024  # whose vectors are kept: 1.5 MB with the default model


def model_source(workspace: Workspace, manifest: Manifest | None) -> str:
    """What to call the embedding model: as asked for, else as the index was made, else the default."""
    asked = workspace.settings.embedding_model
    if asked and asked != HASHING and (workspace.directory / asked).is_dir():
        asked = str((workspace.directory / asked).resolve())
    return asked or (manifest.model_source if manifest else DEFAULT_MODEL)


def embedder_for(workspace: Workspace, manifest: Manifest | None) -> Embedder:
    """The index's own embedder, or the one asked for (which may not fit; the index says so). Raises ModelUnavailable."""
    source = model_source(workspace, manifest)
    own = manifest is not None and source == manifest.model_source

    def made(identity: Mapping[str, object] | None) -> Embedder:
        return get_embedder(
            source,
            cache=model_cache(),
            identity=identity,
            offline=workspace.settings.offline,
            note=workspace.note,
            trust_code=workspace.settings.trust_code,
            asked=not own or bool(workspace.settings.embedding_model),
            pooled=workspace.settings.embedding_sentences == POOLED,
        )

    embedder = made(manifest.embedder if own and manifest else None)
    if manifest is None or own or not _same_model(embedder.identity, manifest.embedder):
        return embedder
    return made(manifest.embedder)  # under another name: its sentences are embedded as they were


def _same_model(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two identities differ in nothing but in how sentences get their vectors."""
    return {**one, "sentences": ""} == {**other, "sentences": ""}


def with_sentences(manifest: Manifest, settings: Settings, address: str, *, rebuild: bool) -> Manifest:
    """The manifest whose sentences get their vectors as `embedding.sentences` wants them in a rebuild; as the index has them
    where it says nothing of that. Raises IndexIncompatible without a rebuild when they are to be pooled and are not."""
    wanted = settings.embedding_sentences
    pooled = manifest.embedder.get("sentences") == POOLED
    if wanted == POOLED and not pooled and not rebuild and manifest.embedder.get("pooling") == "mean":
        raise IndexIncompatible(
            f"the sentences of the index at {address} are embedded on their own, and embedding.sentences is pooled",
            hint="rag ingest --rebuild",
        )
    if not rebuild or wanted not in (POOLED, "on"):
        return manifest
    kept = {name: value for name, value in manifest.embedder.items() if name != "sentences"}
    return replace(manifest, embedder=kept | ({"sentences": POOLED} if wanted == POOLED else {}))


class QuestionEmbedder:
    """The model of an open index for questions, made once, when the first vector is needed, and checked against the index.
    The model and the vectors of `other` are taken where the index is of its model."""

    def __init__(self, workspace: Workspace, index: OpenIndex, other: QuestionEmbedder | None = None) -> None:
        self.making = threading.RLock()
        self._other = other
        self._workspace = workspace
        self._index = index

    @once
    def embedder(self) -> Embedder:
        """Raises ModelUnavailable, and IndexIncompatible when the model is not the one of the index."""
        manifest = self._index.reader.manifest
        if self._other is not None and dict(self._other.embedder.identity) == dict(manifest.embedder):
            return self._other.embedder
        embedder = embedder_for(self._workspace, manifest)
        check_identity(manifest, embedder=embedder.identity)
        return embedder

    @once
    def embed_query(self) -> Callable[[str], Vector]:
        """A function from a question to its vector, float32 [dimension]. It keeps the last vectors: one answer needs the same
        one in several places."""
        if self._other is not None and self._other.embedder is self.embedder:
            return self._other.embed_query

        @lru_cache(maxsize=_QUESTIONS)
        def vector_of(question: str) -> Vector:
            return self.embedder.embed_query(question)

        return vector_of

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Vectors of texts, float32 [len(texts), dimension]."""
        return self.embedder.embed_documents(texts)

    @property
    def embed_tokens(self) -> TokenEmbedder | None:
        """The states of tokens, None for a model that does not give them."""
        found: TokenEmbedder | None = getattr(self.embedder, "embed_tokens", None)
        return found
