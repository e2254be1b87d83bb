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
    trust_code: str = "",
    asked: bool = True,
    pooled: bool = False,
) -> Embedder:
    """The embedder called `model`: `hashing`, the default model's name, a local directory, a hub name, or `PLUGIN:MODEL`.

    With the `identity` that an index stored, the exported model in `cache` with those weights is used without looking at
    the original weights again. `note` receives a line before something slow happens (download, export). `trust_code` is the
    directory or hub name of a model whose own code may run; that of any other is refused. A model that nobody asked for
    (`asked` is false), because the index alone names it, is not downloaded. With `pooled`, and without an `identity`, the
    vectors of sentences come from the states of their passage where the model's vectors are means.

    Raises ModelUnavailable, PluginFailed.
    """
    if model == HASHING:
        from ragcli.embedding.hashing import HashingEmbedder

        return HashingEmbedder()
    if ":" in model and not Path(model).is_dir():  # no hub name has a colon
        return _plugged(model, identity or {}, offline=offline)
    from ragcli.embedding.models import prepare_model
    from ragcli.embedding.onnx import OnnxEmbedder

    return OnnxEmbedder(
        prepare_model(
            model,
            cache=cache,
            identity=identity,
            offline=offline,
            note=note,
            trust_code=trust_code,
            asked=asked,
            pooled=pooled,
        )
    )


def _plugged(model: str, identity: Mapping[str, object], *, offline: bool) -> Embedder:
    from ragcli.errors import ModelUnavailable
    from ragcli.plugins import find, missing

    prefix, _, name = model.partition(":")
    plugin = find("embedders", prefix)
    if plugin is not None:
        from ragcli.embedding.plugged import PluggedEmbedder

        return PluggedEmbedder(plugin, name, offline=offline)
    if "distribution" in identity:
        raise missing(f"the embedding model {model!r}", identity["distribution"], identity.get("version", ""))
    raise ModelUnavailable(
        f"no plug-in brings embedding models called {prefix}:…",
        hint="install the one that does (rag plugins lists what is here), or use --embedding-model all-MiniLM-L6-v2",
    )
