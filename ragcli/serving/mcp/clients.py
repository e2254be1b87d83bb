"""What is written into the configuration of a client so that it starts this server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

Client = Literal["claude", "cursor", "vscode"]

WHERE: dict[str, str] = {
    "claude": "into .mcp.json of a project for Claude Code, or claude_desktop_config.json for Claude Desktop",
    "cursor": "into .cursor/mcp.json of a project, or ~/.cursor/mcp.json",
    "vscode": "into .vscode/mcp.json of a project",
}


def program(interpreter: Path) -> list[str]:
    """The command that starts `rag` as it is installed for `interpreter`: the script beside it, else the interpreter itself
    (-P: it does not import from the folder that it is started in). Paths are absolute, because clients start it in a folder
    of their own and with another PATH."""
    script = interpreter.parent / "rag"
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script)]
    return [str(interpreter), "-P", "-m", "ragcli"]


def configuration(client: Client, arguments: Sequence[str]) -> str:
    """The JSON for a client, in which `arguments` follow `rag mcp`."""
    command, *rest = program(Path(sys.executable))
    entry = {"command": command, "args": [*rest, "mcp", *arguments]}
    if client == "vscode":
        return json.dumps({"servers": {"rag": {"type": "stdio", **entry}}}, indent=2)
    return json.dumps({"mcpServers": {"rag": entry}}, indent=2)
