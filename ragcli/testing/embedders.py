"""The contract of embedders."""

from __future__ import annotations

import json

import numpy as np

from ragcli.protocols import Embedder

_TEXTS = ("annual leave", "A much longer text about something else. " * 60, "", "中文 naïve café", "x")
_TOLERANCE = 1e-5  # of a length, and of a coordinate that should be equal


class EmbedderContract:
    """`embedder` makes what is tested. `word_tokens` is how many tokens it has for `word`, repeated with spaces in between."""

    word_tokens: int = 1

    def embedder(self) -> Embedder:
        """An embedder; it may be the same one each time."""
        raise NotImplementedError

    def test_vectors_have_the_declared_dimension_and_unit_length(self) -> None:
        embedder = self.embedder()
        matrix = embedder.embed_documents(_TEXTS)
        assert matrix.shape == (len(_TEXTS), embedder.identity["dimension"])
        assert matrix.dtype == np.float32
        lengths = np.linalg.norm(matrix, axis=1)
        assert np.all((np.abs(lengths - 1) < _TOLERANCE) | (lengths == 0)), lengths
        query = embedder.embed_query("annual leave")
        assert query.shape == (embedder.identity["dimension"],)
        assert query.dtype == np.float32
        assert abs(float(np.linalg.norm(query)) - 1) < _TOLERANCE

    def test_order_and_company_do_not_change_a_vector(self) -> None:
        embedder = self.embedder()
        together = embedder.embed_documents(_TEXTS)
        alone = np.concatenate([embedder.embed_documents([text]) for text in _TEXTS])
        np.testing.assert_allclose(together, alone, atol=_TOLERANCE)
        assert embedder.embed_documents([]).shape == (0, embedder.identity["dimension"])

    def test_tokens_are_counted_without_a_limit(self) -> None:
        counted = self.embedder().count_tokens(["word", "word " * 1000])
        assert counted == [self.word_tokens, 1000 * self.word_tokens]

    def test_the_identity_is_kept_by_the_index_as_json(self) -> None:
        identity = dict(self.embedder().identity)
        assert identity["name"]
        assert json.loads(json.dumps(identity)) == identity, "only what JSON gives back unchanged"
        assert identity == dict(self.embedder().identity)
