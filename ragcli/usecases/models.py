"""Fetching models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ragcli.errors import ModelUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from ragcli.generation.store import ModelStore, Stored


def pull_embedding_model(
    cache: Path, *, offline: bool, note: Callable[[str], None], progress: Callable[[int, int], None]
) -> Stored:
    """Fetch the default embedding model into `cache` and prepare it, so that nothing is fetched later. `progress` is told bytes
    and bytes in all. Raises ModelUnavailable."""
    from ragcli.embedding.models import pull_default
    from ragcli.embedding.weights import DEFAULT
    from ragcli.generation.store import Stored

    model, weights = pull_default(cache, offline=offline, note=note, progress=progress)
    return Stored(model.name, weights.name, DEFAULT.requirement, model.weights_sha256, weights.stat().st_size)


def pull_model(
    store: ModelStore, wanted: str, name: str, *, offline: bool, progress: Callable[[int, int], None]
) -> Stored:
    """Fetch the model `wanted` into the store under `name`, its own when that is empty. `progress` is told bytes and bytes in
    all. Raises ModelUnavailable, also when `offline` forbids the network."""
    from ragcli.generation.pulling import pull

    if offline:
        raise ModelUnavailable("RAGCLI_OFFLINE forbids fetching a model", hint="unset RAGCLI_OFFLINE once")
    return pull(store, wanted, name=name, progress=progress)
