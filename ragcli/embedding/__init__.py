"""Texts → vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ragcli.protocols import Embedder

DEFAULT_MODEL = "all-MiniLM-L6-v2"
HASHING = "hashing"


def get_embedder(
    model: str,
    *,
    cache: Path,
    identity: Mapping[str, object] | None = None,
    offline: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> Embedder:
    """The embedder called `model`: `hashing`, the default model's name, a local directory, or a hub name.

    With the `identity` that an index stored, the exported model in `cache` with those weights is used without looking at
    the original weights again. `note` receives a line before something slow happens (download, export).
    """
    if model == HASHING:
        from ragcli.embedding.hashing import HashingEmbedder

        return HashingEmbedder()
    from ragcli.embedding.models import prepare_model
    from ragcli.embedding.onnx import OnnxEmbedder

    return OnnxEmbedder(prepare_model(model, cache=cache, identity=identity, offline=offline, note=note))
