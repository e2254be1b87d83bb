"""Embedders of plug-ins; see `ragcli.plugins`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragcli.errors import ModelUnavailable, PluginFailed
from ragcli.plugins import Plugin, blamed, load
from ragcli.protocols import Embedder

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector


class PluggedEmbedder:
    """An embedder that a plug-in made. What it raises, and vectors of another shape than it declares, become
    ModelUnavailable, which names the plug-in. It is no `TokenEmbedder`: answers are chosen without states of tokens, as with
    `hashing`."""

    def __init__(self, plugin: Plugin, model: str, *, offline: bool) -> None:
        self._plugin = plugin
        factory = load(plugin)
        with blamed(plugin, PluginFailed):
            self._embedder: Embedder = factory(model, offline=offline)
            own = dict(self._embedder.identity)
            self._dimension = int(str(own["dimension"]))
        self._identity = {
            **own,
            "name": f"{plugin.name}:{model}",
            "distribution": plugin.distribution,
            "version": plugin.version,
        }

    @property
    def identity(self) -> Mapping[str, object]:
        """The plug-in's own, with its name and version: what another version computes may be different."""
        return self._identity

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        with blamed(self._plugin, ModelUnavailable):
            return self._embedder.count_tokens(texts)

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        with blamed(self._plugin, ModelUnavailable):
            matrix = np.asarray(self._embedder.embed_documents(texts), dtype=np.float32)
        return self._checked(matrix, (len(texts), self._dimension))

    def embed_query(self, text: str) -> Vector:
        with blamed(self._plugin, ModelUnavailable):
            vector = np.asarray(self._embedder.embed_query(text), dtype=np.float32)
        return self._checked(vector, (self._dimension,))

    def _checked(self, vectors: Matrix, shape: tuple[int, ...]) -> Matrix:
        if vectors.shape != shape or not np.isfinite(vectors).all():
            raise ModelUnavailable(
                f"the plug-in {self._plugin} failed: it gave vectors of shape {vectors.shape} instead of {shape}, "
                "or such that hold no numbers"
            )
        return vectors
