"""Fetching answer models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ragcli.errors import ModelUnavailable

if TYPE_CHECKING:
    from ragcli.generation.store import ModelStore, Stored


def pull_model(
    store: ModelStore, wanted: str, name: str, *, offline: bool, progress: Callable[[int, int], None]
) -> Stored:
    """Fetch the model `wanted` into the store under `name`, its own when that is empty. `progress` is told bytes and bytes in
    all. Raises ModelUnavailable, also when `offline` forbids the network."""
    from ragcli.generation.pulling import pull

    if offline:
        raise ModelUnavailable("RAGCLI_OFFLINE forbids fetching a model", hint="unset RAGCLI_OFFLINE once")
    return pull(store, wanted, name=name, progress=progress)
