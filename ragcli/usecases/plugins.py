"""Which plug-ins are installed, and which of them cannot be used."""

from __future__ import annotations

from ragcli.errors import PluginFailed
from ragcli.plugins import Plugin, find, installed, load
from ragcli.reports import ListedPlugin


def listed() -> list[ListedPlugin]:
    """Every installed plug-in, ordered by group, name and distribution. Each is imported, to see whether that works."""
    return [
        ListedPlugin(plugin.group, plugin.name, plugin.distribution, plugin.version, _problem(plugin))
        for plugin in installed()
    ]


def _problem(plugin: Plugin) -> str:
    own = _own(plugin)
    if own:
        return f"not used: {own} itself, and a plug-in cannot take its place"
    try:
        find(plugin.group, plugin.name)
        load(plugin)
    except PluginFailed as problem:
        return problem.message
    return ""


def _own(plugin: Plugin) -> str:
    """What rag has of the plug-in's name, as a clause without its end; empty when it has nothing."""
    from ragcli.chunking import STRATEGIES
    from ragcli.generation import REMOTE
    from ragcli.loaders.formats import OWN_SUFFIXES

    name = plugin.name.lower()
    match plugin.group:
        case "loaders" if f".{name}" in OWN_SUFFIXES:
            return f"rag reads .{name}"
        case "chunkers" if name in STRATEGIES:
            return f"rag has a chunker {name}"
        case "language_models" if f"{name}:" in REMOTE:
            return f"rag has models {name}:…"
    return ""
