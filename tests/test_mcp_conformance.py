"""The official conformance suite of the Model Context Protocol against `rag mcp --http`.

It is a program for Node 22 or newer: `npm install @modelcontextprotocol/conformance@0.2.0-alpha.12`, and MCP_CONFORMANCE names its
`dist/index.js`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.agents import handbook_of
from tests.helpers.programs import PATIENCE, Lines

ROOT = Path(__file__).resolve().parents[1]
ASKING_BACK = """basic-elicitation basic-sampling basic-list-roots request-state multiple-input-requests multi-round non-tool-request
    result-type tampered-state capability-check""".split()
# What rag has no use for: a server that asks the user or the client's model, logs to the client, or tells of changes.
LEFT_OUT = {
    "2026-07-28": {"server-stateless", *(f"input-required-result-{name}" for name in ASKING_BACK)},
    "2025-11-25": {
        "logging-set-level", "tools-call-with-logging", "tools-call-sampling", "tools-call-elicitation",
        "elicitation-sep1034-defaults", "elicitation-sep1330-enums", "resources-subscribe", "resources-unsubscribe",
    },
}  # fmt: skip
PASSED = {"2026-07-28": 26, "2025-11-25": 22}


def suite() -> list[str]:
    """The command that starts the suite; skips the test where it is not installed."""
    node, script = shutil.which("node"), os.environ.get("MCP_CONFORMANCE", "")
    if not node or not Path(script).is_file():
        pytest.skip("needs Node 22 and the variable MCP_CONFORMANCE, see the top of this file")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").partition(".")[0]) < 22:
        pytest.skip(f"needs Node 22 or newer, this is {version.strip()}")
    return [node, script]


@pytest.mark.slow
@pytest.mark.parametrize("revision", sorted(LEFT_OUT))
def test_every_required_scenario_passes_but_for_what_rag_does_not_offer(work: Path, revision: str) -> None:
    command, index = suite(), handbook_of(work, {"leave.md": "# Leave\n\nThe notice period is three months.\n"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.conformance_server", str(index), str(port)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = Lines(server.stderr)
        while "running on" not in (line := lines.next()):
            assert line, "the server does not say where it listens"
        url = f"http://127.0.0.1:{port}/mcp"
        arguments = ["server", "--url", url, "--requirements", revision, "-o", str(work / "results")]
        told = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=PATIENCE * 5, check=False)
    finally:
        server.kill()
        server.wait()
    scenarios = _by_name(told.stdout)
    assert {name for name, mark in scenarios.items() if mark == "✗"} == LEFT_OUT[revision]
    assert sum(mark == "✓" for mark in scenarios.values()) == PASSED[revision]


def _by_name(told: str) -> dict[str, str]:
    """Required scenario → ✓ or ✗."""
    extra = set(re.findall(r"^ +[✓✗] (\S+) \(", told, re.MULTILINE))
    return {name: mark for mark, name in re.findall(r"^([✓✗]) (\S+):", told, re.MULTILINE) if name not in extra}
