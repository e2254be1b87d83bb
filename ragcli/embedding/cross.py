"""Cross-encoders on ONNX Runtime: question and passage go through the model together (Nogueira & Cho 2019)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ragcli.embedding.models import prepare_directory
from ragcli.embedding.threads import session_options

_BATCH = 8


def get_reranker(
    model: str, *, cache: Path, offline: bool = False, note: Callable[[str], None] = lambda _: None
) -> OnnxReranker:
    """The cross-encoder in a directory or of a hub name, exported once. Raises ModelUnavailable."""
    directory, name = prepare_directory(model, cache=cache, offline=offline, note=note, kind="reranker")
    return OnnxReranker(directory, name)


class OnnxReranker:
    """A Reranker. Pairs beyond the model's window lose the end of the passage. Scores are the sigmoid of the model's one
    output, or the softmax share of its last class."""

    def __init__(self, directory: Path, name: str) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = session_options(onnxruntime)
        self._session = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        window = int(json.loads((directory / "model.json").read_text())["max_tokens"])
        self._tokenizer.enable_truncation(window, strategy="only_second")
        self._tokenizer.enable_padding()
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        scores: list[float] = []
        for first in range(0, len(passages), _BATCH):
            encodings = self._tokenizer.encode_batch(
                [(question, passage) for passage in passages[first : first + _BATCH]]
            )
            feeds = {
                "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
                "attention_mask": np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64),
                "token_type_ids": np.array([encoding.type_ids for encoding in encodings], dtype=np.int64),
            }
            logits = self._session.run(None, {name: feeds[name] for name in self._inputs})[0].astype(np.float64)
            scores += _share(logits).tolist()
        return scores


def _share(logits: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if logits.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-logits[:, 0])))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted[:, -1] / shifted.sum(axis=1))
