"""Cross-encoders on ONNX Runtime: two texts go through the model together (Nogueira & Cho 2019)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragcli.embedding.models import prepare_directory
from ragcli.embedding.sessions import Session

_BATCH = 8


def get_reranker(
    model: str,
    *,
    cache: Path,
    offline: bool = False,
    note: Callable[[str], None] = lambda _: None,
    trust_code: str = "",
) -> OnnxReranker:
    """The cross-encoder in a directory or of a hub name, exported once. Raises ModelUnavailable."""
    directory, name = prepare_directory(
        model, cache=cache, offline=offline, note=note, kind="reranker", trust_code=trust_code
    )
    return OnnxReranker(directory, name)


class OnnxCrossEncoder:
    """The exported cross-encoder in `directory`. A pair beyond the model's window is cut where `cut` says: at the end of its
    second text, or of whichever is longer."""

    def __init__(self, directory: Path, cut: Literal["only_second", "longest_first"]) -> None:
        from tokenizers import Tokenizer

        self._session = Session(directory / "model.onnx")
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        window = int(json.loads((directory / "model.json").read_text())["max_tokens"])
        self._tokenizer.enable_truncation(window, strategy=cut)
        self._tokenizer.enable_padding()

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """[len(pairs), classes]: the softmax over the model's outputs, or [len(pairs), 1]: the sigmoid of its only one."""
        rows = [self._of(pairs[first : first + _BATCH]) for first in range(0, len(pairs), _BATCH)]
        return np.concatenate(rows) if rows else np.zeros((0, 1))

    def _of(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        encodings = self._tokenizer.encode_batch(list(pairs))
        feeds = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64),
            "token_type_ids": np.array([encoding.type_ids for encoding in encodings], dtype=np.int64),
        }
        logits = self._session.run(feeds).astype(np.float64)
        return shares(logits)


class OnnxReranker:
    """A Reranker. Pairs beyond the model's window lose the end of the passage. Scores are the sigmoid of the model's one
    output, or the softmax share of its last class."""

    def __init__(self, directory: Path, name: str) -> None:
        self._model = OnnxCrossEncoder(directory, "only_second")
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        found: list[float] = self._model.probabilities([(question, passage) for passage in passages])[:, -1].tolist()
        return found


def shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits [n, classes] as probabilities: the softmax of each row, or the sigmoid where there is one class."""
    if logits.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-logits)))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
