"""Feature hashing: vectors without a model. It knows words, not meanings; for tests, and where no model may run."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragcli.text.analyzer import terms

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector


class HashingEmbedder:
    """Each term adds ±1 to one of `dimension` coordinates, chosen by its CRC-32; vectors are then scaled to length 1."""

    def __init__(self, dimension: int = 256) -> None:
        self._dimension = dimension

    @property
    def identity(self) -> Mapping[str, object]:
        return {"name": "hashing", "dimension": self._dimension}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        matrix = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in zip(matrix, texts, strict=True):
            for term in terms(text):
                code = zlib.crc32(term.encode("utf-8", errors="replace"))
                row[code % self._dimension] += 1.0 if code & 0x8000_0000 else -1.0
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.where(norms > 0, norms, 1.0), dtype=np.float32)

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self.embed_documents([text])[0]
        return vector
