"""Stores of plug-ins; see `ragcli.plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ragcli.errors import PluginFailed, UsageError
from ragcli.plugins import blamed, find, load, scheme_of

if TYPE_CHECKING:
    from ragcli.index.protocol import Store


class StoreFactory(Protocol):
    """What an entry point of the group `ragcli.stores` names. The entry point's own name is what stands before the colon in the
    address of an index."""

    def __call__(self, name: str, /) -> Store:
        """The store for what stands behind the colon. Nothing may be made before a writer is opened."""


def plugged_store(address: str) -> Store:
    """The store that the plug-in named before the colon makes of what stands behind it. What the factory raises becomes
    PluginFailed, which names the distribution; what the store raises later is its own."""
    scheme = scheme_of(address)
    plugin = find("stores", scheme)
    if plugin is None:
        raise UsageError(
            f"no installed plug-in brings the store {scheme!r} of {address}",
            hint=f"rag plugins lists what is installed; a folder of that name is written ./{address}",
        )
    factory = load(plugin)
    with blamed(plugin, PluginFailed):
        store: Store = factory(address.partition(":")[2])
    return store
