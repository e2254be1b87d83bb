"""What the commands of one project share: settings, the index, and the models, each opened when it is first needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.app.once import once
from ragcli.embedding import DEFAULT_MODEL, HASHING, get_embedder
from ragcli.index import open_store
from ragcli.index.manifest import Manifest, check_identity
from ragcli.places import model_cache
from ragcli.plugins import scheme_of
from ragcli.settings import INDEX_DIRECTORY, Resolved, Settings, find_upward

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.index.protocol import Catalog, Reader, Store
    from ragcli.protocols import Embedder

_QUESTIONS = 64  # whose vectors are kept


class Parts:
    """Settings, index and models of one project, for any number of threads. `note` receives lines for the user that are not
    results."""

    def __init__(
        self,
        resolved: Resolved,
        directory: Path,
        note: Callable[[str], None] = lambda _: None,
        *,
        project: Path | None = None,
    ) -> None:
        self.making = threading.RLock()
        self._project = project
        self.resolved = resolved
        self.directory = directory
        self.note = note
        self.schema: Mapping[str, Any] | None = None  # of structured answers, checked

    @property
    def settings(self) -> Settings:
        return self.resolved.settings

    @once
    def index_directory(self) -> Path:
        if self.settings.index:
            return Path(os.path.abspath(self.directory / self.settings.index))
        return find_upward(self.directory, INDEX_DIRECTORY) or self.directory / INDEX_DIRECTORY

    @property
    def project(self) -> Path:
        """The folder that stored paths are relative to."""
        return self._project or self.index_directory.parent

    @once
    def store(self) -> Store:
        """The index, whether or not there is one yet."""
        address = self.settings.index
        plugged = scheme_of(address) and not (self.directory / address).exists()
        return open_store(address if plugged else self.index_directory)

    @once
    def reader(self) -> Reader:
        """Raises IndexNotFound, IndexIncompatible, IndexDamaged or IndexLocked."""
        return self.store.reader(engine=self.settings.retrieval_engine)

    @property
    def catalog(self) -> Catalog:
        """What the index lists, opened without what searching needs; `reader` itself once there is one. Raises as it does."""
        return self.reader if "reader" in self.__dict__ else self._catalog

    @once
    def _catalog(self) -> Catalog:
        return self.store.catalog()

    def close(self) -> None:
        """Close every connection to the index, whichever thread opened it; the next use opens it again."""
        for name in ("reader", "_catalog"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def existing_manifest(self) -> Manifest | None:
        """The manifest of the index, of whatever format, or None when there is none yet."""
        return self.store.manifest()

    def model_source(self, manifest: Manifest | None) -> str:
        """What to call the embedding model: as asked for, else as the index was made, else the default."""
        asked = self.settings.embedding_model
        if asked and asked != HASHING and (self.directory / asked).is_dir():
            asked = str((self.directory / asked).resolve())
        return asked or (manifest.model_source if manifest else DEFAULT_MODEL)

    def embedder_for(self, manifest: Manifest | None) -> Embedder:
        """The index's own embedder, or the one asked for (which may not fit; the index says so)."""
        source = self.model_source(manifest)
        own = manifest is not None and source == manifest.model_source
        return get_embedder(
            source,
            cache=model_cache(),
            identity=manifest.embedder if own and manifest else None,
            offline=self.settings.offline,
            note=self.note,
        )

    @once
    def embedder(self) -> Embedder:
        """For questions: checked against the index."""
        embedder = self.embedder_for(self.reader.manifest)
        check_identity(self.reader.manifest, embedder=embedder.identity)
        return embedder

    @once
    def embed_query(self) -> Callable[[str], Vector]:
        """A function from a question to its vector, by the index's own model. It keeps the last vectors: one answer needs the
        same one in several places."""

        @lru_cache(maxsize=_QUESTIONS)
        def vector_of(question: str) -> Vector:
            return self.embedder.embed_query(question)

        return vector_of

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Vectors of texts, by the index's own model."""
        return self.embedder.embed_documents(texts)
