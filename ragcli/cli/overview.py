"""What `rag` says without a command, and its version."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ragcli.cli.session import Output, session

if TYPE_CHECKING:
    from ragcli.schemas.program import VersionDocument


def show_version(*, as_json: bool) -> None:
    """Print the version; as JSON also of what runs it."""
    Output(as_json=as_json, quiet=True).result(lambda text: text.plain(f"rag {version()}"), _version_document)


def version() -> str:
    """The version of rag."""
    from ragcli import __version__

    return __version__


def _version_document() -> VersionDocument:
    import platform

    from ragcli.plugins import installed_version

    names = ("numpy", "onnxruntime", "tokenizers", "chromadb", "llama-cpp-python", "mcp")
    return {
        "schema": "rag.version/1",
        "version": version(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "executable": sys.executable,
        "libraries": {name: installed_version(name) for name in names},
    }


def show_overview(*, as_json: bool, quiet: bool) -> None:
    """Say what is here: an index, or files that could be ingested, and what to do next."""
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {}) as opened:
        from ragcli.render import overview as render
        from ragcli.usecases.overview import overview

        found = overview(opened.workspace)
        output.result(lambda text: text.wrapped(render.overview_lines(found)), lambda: render.overview_json(found))
