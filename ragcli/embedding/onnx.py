"""ONNX Runtime and the model's own tokenizer: the only embedding path of ingest and query."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ragcli.datatypes import POOLED, TokenStates
from ragcli.embedding.models import TOKEN_STATES, ExportedModel
from ragcli.embedding.sessions import Session, has_graphics

_BATCH_TOKENS = 1024  # padded tokens per run: more is slower, for want of cache, and takes more memory
_MANY = 32  # texts that are worth a graphics card, where there is one

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.protocols import SpanEmbedder


class OnnxEmbedder:
    """Mean, CLS or max pooling over an exported transformer, vectors scaled to length 1.

    Texts beyond the model's window are cut at it; `count_tokens` does not cut, so a caller can see that coming.
    """

    def __init__(self, model: ExportedModel) -> None:
        from tokenizers import Tokenizer

        self._model = model
        whole = model.directory / "model.onnx"
        self._session = Session(whole)
        self._open_many = functools.cache(lambda: Session(whole, many=True) if has_graphics() else self._session)
        small = model.directory / TOKEN_STATES
        self._open_small = functools.cache(lambda: Session(small) if small.exists() else self._session)
        path = str(model.directory / "tokenizer.json")
        self._tokenizer = Tokenizer.from_file(path)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.max_tokens)
        self._open_counter = functools.cache(lambda: _counting(Tokenizer.from_file(path)))

    @property
    def identity(self) -> Mapping[str, object]:
        return self._model.identity

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        found = self._open_counter().encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in found]

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        prefix = self._model.document_prefix
        return self._embed([prefix + text for text in texts] if prefix else list(texts))

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self._embed([self._model.query_prefix + text])[0]
        return vector

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        """A TokenEmbedder: the states that `embed_documents` takes the mean of. They are computed with weights of 8 bits where
        the export has them: cosines differ by .013 in the mean, and it takes a third of the processor time."""
        session = self._open_small()
        encodings = self._tokenizer.encode_batch(list(texts))
        found: dict[int, TokenStates] = {}
        for batch, states, _ in _runs(session, encodings):
            for row, i in enumerate(batch):
                spans = encodings[i].offsets
                kept = [t for t, special in enumerate(encodings[i].special_tokens_mask) if not special]
                found[int(i)] = TokenStates(tuple(spans[t] for t in kept), states[row, kept])
        return [found[i] for i in range(len(texts))]

    @property
    def embed_spans(self) -> SpanEmbedder | None:
        """None for a model whose sentences are embedded on their own."""
        return self._embed_spans if self._model.sentences == POOLED else None

    def _embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> list[tuple[Vector, Matrix]]:
        """A SpanEmbedder: the mean of the states of a span's tokens (late chunking, after Günther et al. 2024), moved as far
        again away from the mean of the text's, since the states of a passage have much in common, and scaled to length 1; the
        text's own vector where no token of the span is within the model's window."""
        prefix = self._model.document_prefix
        encodings = self._tokenizer.encode_batch([prefix + text for text in texts])
        found: dict[int, tuple[Vector, Matrix]] = {}
        for batch, states, mask in _runs(self._session_for(len(texts)), encodings):
            means = _pool(states, mask, self._model.pooling)
            vectors = _unit(means)
            for row, i in enumerate(batch):
                wanted = np.asarray(spans[i], dtype=np.int64).reshape(-1, 2) + len(prefix)
                own, there = _means(states[row], encodings[i], wanted)
                found[int(i)] = vectors[row], np.where(there[:, None], _unit(2 * own - means[row]), vectors[row])
        return [found[i] for i, _ in zip(range(len(texts)), spans, strict=True)]

    def _session_for(self, texts: int) -> Session:
        """A question does not wait until a graphics card has started."""
        return self._open_many() if texts >= _MANY else self._session

    def _embed(self, texts: list[str]) -> Matrix:
        vectors = np.zeros((len(texts), self._model.dimension), dtype=np.float32)
        for batch, states, mask in _runs(self._session_for(len(texts)), self._tokenizer.encode_batch(texts)):
            vectors[batch] = _unit(_pool(states, mask, self._model.pooling))
        return vectors


def _runs(session: Session, encodings: Sequence[Any]) -> Iterator[tuple[NDArray[np.int64], Any, NDArray[np.int64]]]:
    """Batches of the encodings: their numbers, states [n, tokens, dimension], and which tokens are no padding."""
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    for batch in _batches(lengths):
        width = int(lengths[batch].max())
        ids = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros((len(batch), width), dtype=np.int64)
        for row, i in enumerate(batch):
            ids[row, : lengths[i]] = encodings[i].ids
            mask[row, : lengths[i]] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        yield batch, session.run(feeds), mask


def _means(
    states: NDArray[np.float32], encoding: Any, spans: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The mean of the states [tokens, dimension] whose tokens touch each of the spans [n, 2], and whether there are any."""
    places = np.asarray(encoding.offsets, dtype=np.int64)
    usual = np.asarray(encoding.special_tokens_mask) == 0
    inside = usual & (places[:, 0] < spans[:, 1:]) & (places[:, 1] > spans[:, :1])
    weights = inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)
    return weights.astype(np.float32) @ states[: len(places)], inside.any(axis=1)


def _counting(tokenizer: Any) -> Any:
    """The tokenizer, set to cut and fill nothing. It must not be set while another thread uses it."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _batches(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Indices sorted by length, in runs whose padded size stays within the token budget and whose shortest text has at least
    half the tokens of the longest: what is filled up is computed as well."""
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        longest = int(lengths[order[begin]])
        size = max(1, _BATCH_TOKENS // longest)
        run = order[begin : begin + size]
        run = run[lengths[run] * 2 >= longest]
        yield run
        begin += len(run)


def _pool(states: NDArray[np.float32], mask: NDArray[np.int64], mode: str) -> Matrix:
    """Token states [n, tokens, dimension] → [n, dimension], as in Reimers & Gurevych 2019 (Sentence-BERT), section 3."""
    weights = mask[:, :, None].astype(np.float32)
    if mode == "cls":
        return states[:, 0]
    if mode == "max":
        return np.asarray(np.where(weights > 0, states, -np.inf).max(axis=1), dtype=np.float32)
    return np.asarray((states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9), dtype=np.float32)


def _unit(matrix: Matrix) -> Matrix:
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(norms > 0, norms, 1.0), dtype=np.float32)
