"""Lines and the document about installed plug-ins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from ragcli.render.sanitize import one_line

if TYPE_CHECKING:
    from ragcli.reports import ListedPlugin
    from ragcli.schemas import program


def lines(plugins: Sequence[ListedPlugin]) -> Iterator[Text | str]:
    """One line for each plug-in: group, name, distribution and version, and why it is not used."""
    if not plugins:
        yield "no plug-ins are installed"
    width = max((len(plugin.name) for plugin in plugins), default=0)
    for plugin in plugins:
        line = Text.assemble(
            (f"{plugin.group:<16}", "dim"),
            f"{one_line(plugin.name):<{width}}  {one_line(plugin.distribution)} {one_line(plugin.version)}",
        )
        if plugin.problem:
            line.append(f"  {one_line(plugin.problem)}", style="red")
        yield line


def document(plugins: Sequence[ListedPlugin]) -> program.PluginsDocument:
    """What `rag plugins --json` prints."""
    return {
        "schema": "rag.plugins/1",
        "plugins": [
            {
                "group": plugin.group,
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "problem": plugin.problem,
            }
            for plugin in plugins
        ],
    }
