"""`rag doctor --offline` takes the network away for real, and says how."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragcli.trust.sealing import UNAVAILABLE, WAYS
from tests.conftest import Rag

SEALED = """
import subprocess, sys
from pathlib import Path
from ragcli.trust.sealing import seal
try:
    seal(sys.argv[1], Path(sys.argv[2]))
except OSError:
    sys.exit(70)
told = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).sendall(b'secret')"
child = subprocess.run([sys.executable, "-c", told, sys.argv[3]], stderr=subprocess.DEVNULL)
pair = __import__("socket").socketpair()
print(child.returncode)
sys.stdout.flush()
exec(told)
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server on this machine that nobody should reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_the_three_commands_work_without_a_network_and_the_way_is_named(rag: Rag, work: Path) -> None:
    found = json.loads(rag("doctor", "--offline", "--json").stdout)
    assert found["offline"] is True
    assert found["way"] in WAYS
    assert [step["command"] for step in found["steps"]] == ["ingest", "ask", "eval"]
    assert list(work.iterdir()) == [], "nothing is written where the user is"


def test_a_model_behind_http_is_found_out(rag: Rag, listening: socket.socket) -> None:
    pytest.importorskip("openai", reason="needs the extra [openai]")
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    rag.monkeypatch.setenv("RAGCLI_ANSWER_MODEL", f"openai:m@{address}")
    rag.monkeypatch.setenv("RAGCLI_ANSWER_FALLBACK", "false")
    shown = rag("doctor", "--offline", code=1)
    assert "rag ask: " in shown.stdout
    assert "rag ask: worked" not in shown.stdout
    assert "Proved" not in shown.stdout
    with pytest.raises(BlockingIOError):
        listening.accept()


@pytest.mark.parametrize("way", WAYS)
def test_a_sealed_process_and_those_that_it_starts_reach_nobody(
    way: str, listening: socket.socket, tmp_path: Path
) -> None:
    port = str(listening.getsockname()[1])
    command = [sys.executable, "-c", SEALED, way, str(tmp_path), port]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if done.returncode == UNAVAILABLE:
        pytest.skip(f"this system has no {way}")
    assert int(done.stdout) != 0, "the child connected"
    assert done.returncode != 0, "the process connected"
    with pytest.raises(BlockingIOError):
        listening.accept()


def test_a_fresh_home_folder_holds_nothing_but_what_is_rags_own(
    rag_with_model: Rag, model_cache: Path, work: Path, tmp_path: Path
) -> None:
    """ONNX Runtime would leave an identifier of the device and a queue of events beside it, and send these."""
    (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of annual leave.\n")
    rag_with_model("ingest", "a.md")  # prepares the model, in a process of its own
    home = tmp_path / "fresh"
    (home / ".cache").mkdir(parents=True)
    (home / ".cache" / "ragcli").symlink_to(model_cache / "ragcli")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for arguments in (["ingest", "a.md", "--rebuild"], ["ask", "How many days of annual leave?"]):
        subprocess.run([sys.executable, "-P", "-m", "ragcli", *arguments], cwd=work, env=environment, check=True)
    kept = {str(path.relative_to(home)) for path in home.glob("*/*")} | {path.name for path in model_cache.iterdir()}
    assert kept - {".local/state"} == {".cache/ragcli", "ragcli"}
    assert [path.name for path in (home / ".local" / "state").iterdir()] == ["ragcli"]
