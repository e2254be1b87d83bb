"""Plug-ins: parts that other installed distributions bring, declared as entry points.

A distribution declares them in the groups `ragcli.loaders`, `ragcli.chunkers`, `ragcli.embedders`, `ragcli.language_models`
and `ragcli.stores`; each entry point names a factory (`LoaderFactory` and its neighbours in `protocols.py`, `StoreFactory` in
`index/plugged.py`). They are looked up only when something is asked for that rag itself does not have: with 160 installed
distributions that takes 35 to 52 ms (five runs on two busy cores).

What may be imported is decided by what is installed. Settings and indexes hold names of entry points, never of modules, and
distributions that lie in the working directory do not count.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from ragcli.errors import PluginFailed, RagError
from ragcli.installing import install_command, uninstall_command

if TYPE_CHECKING:
    from importlib.metadata import Distribution

Group = Literal["loaders", "chunkers", "embedders", "language_models", "stores"]
GROUPS: tuple[Group, ...] = ("loaders", "chunkers", "embedders", "language_models", "stores")
_PREFIX = "ragcli."
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # names that PEP 508 allows


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point: `target` is where its factory is, as `module:attribute`."""

    group: Group
    name: str
    distribution: str
    version: str
    target: str

    def __str__(self) -> str:
        """Distribution and version, as messages name it."""
        return f"{self.distribution} {self.version}"


def installed() -> tuple[Plugin, ...]:
    """Every plug-in, ordered by group (as in `GROUPS`), name and distribution."""
    here = os.path.realpath(os.curdir)
    return _on_path(tuple(entry for entry in sys.path if entry and os.path.realpath(entry) != here))


def claimants(group: Group, name: str) -> list[Plugin]:
    """The plug-ins of a group that have this name; upper and lower case count as equal."""
    return [plugin for plugin in installed() if plugin.group == group and plugin.name.lower() == name.lower()]


def find(group: Group, name: str) -> Plugin | None:
    """The plug-in of that name, None when there is none. Raises PluginFailed when several distributions have one."""
    found = claimants(group, name)
    if len(found) > 1:
        raise PluginFailed(
            f"{' and '.join(map(str, found))} both bring {name!r} ({_PREFIX}{group})",
            hint=f"{uninstall_command(found[-1].distribution)}, or another of them",
        )
    return found[0] if found else None


def load(plugin: Plugin) -> Callable[..., Any]:
    """Import the factory of a plug-in. Raises PluginFailed when that fails."""
    from importlib.metadata import EntryPoint

    with blamed(plugin, PluginFailed):
        factory: Callable[..., Any] = EntryPoint(plugin.name, plugin.target, _PREFIX + plugin.group).load()
    if not callable(factory):
        raise PluginFailed(f"the plug-in {plugin} declares {plugin.target}, which cannot be called")
    return factory


def scheme_of(address: str) -> str:
    """What stands before the colon in an address such as `memory:notes`; "" for a path, which may begin with the letter of a
    drive."""
    found = _SCHEME.match(address)
    return found[1] if found else ""


@contextmanager
def blamed(plugin: Plugin, error: Callable[[str], RagError]) -> Iterator[None]:
    """Turn whatever is raised inside into an `error` that names the plug-in; errors of rag itself pass through."""
    try:
        yield
    except (RagError, MemoryError):
        raise
    except (Exception, SystemExit) as problem:  # also SystemExit: a plug-in must not end the program
        raise error(f"the plug-in {plugin} failed ({type(problem).__name__}: {str(problem)[:200]})") from problem


def missing(part: str, distribution: object, version: object) -> PluginFailed:
    """The error for a `part` (such as "the chunker 'verses'") of an index whose plug-in is not installed. The name of the
    distribution comes out of the index; it is repeated as a command only if it is one."""
    name = str(distribution)
    hint = install_command(name) if _DISTRIBUTION.fullmatch(name) else ""
    return PluginFailed(f"the index was made with {part} of {name} {version}, which is not installed", hint=hint)


@lru_cache(maxsize=4)
def _on_path(path: tuple[str, ...]) -> tuple[Plugin, ...]:
    from importlib.metadata import distributions

    found: dict[tuple[str, str, str], Plugin] = {}
    seen: set[str] = set()
    for distribution in distributions(path=list(path)):
        for plugin in _declared(distribution, seen):
            found.setdefault((plugin.group, plugin.name, plugin.distribution), plugin)
    return tuple(sorted(found.values(), key=lambda p: (GROUPS.index(p.group), p.name, p.distribution)))


def _declared(distribution: Distribution, seen: set[str]) -> list[Plugin]:
    """The plug-ins of one distribution; of a distribution that is installed twice the first on the path counts, as it does
    for imports. What is not installed properly has none."""
    try:
        if _PREFIX not in (distribution.read_text("entry_points.txt") or ""):
            return []
        name, version = distribution.metadata["Name"], distribution.version
        points = [
            (group, point) for group in GROUPS for point in distribution.entry_points.select(group=_PREFIX + group)
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # half removed, or no valid metadata
        return []
    normal = re.sub(r"[-_.]+", "-", str(name)).lower()
    if not name or normal in seen:
        return []
    seen.add(normal)
    return [Plugin(group, point.name, name, version, point.value) for group, point in points]


def installed_version(distribution: str) -> str:
    """The version of an installed distribution; empty when it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
