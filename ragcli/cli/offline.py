"""`rag doctor --offline`: an ingest, a question and an evaluation that run without a network, to show that they need none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ragcli.cli.session import own_settings
from ragcli.embedding.models import DEFAULT_MODEL, default_is_here, is_default
from ragcli.errors import ExitCode, ModelUnavailable, RagError
from ragcli.places import model_cache
from ragcli.processes import child_environment, child_python
from ragcli.schemas.program import OfflineDocument
from ragcli.trust.sealing import MEANS, WAYS, Way

_TEXT = "# Leave\n\nEvery employee has 28 days of annual leave.\n"
_QUESTION = "How many days of annual leave does every employee have?"
_GOLD = {
    "id": "leave",
    "question": _QUESTION,
    "answers": ["28 days"],
    "evidence": [{"path": "docs/leave.md", "quote": "28 days"}],
}
_FAILED_WORDS = 300  # characters of what a command said that are shown


@dataclass(frozen=True, slots=True)
class Step:
    """A command that ran without a network; `problem` is empty when it did its work."""

    command: str
    problem: str


@dataclass(frozen=True, slots=True)
class Proof:
    """How the network was taken away (one of `sealing.WAYS`), and what ran without it."""

    way: Way
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        return not any(step.problem for step in self.steps)


def prove() -> Proof:
    """Run the three commands over a document of their own in a temporary folder, with the user's settings and models. What the
    user asked last and the index of the working directory stay as they are. Raises RagError when no way works here, and
    ModelUnavailable when the embedding model was not fetched yet."""
    model = own_settings().embedding_model or DEFAULT_MODEL
    if is_default(model) and not default_is_here(model_cache()):
        raise ModelUnavailable(
            f"the embedding model {model} is not on this machine yet", hint=f"rag models pull {model}, then this again"
        )
    with TemporaryDirectory(prefix="rag-offline-") as folder:
        work = Path(folder)
        (work / "docs").mkdir()
        (work / "docs" / "leave.md").write_text(_TEXT, encoding="utf-8")
        (work / "gold.jsonl").write_text(json.dumps(_GOLD) + "\n", encoding="utf-8")
        way = next((way for way in WAYS if _run(work, way, ["--version"]).returncode == 0), None)
        if way is None:
            raise RagError(
                "the network cannot be taken away from a process here", hint="unplug it, and run rag as usual"
            )
        commands = (
            ["ingest", "docs", "--json"],
            ["ask", _QUESTION, "--threshold", "0", "--no-cache", "--json"],
            ["eval", "gold.jsonl", "--json"],
        )
        steps = [_step(work, way, [*command, "--index", str(work / ".rag")]) for command in commands]
    return Proof(way, tuple(steps))


def lines(proof: Proof) -> list[str]:
    """What the user reads."""
    steps = [f"rag {step.command}: {step.problem or 'worked without a network'}" for step in proof.steps]
    return [*steps, f"Proved by {proof.way}: {MEANS[proof.way]}."] if proof.holds else steps


def document(proof: Proof) -> OfflineDocument:
    """What `--json` prints."""
    return {
        "schema": "rag.offline/1",
        "offline": proof.holds,
        "way": proof.way,
        "steps": [{"command": step.command, "problem": step.problem} for step in proof.steps],
    }


def _run(work: Path, way: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    scratch = work / "sealed"
    scratch.mkdir(exist_ok=True)
    environment = {**child_environment(os.environ), "XDG_STATE_HOME": str(scratch)}
    command = child_python("ragcli.cli.sealed", way, str(scratch), *arguments)
    return subprocess.run(
        command, cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _step(work: Path, way: str, arguments: list[str]) -> Step:
    done = _run(work, way, arguments)
    return Step(arguments[0], _problem(arguments[0], done))


def _problem(command: str, done: subprocess.CompletedProcess[str]) -> str:
    """Why the command did not do its work; empty when it did."""
    if done.returncode == -signal.SIGSYS:
        return "it was ended when it made a network socket"
    allowed = (ExitCode.OK, ExitCode.BELOW_GATE) if command == "eval" else (ExitCode.OK,)
    told = " ".join((done.stderr.strip() or done.stdout.strip()).split())[-_FAILED_WORDS:]
    if done.returncode not in allowed:
        return f"exit code {done.returncode}: {told}"
    if command == "ingest":
        found = json.loads(done.stdout)
        failed = [*found["failed"], *found["warnings"]]
        return f"not all was taken in: {failed[0]}" if failed else ""
    return ""
